//! E-mail and password resets next to a running service.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::running::*;

const NEW_PASSWORD: &str = "another horse, another staple";

/// Waits for a message and returns its text. Deletes the message.
fn message(folder: &Path) -> String {
    let is_message = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "eml");
    let first = || fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_message).min();
    wait_until("a message", || first().is_some());
    let path = first().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    text.replace("=\r\n", "").replace("=3D", "=")
}

fn code<'a>(message: &'a str, fragment: &str) -> &'a str {
    let (_, rest) = message.split_once(&format!("#{fragment}=")).unwrap();
    rest.split(['\r', '"']).next().unwrap()
}

fn reset(running: &Running, code: &str) -> String {
    let body = format!(r#"{{"code":"{code}","newPassword":"{NEW_PASSWORD}"}}"#);
    running.request("PUT", "/api/password-resets", "", &body)
}

#[test]
fn forgotten_password_is_reset_by_message_and_the_log_has_no_address_and_no_code() {
    let folder = TempDir::new().unwrap();
    let mail = folder.path().join("mail");
    let mailer = format!("file:{}", mail.display());
    let settings = [
        ("MAILER", &*mailer),
        ("PUBLIC_URL", "https://accounts.example.com"),
        ("LOG", "debug"),
        ("RATE_LIMITS", "off"),
    ];
    let running = Running::start(folder.path(), &settings);
    let body = r#"{"username":"ada","password":"correct horse battery","email":"ada@mail.example"}"#;
    assert!(running.post_until_available("/api/users", body).starts_with("HTTP/1.1 201"));
    let verification = message(&mail);
    let verify = format!(r#"{{"code":"{}"}}"#, code(&verification, "verify-email"));
    assert!(running.request("POST", "/api/email-verifications", "", &verify).starts_with("HTTP/1.1 200"));
    for account in [r#"{"username":"nobody"}"#, r#"{"email":"ada@mail.example"}"#] {
        assert!(running.request("POST", "/api/password-resets", "", account).starts_with("HTTP/1.1 202"));
    }
    let letter = message(&mail);
    let secret = code(&letter, "reset");
    let done = reset(&running, secret);
    assert!(done.starts_with("HTTP/1.1 200"), "{done}");
    assert!(reset(&running, secret).contains("code_invalid"));
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("reset the password"), "{log}");
    for hidden in ["mail.example", secret, code(&verification, "verify-email"), "nobody"] {
        assert!(!log.contains(hidden), "{hidden}: {log}");
    }
}

#[test]
fn mailer_of_development_writes_messages_to_the_log() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let body = r#"{"username":"ada","password":"correct horse battery","email":"ada@mail.example"}"#;
    assert!(running.post_until_available("/api/users", body).starts_with("HTTP/1.1 201"));
    wait_until("the message is sent", || {
        let export = run(folder.path(), &["user", "export", "ada"], &[]);
        text(&export.stdout).contains(r#""messages":[]"#)
    });
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("message to ada@mail.example: Confirm your e-mail address for Daypass"), "{log}");
    assert!(log.contains("> http://127.0.0.1:") && !log.contains("http://127.0.0.1:0/"), "{log}");
}

#[test]
fn operator_creates_a_user_with_an_address_and_prints_a_reset_link() {
    let folder = TempDir::new().unwrap();
    let settings = [("MAILER", "none"), ("PUBLIC_URL", "https://accounts.example.com")];
    let running = Running::start(folder.path(), &settings);
    let create = ["user", "create", "ada", "--email", "Ada@EXAMPLE.com", "--role", "admin"];
    assert!(run(folder.path(), &create, &settings).status.success());
    let export = run(folder.path(), &["user", "export", "ADA"], &[]);
    let export: Value = serde_json::from_slice(&export.stdout).unwrap();
    let user = &export["user"];
    assert_eq!((&user["email"], &user["emailVerified"]), (&"Ada@example.com".into(), &true.into()));
    for (arguments, expected) in [
        (["user", "create", "bob", "--email", "Ada@example.com"], "error: Another account already uses this e-mail"),
        (
            ["user", "create", "bob", "--email", "not an address"],
            "error: invalid value 'not an address' for '--email <EMAIL>': This is not an",
        ),
    ] {
        let rejected = run(folder.path(), &arguments, &[]);
        let line = error_line(&rejected);
        assert!(line.starts_with(expected), "{line}");
    }
    let exported = run(folder.path(), &["user", "export", "bob"], &[]);
    assert_eq!(error_line(&exported), "error: user \"bob\" not found", "a rejected command creates no user");

    let set = run(folder.path(), &["user", "set-email", "ada", "ada@example.org"], &[]);
    assert_eq!(text(&set.stdout), "set the e-mail address of \"ada\"\n");
    let export = run(folder.path(), &["user", "export", "ada"], &[]);
    assert!(text(&export.stdout).contains(r#""email":"ada@example.org","emailVerified":true"#));
    assert!(run(folder.path(), &["user", "set-email", "ada"], &[]).status.success());
    let export = run(folder.path(), &["user", "export", "ada"], &[]);
    assert!(!text(&export.stdout).contains("ada@example.org"));

    let link = run(folder.path(), &["user", "reset-link", "ada"], &settings);
    assert_eq!(text(&link.stderr), "");
    let secret = text(&link.stdout).trim_end().strip_prefix("https://accounts.example.com/#reset=").unwrap();
    assert!(reset(&running, secret).starts_with("HTTP/1.1 200"));
    assert!(run(folder.path(), &["user", "disable", "ada"], &[]).status.success());
    let disabled = run(folder.path(), &["user", "reset-link", "ada"], &settings);
    assert_eq!(error_line(&disabled), "error: user \"ada\" is disabled; run: daypass user enable");
}

#[test]
fn settings_that_cannot_work_stop_the_start() {
    let folder = TempDir::new().unwrap();
    let production = |settings: &[(&'static str, &'static str)]| {
        let base = [("DAYPASS_ENV", "production"), ("JWT_SECRET", "0f1e2d3c4b5a69788796a5b4c3d2e1f0")];
        let refused = run(folder.path(), &["serve"], &[&base, settings].concat());
        assert_eq!(refused.status.code(), Some(2), "{settings:?}");
        error_line(&refused).to_owned()
    };
    let from = ("MAIL_FROM", "no-reply@example.com");
    let url = ("SMTP_URL", "smtps://u:hidden-password@mail.example");
    for (settings, expected) in [
        (vec![("MAILER", "log")], "MAILER=log writes codes to the log"),
        (vec![("MAILER", "smtp"), from], "MAILER=smtp needs SMTP_URL"),
        (vec![("MAILER", "smtp"), url], "MAILER=smtp needs MAIL_FROM"),
        (vec![("MAILER", "smtp"), url, from], "MAILER needs PUBLIC_URL in production"),
        (vec![("MAILER", "pigeon")], "MAILER: \"pigeon\" is invalid: must be smtp, log, file:DIR or none"),
        (vec![("SMTP_URL", "smtp://u:hidden-password@mail.example?tls=none")], "SMTP_URL: would send the password"),
        (vec![("MAIL_FROM", "nobody")], "MAIL_FROM: \"nobody\" is invalid: must be a sender"),
    ] {
        let line = production(&settings);
        assert!(line.contains(expected) && !line.contains("hidden-password"), "{settings:?}: {line}");
    }
    fs::write(folder.path().join("password_reset.txt"), "Subject: x\n{{ cod }}").unwrap();
    let templates = folder.path().display().to_string();
    let refused = run(folder.path(), &["serve"], &[("MAIL_TEMPLATES", &*templates), ("PORT", "0")]);
    assert!(error_line(&refused).starts_with("error: MAIL_TEMPLATES: password_reset.txt: undefined value"));
    assert_eq!(refused.status.code(), Some(2));
    let config = run(folder.path(), &["config"], &[url, ("MAILER", "smtp"), from]);
    assert!(text(&config.stdout).contains("SMTP_URL=smtps://(hidden)@mail.example:465  # environment"));
    assert!(!text(&config.stdout).contains("hidden-password"));
}
