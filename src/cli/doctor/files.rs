//! Files with secrets, and the folder of the database.

use std::path::{Path, PathBuf};

use super::finding::Level;
use super::{Check, Finding};
use crate::config::{Config, EnvFile, SECRET_SETTINGS, file_setting, shared_secret_files};
use crate::platform::private_file;

const CHECK: Check = Check("files");
/// Permissions with which other users can change a file or replace the files of a folder.
const WRITABLE_BY_OTHERS: u32 = 0o022;
const READABLE_BY_ALL: u32 = 0o004;

pub(super) fn check(config: &Config, file: &EnvFile) -> Vec<Finding> {
    if !private_file::CHECKS_PERMISSIONS {
        return vec![CHECK.ok("not checked: this system has no file permissions that Daypass reads")];
    }
    let level = Level::strict(config.daypass_env);
    let shared = shared_secret_files(config, has_secrets(file)).into_iter().map(|shared| {
        let path = shared.path.display();
        let found = format!("other users can access {path} (mode 0{:o})", shared.mode);
        CHECK.problem(level, found, format!("chmod 600 {path}"))
    });
    let problems = shared.chain(database_folder(config, level)).chain(secret_files(file)).collect();
    CHECK.or_ok(problems, "other users cannot access the secrets and the database")
}

/// Returns whether `.env` has a secret.
fn has_secrets(file: &EnvFile) -> bool {
    let is_secret =
        |name: &str| SECRET_SETTINGS.contains(&name) || (name.starts_with("OIDC_") && name.ends_with("_CLIENT_SECRET"));
    file.names().any(|name| is_secret(name) && file.line_number(name).is_some())
}

/// Checks that other users cannot replace the database.
fn database_folder(config: &Config, level: Level) -> Option<Finding> {
    let file = config.database.database_url.file()?;
    let folder = file.canonicalize().unwrap_or(file);
    let folder = folder.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mode = private_file::shared_mode(folder).filter(|mode| mode & WRITABLE_BY_OTHERS != 0)?;
    let (path, found) = (folder.display(), "other users can replace the files of the database in");
    Some(CHECK.problem(level, format!("{found} {path} (mode 0{mode:o})"), format!("chmod go-w {path}")))
}

/// Checks the files of `X_FILE` settings. Only a warning, because files in containers must often be readable for all.
fn secret_files(file: &EnvFile) -> impl Iterator<Item = Finding> {
    SECRET_SETTINGS.into_iter().filter_map(move |name| {
        let path: PathBuf = file.secret_file(name)?.to_owned();
        let mode = private_file::shared_mode(&path)?;
        let shown = path.display();
        let who = match mode {
            mode if mode & WRITABLE_BY_OTHERS != 0 => "change",
            mode if mode & READABLE_BY_ALL != 0 => "read",
            _ => return None,
        };
        let setting = file_setting(name);
        let found = format!("other users can {who} {shown} of {setting} (mode 0{mode:o})");
        Some(CHECK.warning(found, format!("chmod 600 {shown}, unless a container without other users needs this mode")))
    })
}
