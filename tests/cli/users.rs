//! What an operator does about users, beside a running service.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::running::*;

/// Ada's password, as `Running::sign_up` chooses it.
const SIGN_IN: &str = r#"{"username":"ada","password":"correct horse"}"#;

/// Waits until the service refuses the token: it has a second to hear of it.
fn refused_within_a_second(running: &Running, token: &str, reason: &str) {
    let began = Instant::now();
    while running.verify(token) != 401 {
        assert!(began.elapsed() < Duration::from_secs(1), "still accepted: {reason}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let answer = running.request("GET", "/api/verify", token, "");
    assert!(answer.contains(reason), "{answer}");
}

fn signs_in(running: &Running, body: &str) -> bool {
    running.request("POST", "/api/sessions", "", body).starts_with("HTTP/1.1 201")
}

#[test]
fn a_disabled_user_is_out_within_a_second_and_in_again_when_enabled() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let (one, other) = (running.sign_up(), running.sign_in());
    let disabled = run(folder.path(), &["user", "disable", "ADA"], &[]);
    assert_eq!(text(&disabled.stdout), "disabled \"ada\"; sessions ended: 2\n", "{}", text(&disabled.stderr));
    for token in [one, other] {
        refused_within_a_second(&running, &token, "disabled");
    }
    assert!(!signs_in(&running, SIGN_IN));
    let list = run(folder.path(), &["user", "list", "--json"], &[]);
    let line: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((line["username"].as_str(), line["liveSessions"].as_i64()), (Some("ada"), Some(0)));
    assert!(line["disabledAt"].is_string(), "{line}");
    assert!(run(folder.path(), &["user", "enable", "ada"], &[]).status.success());
    assert!(signs_in(&running, SIGN_IN));
}

#[test]
fn a_reset_password_is_printed_once_and_the_old_one_opens_nothing() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let reset = run(folder.path(), &["user", "reset-password", "ada"], &[]);
    let password = text(&reset.stdout).trim_end();
    assert_eq!((password.len(), text(&reset.stderr)), (34, ""));
    refused_within_a_second(&running, &token, "password was reset");
    assert!(!signs_in(&running, SIGN_IN));
    assert!(signs_in(&running, &SIGN_IN.replace("correct horse", password)));
}

#[test]
fn a_deleted_user_is_gone_but_not_without_asking() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let asked = run(folder.path(), &["user", "delete", "ada"], &[]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(complaint(&asked).contains("--yes"));
    assert_eq!(running.verify(&token), 204);
    let deleted = run(folder.path(), &["user", "delete", "ada", "--yes"], &[]);
    assert!(deleted.status.success(), "{}", text(&deleted.stderr));
    refused_within_a_second(&running, &token, "account");
    assert!(!signs_in(&running, SIGN_IN));
    assert_eq!(text(&run(folder.path(), &["user", "list", "--json"], &[]).stdout), "");
}

#[test]
fn who_does_not_exist_is_told_in_a_line() {
    let folder = TempDir::new().unwrap();
    let early = run(folder.path(), &["user", "list"], &[]);
    assert!(early.status.code() == Some(1) && complaint(&early).contains("daypass migrate up"));
    run(folder.path(), &["migrate", "up"], &[]);
    for arguments in
        [["disable", "nobody"], ["enable", "nobody"], ["delete", "nobody"], ["reset-password", "no\u{1b}body"]]
    {
        let output = run(folder.path(), &["user", arguments[0], arguments[1]], &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(complaint(&output).starts_with("error: there is no user \"no"), "{arguments:?}");
        assert!(!complaint(&output).contains('\u{1b}'));
    }
}

#[test]
fn the_list_is_aligned_and_counts_live_sessions() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    running.sign_up();
    running.sign_in();
    let list = run(folder.path(), &["user", "list"], &[]);
    let lines: Vec<_> = text(&list.stdout).lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    let at = lines[0].find("USERNAME").unwrap();
    assert_eq!(&lines[1][at..], "ada");
    assert_eq!(lines[1].split_whitespace().nth(2), Some("2"));
}
