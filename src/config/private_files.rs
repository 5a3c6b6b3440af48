//! Finds files with secrets or password hashes that other users of the machine can read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Config, SigningAlgorithm};
use crate::platform::private_file::shared_mode;

/// The suffixes of the files that SQLite creates.
const SQLITE_SUFFIXES: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A file that other users can access.
#[derive(Debug)]
pub struct SharedFile {
    pub path: PathBuf,
    pub mode: u32,
}

/// Returns a message that names the files which other users can read or write, and the command that makes the files
/// private.
#[must_use]
pub fn shared_files(config: &Config) -> Option<String> {
    let shared = shared_secret_files(config, false);
    let modes: Vec<_> = shared.iter().map(|file| format!("0{:o}", file.mode)).collect();
    let paths: Vec<_> = shared.iter().map(|file| file.path.display().to_string()).collect();
    let files = paths.join(" ");
    let hint = format!("other users can access {files} (mode {}). Run: chmod 600 {files}", modes.join(", "));
    (!paths.is_empty()).then_some(hint)
}

/// Returns the files with secrets or password hashes which other users can read or write. `with_env_file` says whether
/// `.env` has other secrets than those for tokens.
#[must_use]
pub fn shared_secret_files(config: &Config, with_env_file: bool) -> Vec<SharedFile> {
    let mut files = secret_files(config);
    let env_file = PathBuf::from(".env");
    if with_env_file && !files.contains(&env_file) {
        files.push(env_file);
    }
    files.into_iter().filter_map(|path| Some(SharedFile { mode: shared_mode(&path)?, path })).collect()
}

fn secret_files(config: &Config) -> Vec<PathBuf> {
    let database = &config.database.database_url;
    let mut files: Vec<_> = database.file().iter().flat_map(|file| sqlite_files(file)).collect();
    let tokens = &config.tokens;
    files.extend(tokens.jwt_private_key_file.clone().filter(|_| tokens.jwt_algorithm == SigningAlgorithm::EdDsa));
    if tokens.jwt_secret.is_none() {
        files.push(tokens.secret_file(&database.folder()));
    }
    if tokens.is_in_env_file() {
        files.push(PathBuf::from(".env"));
    }
    files
}

/// Returns the paths of SQLite's files. If the database path is a link, SQLite creates the other files beside the
/// link's target.
fn sqlite_files(database: &Path) -> impl Iterator<Item = PathBuf> {
    let file = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    SQLITE_SUFFIXES.into_iter().map(move |suffix| {
        let mut name = OsString::from(&file);
        name.push(suffix);
        PathBuf::from(name)
    })
}
