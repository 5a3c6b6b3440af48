//! Secrets and keys: which are accepted, and how they are rotated.

use daypass::config::EXAMPLE_SECRET;
use tempfile::TempDir;

use crate::running::*;

#[test]
fn production_requires_a_strong_secret() {
    let folder = TempDir::new().unwrap();
    let repeated = "ab".repeat(32);
    for secret in [None, Some(""), Some("short"), Some(EXAMPLE_SECRET), Some(repeated.as_str())] {
        let mut settings = vec![("DAYPASS_ENV", "production"), ("PORT", "0")];
        settings.extend(secret.map(|secret| ("JWT_SECRET", secret)));
        let output = run(folder.path(), &[], &settings);
        assert_eq!(output.status.code(), Some(2), "{secret:?}");
        let line = error_line(&output);
        assert!(line.contains("JWT_SECRET") && line.contains("daypass secret generate"), "{line}");
        assert!(secret.is_none_or(|secret| secret.is_empty() || !line.contains(secret)), "{line}");
    }
    let good = Running::start(folder.path(), &[("DAYPASS_ENV", "production"), ("JWT_SECRET", GOOD_SECRET)]);
    assert!(good.notice.contains("JWT_SECRET") && !good.notice.contains(GOOD_SECRET), "{}", good.notice);
}

#[test]
fn retired_secret_still_verifies() {
    let folder = TempDir::new().unwrap();
    let first = Running::start(folder.path(), &[("JWT_SECRET", GOOD_SECRET)]);
    let token = first.sign_up();
    first.stop("-TERM");
    let new = "another secret of more than 32 bytes";
    let rotated = Running::start(folder.path(), &[("JWT_SECRET", new), ("JWT_SECRETS_RETIRED", GOOD_SECRET)]);
    assert_eq!(rotated.verify(&token), 204);
    rotated.stop("-TERM");
    let withdrawn = Running::start(folder.path(), &[("JWT_SECRET", new)]);
    assert_eq!(withdrawn.verify(&token), 401);
}

/// Stops the load threads when it is dropped.
struct StopAtEnd<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[cfg_attr(daypass_portable, ignore = "the portable code has no SIGHUP")]
#[test]
fn key_rotation_without_restart_keeps_sessions_valid() {
    let (folder, old, new) = (TempDir::new().unwrap(), GOOD_SECRET, "another secret of more than 32 bytes");
    let env = folder.path().join(".env");
    std::fs::write(&env, format!("JWT_SECRET={old}\n")).unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let load: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = std::collections::BTreeMap::new();
                    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                        *seen.entry(running.verify(&token)).or_insert(0) += 1;
                    }
                    seen
                })
            })
            .collect();
        // Dropped also when an assertion fails, because otherwise the threads never end.
        let stop_at_end = StopAtEnd(&stop);
        for (signing, retired) in [(new, old), (old, new), (new, old)] {
            std::fs::write(&env, format!("JWT_SECRET='{signing}'\nJWT_SECRETS_RETIRED='{retired}'\n")).unwrap();
            running.hang_up();
            // The signal is handled asynchronously. The key of a new token shows that it was.
            let rotated = (0..500).any(|_| (key_of(&running.sign_in()) == key_of(&token)) == (signing == old));
            assert!(rotated, "the signal was not handled");
        }
        drop(stop_at_end);
        load.into_iter()
            .flat_map(|load| load.join().unwrap())
            .map(|(status, _)| status)
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(seen, [204].into(), "a request was rejected during the rotation");
    assert_ne!(key_of(&running.sign_in()), key_of(&token), "the new key signs");

    std::fs::write(&env, "JWT_SECRET=short\n").unwrap();
    running.hang_up();
    assert_eq!(running.verify(&token), 204, "a bad file changes nothing");
    std::fs::write(&env, format!("JWT_SECRET='{new}'\nJWT_SECRETS_RETIRED='{old}'\n")).unwrap();
    let status = run(folder.path(), &["secret", "status"], &[]);
    let lines: Vec<_> = text(&status.stdout).lines().collect();
    assert!(lines[0].ends_with("signs and verifies") && lines[1].contains("verifies, needed until 20"), "{lines:?}");
    assert!(!text(&status.stdout).contains(old) && !text(&status.stdout).contains(new));
}

#[test]
fn unusable_private_key_is_reported_in_one_line() {
    let folder = TempDir::new().unwrap();
    let eddsa = ("JWT_ALGORITHM", "EdDSA");
    let port = ("PORT", "0");
    assert!(error_line(&run(folder.path(), &[], &[port, eddsa])).contains("openssl genpkey"));
    for (name, content) in [
        ("empty.pem", ""),
        ("nonsense.pem", "nonsense"),
        ("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
        let output = run(folder.path(), &[], &[port, eddsa, ("JWT_PRIVATE_KEY_FILE", name)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(error_line(&output).contains("Ed25519"), "{name}");
    }
    let missing = run(folder.path(), &[], &[port, eddsa, ("JWT_PRIVATE_KEY_FILE", "missing.pem")]);
    assert!(error_line(&missing).contains("missing.pem"));
}

#[test]
fn secret_generate_prints_a_secret() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["secret", "generate"], &[]);
    let secret = text(&output.stdout).trim_end();
    assert_eq!(secret.len(), 64);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
}
