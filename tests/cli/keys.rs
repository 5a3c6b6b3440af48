//! Secrets and keys: which are taken, refused, rotated.

use daypass::config::EXAMPLE_SECRET;
use tempfile::TempDir;

use crate::running::*;

#[test]
fn production_needs_a_secret_that_cannot_be_guessed() {
    let folder = TempDir::new().unwrap();
    let repeated = "ab".repeat(32);
    for secret in [None, Some(""), Some("short"), Some(EXAMPLE_SECRET), Some(repeated.as_str())] {
        let mut settings = vec![("DAYPASS_ENV", "production"), ("PORT", "0")];
        settings.extend(secret.map(|secret| ("JWT_SECRET", secret)));
        let output = run(folder.path(), &[], &settings);
        assert_eq!(output.status.code(), Some(2), "{secret:?}");
        let line = complaint(&output);
        assert!(line.contains("JWT_SECRET") && line.contains("daypass secret generate"), "{line}");
        assert!(secret.is_none_or(|secret| secret.is_empty() || !line.contains(secret)), "{line}");
    }
    let good = Running::start(folder.path(), &[("DAYPASS_ENV", "production"), ("JWT_SECRET", GOOD_SECRET)]);
    assert!(good.notice.contains("JWT_SECRET") && !good.notice.contains(GOOD_SECRET), "{}", good.notice);
}

#[test]
fn a_retired_secret_still_verifies() {
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

/// Stops what goes on until it is told to.
struct StopAtEnd<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
fn keys_rotate_without_a_restart_and_nobody_is_signed_out() {
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
        // Also when an assertion fails: the threads would go on for ever.
        let stop_at_end = StopAtEnd(&stop);
        for (signing, retired) in [(new, old), (old, new), (new, old)] {
            std::fs::write(&env, format!("JWT_SECRET='{signing}'\nJWT_SECRETS_RETIRED='{retired}'\n")).unwrap();
            running.hang_up();
            // The signal is heard in its own time; the key of a new token tells that it was.
            let heard = (0..500).any(|_| (key_of(&running.sign_in()) == key_of(&token)) == (signing == old));
            assert!(heard, "the signal was not heard");
        }
        drop(stop_at_end);
        load.into_iter()
            .flat_map(|load| load.join().unwrap())
            .map(|(status, _)| status)
            .collect::<std::collections::BTreeSet<_>>()
    });
    assert_eq!(seen, [204].into(), "nobody was refused while keys rotated");
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
fn a_private_key_that_cannot_sign_is_told_in_a_line() {
    let folder = TempDir::new().unwrap();
    let eddsa = ("JWT_ALGORITHM", "EdDSA");
    let port = ("PORT", "0");
    assert!(complaint(&run(folder.path(), &[], &[port, eddsa])).contains("openssl genpkey"));
    for (name, content) in [
        ("empty.pem", ""),
        ("nonsense.pem", "nonsense"),
        ("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
        let output = run(folder.path(), &[], &[port, eddsa, ("JWT_PRIVATE_KEY_FILE", name)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(complaint(&output).contains("Ed25519"), "{name}");
    }
    let missing = run(folder.path(), &[], &[port, eddsa, ("JWT_PRIVATE_KEY_FILE", "missing.pem")]);
    assert!(complaint(&missing).contains("missing.pem"));
}

#[test]
fn a_secret_is_generated_on_request() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["secret", "generate"], &[]);
    let secret = text(&output.stdout).trim_end();
    assert_eq!(secret.len(), 64);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
}
