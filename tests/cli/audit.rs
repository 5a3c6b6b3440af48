//! `daypass audit`, the log lines of events, and events after a crash.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::installation::Installation;
use crate::running::*;

const WRONG: &str = r#"{"username":"ada","password":"a wrong password"}"#;

/// Returns the events that a search finds, oldest first.
fn search(installation: &Installation, arguments: &[&str]) -> Vec<Value> {
    let output = installation.run(&[&["audit", "search", "--json"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn search_finds_events_by_user_kind_and_time() {
    for installation in Installation::each("searching for events").await {
        let service = installation.start();
        service.sign_up();
        assert!(service.request("POST", "/api/sessions", "", WRONG).starts_with("HTTP/1.1 401"));
        for arguments in [
            &["user", "grant", "ada", "admin"][..],
            &["user", "create", "bob"],
            &["user", "delete", "bob", "--yes"],
            &["invite", "create", "--note=for a friend"],
            &["invite", "revoke", "1"],
            &["sessions", "reset", "--yes"],
        ] {
            assert!(installation.run(arguments).status.success(), "{arguments:?}");
        }
        wait_until("the failed sign-in is written", || !search(&installation, &["--kind=sign_in_failed"]).is_empty());
        let of_ada = search(&installation, &["--user", "ADA"]);
        assert_eq!(of_ada.len(), 3, "{of_ada:?}");
        let granted = &of_ada.iter().find(|event| event["kind"] == "roles_changed").unwrap();
        assert_eq!((&granted["actor"], &granted["roles"][0]), (&"operator".into(), &"admin".into()));
        let bob = search(&installation, &["--kind=user_created"])[0]["userId"].to_string();
        let of_bob = search(&installation, &["--user", &bob]);
        assert_eq!(kinds(&of_bob), ["user_created", "account_deleted"], "a deleted user is found by id");
        assert_eq!(kinds(&search(&installation, &["--limit=1"])).len(), 1);
        assert_eq!(search(&installation, &["--since=1h"]).len(), 8);
        let all = search(&installation, &[]);
        assert!(all.iter().any(|event| event["kind"] == "sessions_reset"));
        assert!(all.iter().all(|event| !event.to_string().contains("friend")), "{all:?}");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(search(&installation, &["--since=1s"]).is_empty());

        let table = installation.run(&["audit", "search", "--user=ada", "--kind=roles_changed"]);
        let line = text(&table.stdout).trim_end();
        assert!(line.contains("operator") && line.contains("\"ada\"") && line.ends_with("roles=admin"), "{line}");
        for (arguments, status, expected) in [
            (["search", "--kind=nothing"], 2, "unknown kind of event"),
            (["search", "--user=nobody"], 1, "user \"nobody\" not found"),
            (["search", "--since=tomorrow"], 2, "must be a duration"),
        ] {
            let refused = installation.run(&[&["audit"][..], &arguments].concat());
            assert_eq!(refused.status.code(), Some(status), "{arguments:?}");
            assert!(error_line(&refused).contains(expected), "{}", error_line(&refused));
        }
    }
}

#[test]
fn tail_prints_the_latest_events_and_follows() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    running.sign_up();
    running.sign_in();
    let latest = run(folder.path(), &["audit", "tail", "--limit=1"], &[]);
    let line = text(&latest.stdout);
    assert!(line.lines().count() == 1 && line.contains("  sign_in  "), "{line}");

    let mut command = daypass(folder.path(), &["audit", "tail", "--follow", "--json", "--limit=2"], &[]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().unwrap().unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["kind"].as_str().unwrap().to_owned()
    };
    assert_eq!([next(), next()], ["sign_up", "sign_in"]);
    let token = running.sign_in();
    assert_eq!(next(), "sign_in");
    running.request("DELETE", "/api/sessions/current", &token, "");
    assert_eq!(next(), "sign_out");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn event_of_an_acknowledged_change_survives_kill_9() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    let mut tokens = vec![running.sign_up()];
    for _ in 0..5 {
        tokens.push(running.sign_in());
    }
    let last = tokens.pop().unwrap();
    assert!(running.request("DELETE", "/api/sessions/current", &last, "").starts_with("HTTP/1.1 204"));
    running.stop("-KILL");
    let found = run(folder.path(), &["audit", "search", "--json"], &[]);
    let events: Vec<Value> = text(&found.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds(&events), ["sign_up", "sign_in", "sign_in", "sign_in", "sign_in", "sign_in", "sign_out"]);
}

#[test]
fn failed_attempts_are_written_before_the_service_stops() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    running.sign_up();
    assert_eq!(running.verify("nonsense"), 401);
    for _ in 0..3 {
        assert!(running.request("POST", "/api/sessions", "", WRONG).starts_with("HTTP/1.1 401"));
    }
    running.stop("-TERM");
    let found = run(folder.path(), &["audit", "search", "--json", "--kind=sign_in_failed"], &[]);
    let counts = text(&found.stdout).lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let counts: Vec<_> = counts.map(|event| (event["userId"].as_i64(), event["count"].as_i64().unwrap())).collect();
    assert!(counts.iter().all(|(user, _)| *user == Some(1)), "{counts:?}");
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), 3);
    let refused = run(folder.path(), &["audit", "search", "--kind=token_refused"], &[]);
    assert!(text(&refused.stdout).contains("reason=malformed_token"), "{}", text(&refused.stdout));
}

#[test]
fn each_event_is_a_log_line_with_the_members_of_the_event() {
    let folder = TempDir::new().unwrap();
    let settings = [("ARGON2", "m=8,t=1,p=1"), ("LOG_FORMAT", "json"), ("LOG", "warn,daypass::events=info")];
    let running = Running::start(folder.path(), &settings);
    let token = running.sign_up();
    assert!(running.request("POST", "/api/sessions", "", WRONG).starts_with("HTTP/1.1 401"));
    running.request("DELETE", "/api/sessions/current", &token, "");
    let (_, log) = running.stop("-TERM");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines: Vec<_> = lines.filter(|line| line["target"] == "daypass::events").collect();
    let stored = run(folder.path(), &["audit", "search", "--json"], &[]);
    let stored: Vec<Value> = text(&stored.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), stored.len()), (3, 3), "{log}");
    for event in &stored {
        let is_line = |line: &&Value| line["kind"] == event["kind"];
        let line = lines.iter().find(is_line).unwrap();
        for (name, value) in event.as_object().unwrap().iter().filter(|(name, _)| *name != "id") {
            assert_eq!(&line[name], value, "{name}: {line}");
        }
    }
    assert!(lines.iter().any(|line| line["message"] == "signed up"), "{log}");
    assert!(!log.contains("\"ada\"") && !log.contains("a wrong password"), "{log}");
}

#[test]
fn commands_on_the_database_are_events() {
    let folder = TempDir::new().unwrap();
    let command = |arguments: &[&str]| {
        let output = run(folder.path(), arguments, &[]);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    command(&["migrate", "up"]);
    let hash = "$2a$04$N9qo8uLOickgx2ZMRZoMye7lwnnKjdKULIb0Soe6BjJXxCPR1R3dC";
    let users = format!("username,passwordhash\nada,{hash}\nbob,{hash}\n");
    std::fs::write(folder.path().join("users.csv"), users).unwrap();
    command(&["user", "import", "users.csv", "--dry-run"]);
    command(&["user", "import", "users.csv"]);
    let again = run(folder.path(), &["user", "import", "users.csv"], &[]);
    assert_eq!(again.status.code(), Some(1), "all rows are rejected");
    for arguments in [
        &["user", "reset-link", "ada"][..],
        &["user", "reset-password", "ada"],
        &["user", "set-email", "ada", "ada@example.com"],
        &["user", "set-email", "ada"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
        &["backup", "copy.db"],
        &["restore", "copy.db", "--yes"],
    ] {
        command(arguments);
    }
    let printed = command(&["audit", "search", "--json"]);
    let events: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        "users_imported",
        "reset_link_created",
        "password_reset",
        "email_changed",
        "email_removed",
        "account_disabled",
        "account_enabled",
        "database_restored",
    ];
    assert_eq!(kinds(&events), expected);
    assert_eq!((&events[0]["users"], &events[0].get("userId")), (&2.into(), &None));
    assert!(events.iter().all(|event| event["actor"] == "operator"), "{events:?}");
    assert!(!printed.contains("example.com"), "{printed}");
    command(&["classroom", "reset", "--yes"]);
    let printed = command(&["audit", "search"]);
    assert!(printed.lines().count() == 1 && printed.trim_end().ends_with("users=2"), "{printed}");
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn reloaded_keys_are_an_event_if_they_changed() {
    let folder = TempDir::new().unwrap();
    let env = folder.path().join(".env");
    std::fs::write(&env, format!("JWT_SECRET={GOOD_SECRET}\n")).unwrap();
    let running = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    let found = || text(&run(folder.path(), &["audit", "search", "--kind=keys_changed"], &[]).stdout).to_owned();
    let token = running.sign_up();
    running.hang_up();
    assert_eq!(running.verify(&token), 204);
    std::fs::write(&env, format!("JWT_SECRET=another-{GOOD_SECRET}\nJWT_SECRETS_RETIRED={GOOD_SECRET}\n")).unwrap();
    running.hang_up();
    wait_until("the event of the new keys", || !found().is_empty());
    let printed = found();
    assert!(printed.lines().count() == 1 && printed.contains("key=") && !printed.contains(GOOD_SECRET), "{printed}");
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("reloaded the keys"), "{log}");
}
