//! Backup of a SQLite database while the service writes, and restore.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sea_orm::{ConnectionTrait as _, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

use crate::running::*;

const CHEAP: (&str, &str) = ("ARGON2", "m=8,t=1,p=1");

async fn open(file: &Path) -> DatabaseConnection {
    Database::connect(format!("sqlite://{}?mode=ro", file.display())).await.unwrap()
}

async fn strings(db: &DatabaseConnection, query: &str) -> Vec<String> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Sqlite, query)).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// Creates items on four connections while `during` runs. Returns the names of the items that were acknowledged before
/// `during` started, and the number of writes per second.
fn write_items(running: &Running, token: &str, during: impl FnOnce()) -> (Vec<String>, f64) {
    let (stop, started) = (AtomicBool::new(false), Instant::now());
    let acknowledged = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let (stop, acknowledged) = (&stop, &acknowledged);
            scope.spawn(move || {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("item {writer}-{number}");
                    let answer = running.request("POST", "/api/items", token, &format!(r#"{{"name":"{name}"}}"#));
                    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
                    acknowledged.lock().unwrap().push(name);
                }
            });
        }
        wait_until("the writers write", || acknowledged.lock().unwrap().len() > 200);
        let before = acknowledged.lock().unwrap().clone();
        during();
        stop.store(true, Ordering::Relaxed);
        let written = acknowledged.lock().unwrap().len() as f64;
        (before, written / started.elapsed().as_secs_f64())
    })
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "the report of the tests shows the rate")]
async fn backup_during_writes_contains_every_acknowledged_row() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[CHEAP]);
    let token = running.sign_up();
    let signed_out = running.sign_in();
    assert!(running.request("DELETE", "/api/sessions/current", &signed_out, "").starts_with("HTTP/1.1 204"));
    let (before, rate) = write_items(&running, &token, || {
        let backup = run(folder.path(), &["backup", "copy.db"], &[]);
        assert!(backup.status.success(), "{}", text(&backup.stderr));
    });
    eprintln!("backup during {rate:.0} writes per second");
    let copy = open(&folder.path().join("copy.db")).await;
    assert_eq!(strings(&copy, "PRAGMA integrity_check").await, ["ok"]);
    let items = strings(&copy, "SELECT name FROM items").await;
    let missing: Vec<_> = before.iter().filter(|name| !items.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {}", before.len());
    copy.close().await.unwrap();

    // A new installation with the same secret: the sessions of the backup are not active there.
    let elsewhere = TempDir::new().unwrap();
    std::fs::create_dir(elsewhere.path().join("data")).unwrap();
    std::fs::copy(folder.path().join("data/jwt-secret"), elsewhere.path().join("data/jwt-secret")).unwrap();
    let file = folder.path().join("copy.db");
    let restored = run(elsewhere.path(), &["restore", file.to_str().unwrap(), "--yes"], &[]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let running = Running::start(elsewhere.path(), &[CHEAP]);
    assert_eq!((running.verify(&token), running.verify(&signed_out)), (401, 401));
    assert_eq!(running.verify(&running.sign_in()), 204);
}

#[test]
fn restore_needs_a_stopped_service_ends_all_sessions_and_keeps_the_previous_database() {
    let folder = TempDir::new().unwrap();
    let files = || std::fs::read_dir(folder.path().join("data")).unwrap().map(|file| file.unwrap().file_name());
    let kept = || files().filter(|name| name.to_string_lossy().contains(".replaced-")).count();
    let running = Running::start(folder.path(), &[CHEAP]);
    let token = running.sign_up();
    assert!(run(folder.path(), &["backup", "copy.db"], &[]).status.success());
    let item = running.request("POST", "/api/items", &token, r#"{"name":"after the backup"}"#);
    assert!(item.starts_with("HTTP/1.1 201"), "{item}");

    let refused = run(folder.path(), &["restore", "copy.db", "--yes"], &[]);
    assert!(!refused.status.success() && error_line(&refused).contains("stop the service"), "{}", error_line(&refused));
    assert_eq!((running.verify(&token), kept()), (204, 0), "nothing has changed");
    assert_eq!(running.stop("-TERM").0, Some(0));

    let restored = run(folder.path(), &["restore", "copy.db", "--yes"], &[]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_eq!(kept(), 1);
    let drafts = || files().filter(|name| name.to_string_lossy().starts_with('.')).count();
    assert_eq!(drafts(), 0, "{:?}", files().collect::<Vec<_>>());
    let running = Running::start(folder.path(), &[CHEAP]);
    assert_eq!(running.verify(&token), 401);
    let items = running.request("GET", "/api/items", &running.sign_in(), "");
    assert!(items.starts_with("HTTP/1.1 200") && !items.contains("after the backup"), "{items}");
    drop(running);

    // The previous database can be restored, too.
    let previous = files().find(|name| name.to_string_lossy().contains(".replaced-")).unwrap();
    let previous = folder.path().join("data").join(previous);
    let restored = run(folder.path(), &["restore", previous.to_str().unwrap(), "--yes"], &[]);
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    let running = Running::start(folder.path(), &[CHEAP]);
    let items = running.request("GET", "/api/items", &running.sign_in(), "");
    assert!(items.contains("after the backup"), "{items}");
}

#[test]
fn two_restores_in_a_row_keep_both_previous_databases_and_remove_the_rest_of_an_interrupted_one() {
    let folder = TempDir::new().unwrap();
    let kept = || {
        let files = std::fs::read_dir(folder.path().join("data")).unwrap().map(|file| file.unwrap().file_name());
        files.filter(|name| name.to_string_lossy() != "daypass.db").map(|name| name.into_string().unwrap()).collect()
    };
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    assert!(run(folder.path(), &["backup", "copy.db"], &[]).status.success());
    std::fs::write(folder.path().join("data/.daypass.db.partial"), "interrupted").unwrap();
    std::fs::write(folder.path().join("data/.daypass.db.partial-journal"), "interrupted").unwrap();
    for _ in 0..2 {
        let restored = run(folder.path(), &["restore", "copy.db", "--yes"], &[]);
        assert!(restored.status.success(), "{}", text(&restored.stderr));
    }
    let kept: Vec<String> = kept();
    assert!(kept.len() == 2 && kept.iter().all(|name| name.starts_with("daypass.db.replaced-")), "{kept:?}");
    let beside = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(beside, 2, "only the folder and the backup, without files of SQLite");
}

#[test]
fn stopped_service_and_commands_leave_no_write_ahead_log() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[CHEAP]);
    running.sign_up();
    assert_eq!(running.stop("-TERM").0, Some(0));
    let logs = || ["-wal", "-shm"].map(|suffix| folder.path().join(format!("data/daypass.db{suffix}")).exists());
    assert_eq!(logs(), [false, false]);
    // Also after commands, because they may run as another user.
    for arguments in [
        &["user", "create", "bob"][..],
        &["sessions", "reset", "--yes"],
        &["migrate", "status"],
        &["seed", "run", "--yes"],
        &["secret", "status"],
        &["classroom", "reset", "--yes"],
    ] {
        assert!(run(folder.path(), arguments, &[CHEAP]).status.success(), "{arguments:?}");
        assert_eq!(logs(), [false, false], "{arguments:?}");
    }
}

#[test]
fn backup_and_restore_reject_files_that_they_must_not_use() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("notes.txt"), "not a database").unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    Running::start(folder.path(), &[CHEAP]).stop("-TERM");
    for (arguments, settings, expected) in [
        (&["backup", "notes.txt"][..], &[][..], "notes.txt exists"),
        (&["backup", "copy.db"], &[("DATABASE_URL", "sqlite://none.db?mode=rwc")], "there is no database"),
        (&["backup", "copy.db"], &[("DATABASE_URL", "postgres://a:hunter2@127.0.0.1/x")], "pg_dump"),
        (&["backup", "none/copy.db"], &[], "the folder none does not exist"),
        (&["restore", "none.db", "--yes"], &[], "there is no file none.db"),
        (&["restore", "notes.txt", "--yes"], &[], "not a database"),
        (&["restore", "data/daypass.db", "--yes"], &[], "is the database itself"),
        (&["restore", "empty.db", "--yes"], &[], "not a database of Daypass"),
        (&["restore", "notes.txt"], &[], "Confirm with --yes"),
    ] {
        let output = run(folder.path(), arguments, settings);
        let error = error_line(&output);
        assert!(!output.status.success() && error.contains(expected), "{arguments:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data", "empty.db", "notes.txt"], "no draft is left");
    assert!(run(folder.path(), &["user", "list"], &[]).status.success(), "the database is unchanged");
}
