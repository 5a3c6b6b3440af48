//! The `user` command next to a running service.

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;

use crate::running::*;

/// Waits until the service rejects the token for this reason. Returns the time that it took.
fn wait_until_rejected(running: &Running, token: &str, reason: &str) -> Duration {
    let time = wait_until(reason, || running.verify(token) == 401);
    let answer = running.request("GET", "/api/verify", token, "");
    assert!(answer.contains(reason), "{answer}");
    time
}

fn signs_in(running: &Running, body: &str) -> bool {
    let answer = running.post_until_available("/api/sessions", body);
    assert!(answer.starts_with("HTTP/1.1 201") || answer.starts_with("HTTP/1.1 4"), "{answer}");
    answer.starts_with("HTTP/1.1 201")
}

/// The service sees a change of the command within a second. Other tests can delay it, so one of twenty changes has to be
/// seen in time.
#[test]
fn disabled_user_is_rejected_within_a_second() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1"), ("RATE_LIMITS", "off")]);
    let (mut token, mut times) = (running.sign_up(), Vec::new());
    while times.len() < 20 && times.last().is_none_or(|time| *time > Duration::from_secs(1)) {
        assert!(run(folder.path(), &["user", "disable", "ada"], &[]).status.success());
        times.push(wait_until_rejected(&running, &token, "disabled"));
        assert!(run(folder.path(), &["user", "enable", "ada"], &[]).status.success());
        token = running.sign_in();
    }
    assert!(times.last() < Some(&Duration::from_secs(1)), "{times:?}");
}

#[test]
fn disabled_user_is_rejected_until_enabled() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let (one, other) = (running.sign_up(), running.sign_in());
    let disabled = run(folder.path(), &["user", "disable", "ADA"], &[]);
    assert_eq!(text(&disabled.stdout), "disabled \"ada\"; sessions ended: 2\n", "{}", text(&disabled.stderr));
    for token in [one, other] {
        wait_until_rejected(&running, &token, "disabled");
    }
    assert!(!signs_in(&running, CREDENTIALS));
    let list = run(folder.path(), &["user", "list", "--json"], &[]);
    let line: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((line["username"].as_str(), line["liveSessions"].as_i64()), (Some("ada"), Some(0)));
    assert!(line["disabledAt"].is_string(), "{line}");
    assert!(run(folder.path(), &["user", "enable", "ada"], &[]).status.success());
    assert!(signs_in(&running, CREDENTIALS));
}

#[test]
fn password_reset_prints_a_new_password_and_invalidates_the_old_one() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let reset = run(folder.path(), &["user", "reset-password", "ada"], &[]);
    let password = text(&reset.stdout).trim_end();
    assert_eq!((password.len(), text(&reset.stderr)), (34, ""));
    assert_eq!(password.split('-').map(str::len).collect::<Vec<_>>(), [4; 7]);
    // Crockford's base 32.
    let letters = "0123456789abcdefghjkmnpqrstvwxyz";
    assert!(password.chars().all(|letter| letter == '-' || letters.contains(letter)), "{password}");
    let again = run(folder.path(), &["user", "reset-password", "ada"], &[]);
    assert_ne!(text(&again.stdout), text(&reset.stdout));
    let password = text(&again.stdout).trim_end();
    wait_until_rejected(&running, &token, "password was reset");
    assert!(!signs_in(&running, CREDENTIALS));
    assert!(signs_in(&running, &CREDENTIALS.replace("correct horse", password)));
}

#[test]
fn created_user_can_sign_in_although_sign_up_is_closed() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("SIGN_UP", "closed"), ("ARGON2", "m=8,t=1,p=1")]);
    let rejected = running.request("POST", "/api/users", "", CREDENTIALS);
    assert!(rejected.starts_with("HTTP/1.1 403") && rejected.contains("sign_up_closed"), "{rejected}");
    let course = running.request("POST", "/api/user/createuser", "", CREDENTIALS);
    assert!(course.contains("sign_up_closed"), "{course}");

    let created = run(folder.path(), &["user", "create", "ada"], &[]);
    assert_eq!(text(&created.stderr), "created \"ada\"\n");
    let password = text(&created.stdout).trim_end();
    assert!(signs_in(&running, &CREDENTIALS.replace("correct horse", password)));
    let again = run(folder.path(), &["user", "create", "Ada"], &[]);
    assert!(!again.status.success() && error_line(&again).contains("already taken"), "{}", error_line(&again));

    let chosen = |name: &str, password: &str| {
        let mut command = daypass(folder.path(), &["user", "create", name, "--password-stdin"], &[]);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        child.stdin.take().unwrap().write_all(password.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let bob = chosen("bob", "correct horse\n");
    assert!(bob.status.success() && bob.stdout.is_empty(), "{}", text(&bob.stderr));
    assert!(signs_in(&running, &CREDENTIALS.replace("ada", "bob")));
    for (password, expected) in [("short\n", "at least 8 characters"), ("carolina-7531\n", "username")] {
        let output = chosen("carolina", password);
        assert!(output.status.code() == Some(2) && error_line(&output).contains(expected), "{}", error_line(&output));
    }
    let listed = run(folder.path(), &["user", "list", "--json"], &[]);
    assert_eq!(text(&listed.stdout).lines().count(), 2, "rejected users do not exist");
}

#[test]
fn granted_and_revoked_roles_are_used_by_the_running_service() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let roles = |arguments: &[&str]| run(folder.path(), &[&["user"][..], arguments].concat(), &[]);
    let is_admin = || running.request("GET", "/api/verify?role=admin", &token, "").starts_with("HTTP/1.1 204");
    assert!(!is_admin());
    let granted = roles(&["grant", "ADA", "editor", "admin", "admin"]);
    assert_eq!(text(&granted.stdout), "roles of \"ada\": admin,editor\n", "{}", text(&granted.stderr));
    wait_until("the role is in force", is_admin);
    let listed = text(&roles(&["list", "--json"]).stdout).to_owned();
    assert!(listed.contains(r#""roles":["admin","editor"]"#), "{listed}");
    assert!(text(&roles(&["list"]).stdout).contains("ada  (admin, editor)"));
    assert_eq!(text(&roles(&["revoke", "ada", "admin", "other"]).stdout), "roles of \"ada\": editor\n");
    wait_until("the role is revoked", || !is_admin());
    assert_eq!(running.verify(&token), 204, "the session continues");
    assert_eq!(text(&roles(&["revoke", "ada", "editor"]).stdout), "roles of \"ada\": none\n");

    for (arguments, expected) in [
        (&["grant", "ada", "Admin"][..], "a role must start with a letter"),
        (&["grant", "ada"], "required"),
        (&["create", "bob", "--role", "no role"], "a role must start with a letter"),
    ] {
        let refused = roles(arguments);
        assert!(
            refused.status.code() == Some(2) && text(&refused.stderr).contains(expected),
            "{}",
            text(&refused.stderr)
        );
    }
    let many: Vec<_> = (0..17).map(|number| format!("r{number}")).collect();
    let many: Vec<_> = ["grant", "ada"].into_iter().chain(many.iter().map(String::as_str)).collect();
    assert!(error_line(&roles(&many)).contains("at most 16 roles"));
    let listed = text(&roles(&["list", "--json"]).stdout).to_owned();
    assert!(listed.contains(r#""roles":[]"#), "the user has none of them: {listed}");
    let created = roles(&["create", "bob", "--role=editor", "--role=admin"]);
    assert!(created.status.success(), "{}", text(&created.stderr));
    assert!(text(&roles(&["list"]).stdout).contains("bob  (admin, editor)"));
}

#[test]
fn user_delete_asks_for_confirmation_and_ends_the_sessions() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let asked = run(folder.path(), &["user", "delete", "ada"], &[]);
    assert_eq!(asked.status.code(), Some(2));
    assert!(error_line(&asked).contains("--yes"));
    assert_eq!(running.verify(&token), 204);
    let deleted = run(folder.path(), &["user", "delete", "ada", "--yes"], &[]);
    assert!(deleted.status.success(), "{}", text(&deleted.stderr));
    wait_until_rejected(&running, &token, "account");
    assert!(!signs_in(&running, CREDENTIALS));
    assert_eq!(text(&run(folder.path(), &["user", "list", "--json"], &[]).stdout), "");
}

#[test]
fn unknown_user_is_reported_in_one_line() {
    let folder = TempDir::new().unwrap();
    let early = run(folder.path(), &["user", "list"], &[]);
    assert!(early.status.code() == Some(1) && error_line(&early).contains("daypass migrate up"));
    run(folder.path(), &["migrate", "up"], &[]);
    for arguments in
        [["disable", "nobody"], ["enable", "nobody"], ["delete", "nobody"], ["reset-password", "no\u{1b}body"]]
    {
        let output = run(folder.path(), &["user", arguments[0], arguments[1]], &[]);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error_line(&output).starts_with("error: user \"no"), "{arguments:?}");
        assert!(!error_line(&output).contains('\u{1b}'));
    }
}

#[test]
fn user_list_is_aligned_and_counts_active_sessions() {
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
