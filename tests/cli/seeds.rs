//! The `seed` command.

use std::path::Path;

use tempfile::TempDir;

use crate::running::*;

fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    assert!(run(folder.path(), &["migrate", "up"], &[]).status.success());
    folder
}

/// Runs a `seed` command that succeeds. Returns its output.
fn seed(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, &[&["seed"], arguments].concat(), &[]);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// The lines of `seed status`, without times.
fn status(folder: &Path) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    seed(folder, &["status"]).lines().map(words).collect()
}

#[test]
fn printed_demo_passwords_can_sign_in() {
    let folder = folder();
    let printed = seed(folder.path(), &["run", "demo"]);
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("ran demo"));
    let running = Running::start(folder.path(), &[]);
    let mut people = 0;
    for line in lines {
        let quoted: Vec<_> = line.split('"').collect();
        let body = format!(r#"{{"username":"{}","password":"{}"}}"#, quoted[1], quoted[3]);
        let answer = running.request("POST", "/api/sessions", "", &body);
        assert!(answer.starts_with("HTTP/1.1 201"), "{line}: {answer}");
        people += 1;
    }
    assert_eq!(people, 3, "{printed}");
}

#[test]
fn seed_runs_once_and_is_reverted_separately() {
    let folder = folder();
    assert_eq!(status(folder.path()), ["pending demo", "pending test-rows"]);
    assert_eq!(seed(folder.path(), &["run", "test-rows"]), "ran test-rows\n");
    assert_eq!(seed(folder.path(), &["run", "test-rows"]), "test-rows was run before\n");
    assert_eq!(status(folder.path()), ["ran test-rows", "pending demo"]);
    let all = seed(folder.path(), &["run"]);
    assert!(all.starts_with("ran demo\n") && all.ends_with("test-rows was run before\n"), "{all}");
    assert_eq!(seed(folder.path(), &["revert", "demo", "--yes"]), "reverted demo; rows deleted: 13\n");
    assert_eq!(status(folder.path()), ["ran test-rows", "pending demo"]);
    assert!(seed(folder.path(), &["run"]).starts_with("ran demo\n"), "what was reverted can be run again");
}

#[test]
fn seeds_are_reverted_latest_first() {
    let folder = folder();
    seed(folder.path(), &["run", "test-rows"]);
    seed(folder.path(), &["run", "demo"]);
    let asked = run(folder.path(), &["seed", "revert"], &[]);
    assert_eq!(asked.status.code(), Some(2));
    let question = "the seeds demo, test-rows inserted";
    assert!(error_line(&asked).contains(question) && error_line(&asked).contains("--yes"), "{}", error_line(&asked));
    assert_eq!(status(folder.path()), ["ran test-rows", "ran demo"], "nothing was reverted");
    let reverted = "reverted demo; rows deleted: 13\nreverted test-rows; rows deleted: 1\n";
    assert_eq!(seed(folder.path(), &["revert", "--yes"]), reverted);
    assert_eq!(status(folder.path()), ["pending demo", "pending test-rows"]);
    assert_eq!(text(&run(folder.path(), &["user", "list", "--json"], &[]).stdout), "");
    assert_eq!(seed(folder.path(), &["revert"]), "no seeds to revert\n", "there is nothing to ask about");
    seed(folder.path(), &["run"]);
    let in_turn = "reverted test-rows; rows deleted: 1\nreverted demo; rows deleted: 13\n";
    assert_eq!(seed(folder.path(), &["revert", "--all", "--yes"]), in_turn);
    let both = run(folder.path(), &["seed", "revert", "demo", "--all", "--yes"], &[]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn seed_revert_asks_for_confirmation_and_requires_a_run() {
    let folder = folder();
    seed(folder.path(), &["run", "demo"]);
    for (arguments, code, why) in [
        (&["revert", "demo"][..], 2, "--yes"),
        (&["revert", "test-rows", "--yes"], 1, "the seed test-rows was not run"),
        (&["revert", "nothing", "--yes"], 2, "seed \"nothing\" not found"),
        (&["run", "no\u{1b}thing"], 2, "seed \"no\\u{1b}thing\" not found"),
    ] {
        let refused = run(folder.path(), &[&["seed"], arguments].concat(), &[]);
        assert_eq!(refused.status.code(), Some(code), "{arguments:?}");
        assert!(error_line(&refused).contains(why), "{}", error_line(&refused));
    }
    assert_eq!(status(folder.path())[0], "ran demo");
}

#[test]
fn demo_seed_requires_confirmation_in_production() {
    let folder = folder();
    let production = [("DAYPASS_ENV", "production")];
    for arguments in [&["seed", "run", "demo"][..], &["seed", "run"]] {
        let refused = run(folder.path(), arguments, &production);
        assert_eq!(refused.status.code(), Some(2));
        assert!(error_line(&refused).contains("The passwords of the seed demo are public"));
    }
    assert_eq!(status(folder.path()), ["pending demo", "pending test-rows"], "nothing was run");
    assert!(run(folder.path(), &["seed", "run", "test-rows"], &production).status.success());
    let output = run(folder.path(), &["seed", "run", "demo", "--yes"], &production);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(run(folder.path(), &["seed", "run"], &production).status.success(), "nothing is left to ask about");
}

#[test]
fn failing_seed_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let early = run(folder.path(), &["seed", "run"], &[]);
    assert!(early.status.code() == Some(1) && error_line(&early).contains("daypass migrate up"));
    run(folder.path(), &["migrate", "up"], &[]);
    let refused = run(folder.path(), &["seed", "run", "demo"], &[("PASSWORD_MIN_LENGTH", "60")]);
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(error_line(&refused), "error: demo was not run: Password must have at least 60 characters.");
    assert_eq!(status(folder.path()), ["pending demo", "pending test-rows"]);
    assert_eq!(text(&run(folder.path(), &["user", "list", "--json"], &[]).stdout), "");
}
