//! Detects that the file of an open SQLite database was deleted or replaced. Further writes would go to the deleted
//! file and be lost when the service restarts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sea_orm::DatabaseConnection;
use tokio::sync::Notify;

use crate::platform::file_identity::FileIdentity;

/// The file of an open database.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    file: Opened,
    /// The write-ahead log, if the file system supports one. If the log is deleted, SQLite creates a new one.
    wal: Option<Opened>,
    /// While this connection is open, SQLite does not delete the write-ahead log.
    held: DatabaseConnection,
    /// The path that was deleted or replaced.
    lost_path: OnceLock<PathBuf>,
    /// Notified when `lost_path` is set.
    pub(super) lost: Notify,
}

/// The error if the path no longer names the file that was opened.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{} was deleted or replaced while the service was running; restore the file and restart the service", .0.display())]
pub struct FileLost(PathBuf);

/// The path and identity of a file that was opened.
#[derive(Debug)]
struct Opened {
    path: PathBuf,
    identity: FileIdentity,
}

impl Opened {
    fn at(path: PathBuf) -> io::Result<Self> {
        Ok(Self { identity: FileIdentity::of(&path)?, path })
    }

    /// Returns whether the path names no file or a different file. Returns false if an error other than "not found"
    /// occurs.
    fn is_lost(&self) -> bool {
        match FileIdentity::of(&self.path) {
            Ok(identity) => identity != self.identity,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }
}

impl DatabaseFile {
    pub(super) fn opened(path: &Path, held: DatabaseConnection) -> io::Result<Self> {
        let mut wal = path.as_os_str().to_owned();
        wal.push("-wal");
        Ok(Self {
            file: Opened::at(path.to_owned())?,
            wal: Opened::at(wal.into()).ok(),
            held,
            lost_path: OnceLock::new(),
            lost: Notify::new(),
        })
    }

    /// Checks that the paths still name the file and the write-ahead log that were opened.
    pub(super) fn check(&self) -> Result<(), FileLost> {
        if let Some(path) = self.lost_path.get() {
            return Err(FileLost(path.clone()));
        }
        let lost = std::iter::once(&self.file).chain(&self.wal).find(|opened| opened.is_lost());
        lost.map_or(Ok(()), |opened| Err(self.lose(&opened.path)))
    }

    /// Closes the held connection. SQLite checkpoints the log when the last connection closes.
    pub(super) async fn close(&self) {
        let _ = self.held.close_by_ref().await;
    }

    fn lose(&self, path: &Path) -> FileLost {
        let path = self.lost_path.get_or_init(|| path.to_owned()).clone();
        self.lost.notify_one();
        FileLost(path)
    }
}
