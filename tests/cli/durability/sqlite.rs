//! Faults of the file system under a SQLite database.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database};
use tempfile::TempDir;

use super::trial::{Trial, assert_logged_once, usual, write};
use crate::running::{Running, daypass, error_line, run};

const ENOSPC: i32 = 28;
const EIO: i32 = 5;
const EROFS: i32 = 30;

/// Compiles the library that makes writes fail.
fn fault_library(folder: &Path) -> PathBuf {
    let library = folder.join("fault.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/durability/fault.c");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
    assert!(compiled.unwrap().success());
    library
}

fn trial_with_failing_writes(error: i32) {
    let folder = TempDir::new().unwrap();
    let library = fault_library(folder.path());
    let control = folder.path().join("fault");
    let settings = [("LD_PRELOAD", library.to_str().unwrap()), ("FAULT_FILE", control.to_str().unwrap())];
    let trial = Trial::start(folder.path(), &settings);
    let log = trial.run(|_| fs::write(&control, error.to_string()).unwrap(), |_| fs::remove_file(&control).unwrap());
    assert_logged_once(&log, if error == ENOSPC { "full" } else { "disk I/O error" });
}

#[test]
fn writes_after_a_full_disk_are_durable() {
    trial_with_failing_writes(ENOSPC);
}

#[test]
fn writes_after_an_io_error_are_durable() {
    trial_with_failing_writes(EIO);
}

#[test]
fn writes_after_a_read_only_file_system_are_durable() {
    trial_with_failing_writes(EROFS);
}

#[test]
fn development_secret_is_stored_on_a_disk_without_hard_links() {
    let folder = TempDir::new().unwrap();
    let library = fault_library(folder.path());
    let settings = [("LD_PRELOAD", library.to_str().unwrap()), ("FAULT_NO_LINKS", "1"), ("ARGON2", "m=8,t=1,p=1")];
    let running = Running::start(folder.path(), &settings);
    let token = running.sign_up();
    running.stop("-TERM");
    let again = Running::start(folder.path(), &settings);
    assert_eq!(again.verify(&token), 204, "the secret was stored");
    let names = fs::read_dir(folder.path().join("data")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("jwt-secret")).collect::<Vec<_>>(), ["jwt-secret"]);
}

#[test]
fn folder_in_which_sqlite_cannot_create_files_is_named() {
    let folder = TempDir::new().unwrap();
    let library = fault_library(folder.path());
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    for name in ["daypass.db-wal", "daypass.db-shm"] {
        let _ = fs::remove_file(folder.path().join("data").join(name));
    }
    let settings = [("LD_PRELOAD", library.to_str().unwrap()), ("FAULT_NO_CREATE", "1")];
    let output = run(folder.path(), &["user", "list"], &settings);
    let data = folder.path().canonicalize().unwrap().join("data");
    let error = error_line(&output);
    assert!(error.contains("cannot write to the folder") && error.contains(data.to_str().unwrap()), "{error}");
}

/// The limit is the soft one of the running process: it is raised again while the service runs.
#[test]
fn writes_after_a_file_size_limit_are_durable() {
    let folder = TempDir::new().unwrap();
    let trial = Trial::start_by(|| {
        let mut command = Command::new("sh");
        let binary = daypass(folder.path(), &[], &[]);
        command.args(["-c", "trap '' XFSZ; exec \"$0\""]).arg(binary.get_program());
        command.current_dir(folder.path()).env_clear().envs(usual());
        command
    });
    let limit = |service: &Running, bytes: &str| {
        let (pid, limit) = (service.child.id().to_string(), format!("--fsize={bytes}:"));
        assert!(Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap().success());
    };
    let log = trial.run(|service| limit(service, "4096"), |service| limit(service, "unlimited"));
    assert_logged_once(&log, "disk I/O error");
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_after_a_lock_of_another_process_are_durable() {
    let folder = TempDir::new().unwrap();
    let mut trial = Trial::start(folder.path(), &[]);
    let url = format!("sqlite://{}", folder.path().join("data/daypass.db").display());
    let other = Database::connect(url).await.unwrap();
    other.execute_unprepared("BEGIN IMMEDIATE").await.unwrap();
    trial.write_until_refused(2);
    trial.sign_out_refused();
    trial.readiness_turns(503);
    other.execute_unprepared("ROLLBACK").await.unwrap();
    trial.write_after_recovery();
    let log = trial.restart_and_count("-TERM");
    assert_logged_once(&log, "locked");
}

/// A write into a file that has no name any more would be lost at the restart: the service stops instead.
fn trial_with_the_file_gone(take_away: impl FnOnce(&Path)) {
    let folder = TempDir::new().unwrap();
    let settings = usual();
    let mut service = Running::spawn({
        let mut command = daypass(folder.path(), &[], &settings);
        command.env("LOG", "info");
        command
    });
    let token = service.sign_up();
    assert_eq!(write(&service, &token).0, 201);
    take_away(&folder.path().join("data"));
    let headers = format!("authorization: {token}\r\ncontent-type: application/json\r\n");
    let answer = service.try_exchange("POST /api/items", &headers, r#"{"name":"lost"}"#).unwrap_or_default();
    assert!(!answer.starts_with("HTTP/1.1 201"), "a write into a deleted file was acknowledged");
    let begun = std::time::Instant::now();
    let ended = loop {
        if let Some(ended) = service.child.try_wait().unwrap() {
            break ended;
        }
        let ready = service.try_exchange("GET /health/ready", "", "").unwrap_or_default();
        assert!(!ready.starts_with("HTTP/1.1 200"), "ready without its database file");
        assert!(begun.elapsed() < Duration::from_secs(60), "the service goes on");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(ended.code(), Some(1));
    let mut log = String::new();
    service.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("error: ") && last.contains("data/daypass.db"), "{log}");
}

#[cfg_attr(daypass_portable, ignore = "the portable code does not detect a replaced file")]
#[test]
fn service_stops_when_its_database_file_is_deleted() {
    trial_with_the_file_gone(|data| {
        for file in ["daypass.db", "daypass.db-wal", "daypass.db-shm"] {
            fs::remove_file(data.join(file)).unwrap();
        }
    });
}

#[cfg_attr(daypass_portable, ignore = "the portable code does not detect a replaced file")]
#[test]
fn service_stops_when_its_database_file_is_replaced() {
    trial_with_the_file_gone(|data| {
        fs::copy(data.join("daypass.db"), data.join("copy")).unwrap();
        fs::rename(data.join("copy"), data.join("daypass.db")).unwrap();
    });
}

#[test]
fn service_stops_when_its_write_ahead_log_is_deleted() {
    trial_with_the_file_gone(|data| fs::remove_file(data.join("daypass.db-wal")).unwrap());
}
