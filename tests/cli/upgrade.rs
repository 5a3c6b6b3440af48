//! Rolling upgrades: replicas of two versions on one database; an older version on newer tables.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use sea_orm::{ConnectionTrait as _, Database};
use tempfile::TempDir;

use crate::running::*;

const SETTINGS: [(&str, &str); 3] = [("ARGON2", "m=8,t=1,p=1"), ("LOG", "warn"), ("JWT_SECRET", GOOD_SECRET)];

/// Returns the binary of the previous release. Without one, both replicas have this version.
fn previous_binary() -> PathBuf {
    std::env::var_os("TEST_PREVIOUS_BINARY").map_or_else(
        || {
            let _ = writeln!(std::io::stderr(), "skipped: the previous release; TEST_PREVIOUS_BINARY is not set");
            PathBuf::from(env!("CARGO_BIN_EXE_daypass"))
        },
        PathBuf::from,
    )
}

#[test]
fn replicas_of_two_versions_accept_and_end_the_same_sessions() {
    let folder = TempDir::new().unwrap();
    let mut command = Command::new(previous_binary());
    command.current_dir(folder.path()).env_clear().envs(SETTINGS);
    let old = Running::spawn(command);
    let before = old.sign_up();
    let new = Running::start(folder.path(), &SETTINGS);
    for (here, there) in [(&old, &new), (&new, &old)] {
        let token = here.sign_in();
        assert_eq!((here.verify(&token), there.verify(&token)), (204, 204));
        assert!(here.request("DELETE", "/api/sessions/current", &token, "").starts_with("HTTP/1.1 204"));
        assert_eq!(here.verify(&token), 401);
        let time = wait_until("the other replica rejects the token", || there.verify(&token) == 401);
        assert!(time.as_secs() < 5, "{time:?}");
        assert_eq!((here.verify(&before), there.verify(&before)), (204, 204), "other sessions stay active");
    }
}

#[tokio::test]
async fn older_version_refuses_newer_tables_in_one_sentence() {
    let folder = TempDir::new().unwrap();
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    let url = format!("sqlite://{}", folder.path().join("data/daypass.db").display());
    let db = Database::connect(url).await.unwrap();
    let newer = "INSERT INTO daypass_migrations (version, applied_at) VALUES ('m29990101_000001_newer', 0)";
    db.execute_unprepared(newer).await.unwrap();
    db.close().await.unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(folder.path().join("data/daypass.db"), &copy).unwrap();
    for arguments in [&[][..], &["migrate", "up"], &["restore", copy.to_str().unwrap(), "--yes"]] {
        let output = run(folder.path(), arguments, &[("PORT", "0")]);
        let error = error_line(&output);
        assert!(!output.status.success() && error.contains("created by a newer release"), "{arguments:?}: {error}");
    }
}
