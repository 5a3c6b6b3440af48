//! The file `.env`: start and SIGHUP read it alike, and the environment takes precedence.

use std::path::Path;

use tempfile::TempDir;

use crate::running::*;

const FIRST: &str = "the first secret of more than 32 bytes";
const SECOND: &str = "the second secret of more than 32 bytes";
const FORMER: &str = "a former secret of more than 32 bytes";
const CHEAP: (&str, &str) = ("ARGON2", "m=8,t=1,p=1");

fn write(folder: &Path, text: &str) {
    std::fs::write(folder.join(".env"), text).unwrap();
}

/// Returns a token that is signed with this secret.
fn signed_with(folder: &Path, secret: &str) -> String {
    let running = Running::start(folder, &[("JWT_SECRET", secret), CHEAP]);
    let answer = running.post_until_available("/api/users", CREDENTIALS);
    if answer.starts_with("HTTP/1.1 201") {
        return answer.split(r#""sessionToken":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    }
    running.sign_in()
}

/// Sends SIGHUP with `FORMER` among the retired secrets, and waits until the process verifies with it.
fn reread(running: &Running, folder: &Path, file: &str, former: &str) {
    write(folder, &format!("{file}JWT_SECRETS_RETIRED='{FORMER}'\n"));
    assert_eq!(running.verify(former), 401);
    running.hang_up();
    wait_until("the file is read again", || running.verify(former) == 204);
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn first_of_two_secrets_is_used_at_start_and_after_sighup() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (former, first) = (signed_with(folder, FORMER), signed_with(folder, FIRST));
    let file = format!("JWT_SECRET='{FIRST}'\nJWT_SECRET='{SECOND}'\n");
    write(folder, &file);
    let running = Running::start(folder, &[CHEAP]);
    assert_eq!(key_of(&running.sign_in()), key_of(&first));
    reread(&running, folder, &file, &former);
    assert_eq!(key_of(&running.sign_in()), key_of(&first));
    let (_, log) = running.stop("-TERM");
    let warnings = log.lines().filter(|line| line.contains("WARN") && line.contains("JWT_SECRET"));
    assert_eq!(warnings.filter(|line| line.contains("more than once")).count(), 2, "{log}");
    assert!(!log.contains(FIRST) && !log.contains(SECOND), "{log}");
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn empty_variable_counts_as_unset() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (former, first, second) =
        (signed_with(folder, FORMER), signed_with(folder, FIRST), signed_with(folder, SECOND));
    write(folder, &format!("JWT_SECRET='{FIRST}'\nJWT_TTL=2h\n"));
    let empty = [CHEAP, ("JWT_SECRET", ""), ("JWT_SECRETS_RETIRED", ""), ("JWT_TTL", "")];
    let running = Running::start(folder, &empty);
    assert!(running.notice.contains("valid for 2h"), "{}", running.notice);
    assert_eq!(key_of(&running.sign_in()), key_of(&first));
    reread(&running, folder, &format!("JWT_SECRET='{SECOND}'\n"), &former);
    assert_eq!(key_of(&running.sign_in()), key_of(&second));
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn environment_takes_precedence_over_the_file_also_after_sighup() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (former, first) = (signed_with(folder, FORMER), signed_with(folder, FIRST));
    let file = format!("JWT_SECRET='{SECOND}'\n");
    write(folder, &file);
    let running = Running::start(folder, &[CHEAP, ("JWT_SECRET", FIRST)]);
    assert_eq!(key_of(&running.sign_in()), key_of(&first));
    reread(&running, folder, &file, &former);
    assert_eq!(key_of(&running.sign_in()), key_of(&first));
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn file_without_the_secret_changes_nothing_in_production() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let first = signed_with(folder, FIRST);
    let log = folder.join("log");
    let running = {
        write(folder, &format!("JWT_SECRET='{FIRST}'\n"));
        #[cfg(unix)]
        std::fs::set_permissions(folder.join(".env"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        Running::start_with_log(
            folder,
            &[CHEAP, ("DAYPASS_ENV", "production")],
            std::fs::File::create(&log).unwrap().into(),
        )
    };
    for (number, file) in ["", "JWT_SECRET=\n", "OTHER=1\n"].into_iter().enumerate() {
        write(folder, file);
        running.hang_up();
        // Signals that follow each other too fast are handled as one.
        let kept = || std::fs::read_to_string(&log).unwrap().matches("the previous keys stay in use").count();
        wait_until("the previous keys stay in use", || kept() > number);
    }
    // The last file is valid again and retires no secret.
    write(folder, &format!("JWT_SECRET='{FIRST}'\n"));
    running.hang_up();
    for _ in 0..20 {
        assert_eq!(running.verify(&first), 204);
    }
}

#[test]
fn dollar_signs_in_secrets_are_not_replaced() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    const DOLLARS: &str = "pa$HOME-and-$5-and-$ignored-of-32-bytes";
    let expected = signed_with(folder, DOLLARS);
    for line in
        [format!("JWT_SECRET={DOLLARS}\n"), format!("JWT_SECRET=\"{DOLLARS}\"\n"), format!("JWT_SECRET='{DOLLARS}'\n")]
    {
        write(folder, &line);
        let running = Running::start(folder, &[CHEAP, ("HOME", "/root")]);
        assert_eq!(key_of(&running.sign_in()), key_of(&expected), "{line}");
    }
    write(folder, "JWT_SECRET=\"${SECRET_OF_ANOTHER_FILE} and more than 32 bytes\"\n");
    let output = run(folder, &[], &[]);
    let error = error_line(&output);
    assert!(error.contains(".env, line 1: ${…} is not replaced") && !error.contains("ANOTHER"), "{error}");
}

/// Waits until the log file contains this text.
fn wait_for(log: &Path, text: &str) -> String {
    for _ in 0..1000 {
        let written = std::fs::read_to_string(log).unwrap();
        if written.contains(text) {
            return written;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("{text:?} is missing in {}", std::fs::read_to_string(log).unwrap());
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn reload_reports_what_changed_and_what_it_ignored() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let (first, second) = (signed_with(folder, FIRST), signed_with(folder, SECOND));
    let key_id = |token: &str| {
        use base64::Engine as _;
        let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(key_of(token)).unwrap();
        serde_json::from_slice::<serde_json::Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    write(folder, &format!("JWT_SECRET='{FIRST}'\nJWT_TTL=1h\n"));
    let log = folder.join("log");
    let settings = [CHEAP, ("JWT_SECRETS_RETIRED", FORMER)];
    let running = Running::start_with_log(folder, &settings, std::fs::File::create(&log).unwrap().into());

    running.hang_up();
    wait_for(&log, "no key has changed");

    write(folder, &format!("JWT_SECRET='{SECOND}'\nJWT_SECRETS_RETIRED='{FIRST}'\nJWT_TTL=2h\n"));
    running.hang_up();
    let written = wait_for(&log, &format!("added=[\"{}\"]", key_id(&second)));
    assert!(written.contains(&format!("signing={}", key_id(&second))), "{written}");
    assert!(written.contains(&format!("removed=[\"{}\"]", key_id(&first))), "{written}");
    assert!(written.contains("JWT_TTL has changed in .env; restart"), "{written}");
    assert!(written.contains("JWT_SECRETS_RETIRED of .env is ignored"), "{written}");
    assert!(!written.contains(FIRST) && !written.contains(SECOND) && !written.contains(FORMER), "{written}");
    assert_eq!((running.verify(&first), running.verify(&second)), (401, 204), "the environment wins over the file");
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn flag_takes_precedence_over_the_file_also_after_sighup() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let first = signed_with(folder, FIRST);
    write(folder, &format!("JWT_SECRET='{SECOND}'\n"));
    let log = folder.join("log");
    let mut command = daypass(folder, &["--jwt-secret", FIRST], &[CHEAP]);
    command.stderr(std::fs::File::create(&log).unwrap());
    let running = Running::wait_for_notice(command);
    assert_eq!(running.verify(&first), 204);
    write(folder, &format!("JWT_SECRET='{FORMER}'\n"));
    running.hang_up();
    wait_for(&log, "JWT_SECRET of .env is ignored");
    wait_for(&log, "no key has changed");
    assert_eq!(running.verify(&first), 204);
}
