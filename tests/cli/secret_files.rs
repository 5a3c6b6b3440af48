//! Secrets that are read from files.

use tempfile::TempDir;

use crate::running::*;

const OTHER_SECRET: &str = "a0b1c2d3e4f5061728394a5b6c7d8e9f";

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn secret_is_read_from_a_file_and_again_at_sighup() {
    let folder = TempDir::new().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{GOOD_SECRET}\n")).unwrap();
    let settings = [("JWT_SECRET_FILE", secret.to_str().unwrap()), ("ARGON2", "m=8,t=1,p=1")];
    let running = Running::start(folder.path(), &settings);
    assert!(!running.notice.contains(GOOD_SECRET) && !folder.path().join("data/jwt-secret").exists());
    let token = running.sign_up();
    let same = Running::start(folder.path(), &[("JWT_SECRET", GOOD_SECRET)]);
    assert_eq!(same.verify(&token), 204, "the final newline does not belong to the secret");

    std::fs::write(&secret, OTHER_SECRET).unwrap();
    running.hang_up();
    wait_until("the old key is removed", || running.verify(&token) == 401);
    assert_eq!(running.verify(&running.sign_in()), 204);
    std::fs::remove_file(&secret).unwrap();
    running.hang_up();
    let new = running.sign_in();
    let (_, log) = running.stop("-TERM");
    assert_ne!(key_of(&new), key_of(&token));
    assert!(log.contains("keys not reloaded") && log.contains("JWT_SECRET_FILE"), "{log}");
    assert!(!log.contains(OTHER_SECRET) && !log.contains(GOOD_SECRET), "{log}");
}

#[test]
fn address_of_the_database_is_read_from_a_file() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("url"), "sqlite://elsewhere.db?mode=rwc\n").unwrap();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL_FILE=url\n").unwrap();
    let running = Running::start(folder.path(), &[]);
    assert!(running.notice.contains("sqlite://elsewhere.db"), "{}", running.notice);
    assert!(folder.path().join("elsewhere.db").exists());
    let (_, log) = running.stop("-TERM");
    assert!(!log.contains("is not a setting"), "{log}");
}

#[test]
fn unusable_secret_file_is_an_error_that_names_the_setting() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("empty"), "\n").unwrap();
    std::fs::write(folder.path().join("weak"), "hunter2").unwrap();
    for (settings, expected) in [
        (&[("JWT_SECRET_FILE", "none")][..], "JWT_SECRET_FILE: cannot read none"),
        (&[("JWT_SECRET_FILE", "empty")], "JWT_SECRET_FILE: the file empty is empty"),
        (&[("JWT_SECRET_FILE", "weak")], "at least 32 bytes"),
        (
            &[("JWT_SECRET_FILE", "weak"), ("JWT_SECRET", GOOD_SECRET)],
            "JWT_SECRET and JWT_SECRET_FILE are both set; remove one of them",
        ),
        (&[("SESSION_STORE_FILE", "weak")], "SESSION_STORE"),
    ] {
        let output = run(folder.path(), &[], settings);
        let error = error_line(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected) && !error.contains("hunter2"), "{settings:?}: {error}");
    }
    // Commands that do not need the secret work without it.
    let missing = [("JWT_SECRET_FILE", "none")];
    for arguments in [&["--help"][..], &["secret", "generate"], &["migrate", "up"], &["backup", "copy.db"]] {
        let output = run(folder.path(), arguments, &missing);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
    assert_eq!(run(folder.path(), &["secret", "status"], &missing).status.code(), Some(2));
}
