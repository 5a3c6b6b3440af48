//! Files with secrets are readable only by their owner, regardless of umask, links and existing files.

#![cfg(all(unix, not(daypass_portable)))]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use crate::running::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The files of a folder that other users can access.
fn shared_files(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let shared = files.filter(|path| path.is_file() && mode(path) & 0o077 != 0);
    shared.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Whether other users can read new files by default. Otherwise these tests could not fail.
fn umask_is_open(folder: &Path) -> bool {
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    let open = mode(&probe) & 0o044 != 0;
    fs::remove_file(probe).unwrap();
    if !open {
        let _ = writeln!(std::io::stderr(), "skipped: the umask is strict, permissions of new files were not tested");
    }
    open
}

#[test]
fn new_database_is_private_also_behind_a_symlink() {
    let folder = TempDir::new().unwrap();
    if !umask_is_open(folder.path()) {
        return;
    }
    for (number, link) in [(0, false), (1, true)] {
        let folder_of_case = folder.path().join(number.to_string());
        let target = folder_of_case.join("target");
        fs::create_dir_all(&target).unwrap();
        let file = folder_of_case.join("daypass.db");
        if link {
            symlink(target.join("real.db"), &file).unwrap();
        }
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let running = Running::start(&folder_of_case, &[("DATABASE_URL", &url)]);
        running.sign_up();
        let beside = if link { target.join("real.db-wal") } else { folder_of_case.join("daypass.db-wal") };
        assert!(beside.exists() && folder_of_case.join("jwt-secret").exists());
        assert_eq!((shared_files(&folder_of_case), shared_files(&target)), (vec![], vec![]), "link: {link}");
    }
}

#[test]
fn migrate_creates_a_private_database() {
    let folder = TempDir::new().unwrap();
    if !umask_is_open(folder.path()) {
        return;
    }
    symlink(folder.path().join("real.db"), folder.path().join("link.db")).unwrap();
    let url = ("DATABASE_URL", "sqlite://link.db?mode=rwc");
    let output = run(folder.path(), &["migrate", "up"], &[url]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(shared_files(folder.path()), Vec::<String>::new());
}

#[test]
fn readable_database_is_a_warning_in_development_and_an_error_in_production() {
    let folder = TempDir::new().unwrap();
    let real = folder.path().join("real.db");
    symlink(&real, folder.path().join("daypass.db")).unwrap();
    let settings = [("DATABASE_URL", "sqlite://daypass.db?mode=rwc"), ("JWT_SECRET", GOOD_SECRET)];
    let production = [&settings[..], &[("DAYPASS_ENV", "production"), ("PORT", "0")]].concat();
    Running::start(folder.path(), &settings).stop("-TERM");
    for shared in [0o644, 0o640, 0o620, 0o604] {
        set_mode(&real, shared);
        let (_, log) = Running::start(folder.path(), &settings).stop("-TERM");
        assert!(log.contains("WARN") && log.contains("real.db") && log.contains(&format!("0{shared:o}")), "{log}");
        let refused = run(folder.path(), &[], &production);
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
        let line = error_line(&refused);
        assert!(line.contains("real.db") && line.contains("chmod 600"), "{line}");
    }
    set_mode(&real, 0o600);
    let wal = folder.path().join("real.db-wal");
    fs::write(&wal, "").unwrap();
    set_mode(&wal, 0o644);
    assert!(error_line(&run(folder.path(), &[], &production)).contains("real.db-wal"));
    set_mode(&wal, 0o600);
    let (status, log) = Running::start(folder.path(), &production).stop("-TERM");
    assert_eq!((status, log.contains("chmod")), (Some(0), false), "{log}");
}

#[test]
fn readable_secrets_are_a_warning_in_development_and_an_error_in_production() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("key.pem");
    let mut openssl = std::process::Command::new("openssl");
    let made = openssl.args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&key).output();
    let key_settings = [("JWT_ALGORITHM", "EdDSA"), ("JWT_PRIVATE_KEY_FILE", "key.pem")];
    let env = folder.path().join(".env");
    fs::write(&env, format!("JWT_SECRET={GOOD_SECRET}\n")).unwrap();
    let mut cases = vec![(env, &[][..])];
    if made.is_ok_and(|made| made.status.success()) {
        cases.push((key, &key_settings[..]));
    }
    for (file, settings) in cases {
        set_mode(&file, 0o644);
        let name = file.file_name().unwrap().to_str().unwrap();
        let (_, log) = Running::start(folder.path(), settings).stop("-TERM");
        assert!(log.contains("WARN") && log.contains(name) && log.contains("chmod 600"), "{log}");
        let production = [settings, &[("DAYPASS_ENV", "production"), ("PORT", "0")]].concat();
        let refused = run(folder.path(), &[], &production);
        assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
        assert!(error_line(&refused).contains(name), "{}", error_line(&refused));
        set_mode(&file, 0o600);
        Running::start(folder.path(), &production).stop("-TERM");
    }
    let generated = TempDir::new().unwrap();
    Running::start(generated.path(), &[]).stop("-TERM");
    set_mode(&generated.path().join("data/jwt-secret"), 0o644);
    let (_, log) = Running::start(generated.path(), &[]).stop("-TERM");
    assert!(log.contains("jwt-secret") && log.contains("chmod 600"), "{log}");
}
