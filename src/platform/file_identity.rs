//! Detects whether a path still names the file that was opened.

use std::io;
use std::path::Path;

/// The identity of a file. A rename does not change it, and no other file has it while the file is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileIdentity(
    #[cfg(all(unix, not(daypass_portable)))] (u64, u64),
    #[cfg(any(not(unix), daypass_portable))] (),
);

impl FileIdentity {
    /// Returns the identity of the file that `path` names now.
    #[cfg(all(unix, not(daypass_portable)))]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = path.metadata()?;
        Ok(Self((metadata.dev(), metadata.ino())))
    }

    /// Checks that the file exists. That is enough, because Windows does not delete or replace open files.
    #[cfg(any(not(unix), daypass_portable))]
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        path.metadata().map(|_| Self(()))
    }
}
