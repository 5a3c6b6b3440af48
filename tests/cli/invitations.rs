//! `daypass invite`: a link that works once, the list, and revocation.

use serde_json::Value;
use tempfile::TempDir;

use crate::running::*;

const BODY: &str = r#"{"username":"NAME","password":"correct horse battery","invitation":"CODE"}"#;

fn sign_up(running: &Running, name: &str, code: &str) -> String {
    running.post_until_available("/api/users", &BODY.replace("NAME", name).replace("CODE", code))
}

#[test]
fn invited_user_signs_up_with_the_printed_link() {
    let folder = TempDir::new().unwrap();
    let settings =
        [("SIGN_UP", "invited"), ("PUBLIC_URL", "https://accounts.example.com/app/"), ("LOG", "debug,sqlx=info")];
    let running = Running::start(folder.path(), &settings);
    let invite = ["invite", "create", "--role=editor", "--note=for the editors", "--expires=2d"];
    let created = run(folder.path(), &invite, &settings);
    let link = text(&created.stdout).trim_end();
    let code = link.strip_prefix("https://accounts.example.com/app/#invitation=").unwrap();
    assert_eq!(code.len(), 22);
    let messages = text(&created.stderr);
    assert!(messages.contains('█') && messages.contains("invitation 1: uses 1, expires "), "{messages}");
    assert!(!messages.contains(code) && !messages.contains("warning"), "{messages}");

    assert!(sign_up(&running, "ada", "").contains("invitation_invalid"));
    let reply = sign_up(&running, "ada", code);
    assert!(reply.starts_with("HTTP/1.1 201") && reply.contains(r#""roles":["editor"]"#), "{reply}");
    assert!(sign_up(&running, "bob", code).contains("invitation_used_up"));
    let listed = run(folder.path(), &["invite", "list", "--json"], &[]);
    let row: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&row["uses"], &row["maxUses"], &row["status"]), (&1.into(), &1.into(), &"used up".into()));
    assert_eq!((&row["note"], &row["roles"][0]), (&"for the editors".into(), &"editor".into()));
    assert!(!text(&listed.stdout).contains(code));
    let table = run(folder.path(), &["invite", "list"], &[]);
    assert!(text(&table.stdout).contains("used up") && text(&table.stdout).contains("for the editors"));
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("signed up") && !log.contains(code), "{log}");
}

#[test]
fn revoked_invitation_is_rejected() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("SIGN_UP", "invited")]);
    let created = run(folder.path(), &["invite", "create", "--uses=5"], &[]);
    assert!(text(&created.stderr).contains("set PUBLIC_URL"), "{}", text(&created.stderr));
    let code = text(&created.stdout).trim_end().split_once("#invitation=").unwrap().1.to_owned();
    assert_eq!(text(&run(folder.path(), &["invite", "revoke", "1"], &[]).stdout), "revoked invitation 1\n");
    assert!(sign_up(&running, "ada", &code).contains("invitation_invalid"));
    assert_eq!(error_line(&run(folder.path(), &["invite", "revoke", "7"], &[])), "error: invitation 7 not found");
}

#[test]
fn invalid_arguments_are_reported() {
    let folder = TempDir::new().unwrap();
    run(folder.path(), &["migrate", "up"], &[]);
    let long = format!("--note={}", "x".repeat(201));
    for argument in ["--uses=0", "--expires=1s", "--role=Admin", &long] {
        let refused = run(folder.path(), &["invite", "create", argument], &[]);
        assert_eq!(refused.status.code(), Some(2), "{argument}");
    }
    assert_eq!(text(&run(folder.path(), &["invite", "list", "--json"], &[]).stdout), "");
    let closed = run(folder.path(), &["invite", "create"], &[("SIGN_UP", "closed"), ("PAGES", "false")]);
    let warnings = text(&closed.stderr);
    assert!(warnings.contains("SIGN_UP=invited") && warnings.contains("PAGES=false"), "{warnings}");
}
