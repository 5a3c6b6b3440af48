//! Settings: where they come from, and what a wrong one is told.

use std::net::TcpListener;
use std::path::Path;

use clap::CommandFactory as _;
use daypass::cli::Cli;
use tempfile::TempDir;

use crate::running::*;

#[test]
fn a_wrong_setting_is_told_in_a_line_that_names_it() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (setting, value, status) in [
        ("PORT", "http", 2),
        ("PORT", "70000", 2),
        ("PORT", port.as_str(), 1),
        ("HOST", "not an address", 2),
        ("JWT_TTL", "tomorrow", 2),
        ("JWT_LEEWAY", "61s", 2),
        ("ARGON2", "m=1", 2),
        ("HASH_THREADS", "0", 2),
        ("PASSWORD_MIN_LENGTH", "7", 2),
        ("CORS_ORIGINS", "*", 2),
        ("CLASSROOM", "perhaps", 2),
        ("COOKIE_SECURE", "sometimes", 2),
        ("SESSION_ROLLING", "30s", 2),
        ("SESSION_ROLLING", "25h", 2),
        ("SESSION_STORE", "disk", 2),
        ("SESSION_STORE", "redis://app:hunter2@127.0.0.1:notaport", 2),
        ("SESSION_STORE", "rediss//app:hunter2@127.0.0.1", 2),
        ("SESSION_STORE", "redis+unix://hunter2?pass=hunter2", 2),
        ("LOG", "nonsense=nonsense", 2),
        ("LOG_FORMAT", "xml", 2),
        ("DAYPASS_ENV", "staging", 2),
        ("DATABASE_URL", "oracle://app:hunter2@db/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:notaport/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2/#?@127.0.0.1:1/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/x", 1),
        ("DATABASE_URL", "sqlite:///proc/nowhere/daypass.db?mode=rwc", 1),
    ] {
        let output = run(folder.path(), &[], &[("PORT", "0"), (setting, value)]);
        assert_eq!(output.status.code(), Some(status), "{setting}={value}: {}", text(&output.stderr));
        let error = complaint(&output);
        let named = error.to_lowercase().contains(&setting.to_lowercase().replace('_', "-"))
            || error.contains(setting)
            || error.contains("database")
            || error.contains("nowhere");
        assert!(error.starts_with("error: ") && named, "{setting}={value}: {error}");
        assert!(!error.contains("hunter2") && !error.contains("backtrace") && !error.contains("panicked"), "{error}");
    }
}

#[test]
fn no_password_is_in_the_help_or_in_the_notice() {
    let folder = TempDir::new().unwrap();
    for (address, shown) in [
        ("REDIS://app:hunter2@127.0.0.1:1/3", "kept in redis://127.0.0.1:1/3\n"),
        ("redis+unix:///tmp/none.sock?pass=hunter2", "kept in redis+unix:///tmp/none.sock\n"),
    ] {
        let running = Running::start(folder.path(), &[("SESSION_STORE", address)]);
        assert!(running.notice.contains(shown) && !running.notice.contains("hunter2"), "{}", running.notice);
        let help = run(Path::new("."), &["--help"], &[("SESSION_STORE", address)]);
        assert!(help.status.success() && !text(&help.stdout).contains("hunter2"));
    }
}

#[test]
fn a_cookie_without_tls_is_for_development_alone() {
    let folder = TempDir::new().unwrap();
    let plain = [("COOKIE_SECURE", "false"), ("JWT_SECRET", GOOD_SECRET)];
    let running = Running::start(folder.path(), &plain);
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("WARN") && log.contains("COOKIE_SECURE=false"), "{log}");
    let output = run(folder.path(), &[], &[&plain[..], &[("DAYPASS_ENV", "production")]].concat());
    assert!(!output.status.success() && complaint(&output).contains("COOKIE_SECURE"), "{}", complaint(&output));
}

#[test]
fn the_file_env_is_read_and_the_environment_wins() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_TTL=2h\nJWT_LEEWAY=7s\n").unwrap();
    let running = Running::start(folder.path(), &[("JWT_TTL", "3h")]);
    assert!(running.notice.contains("live 3h, leeway 7s"), "{}", running.notice);
    std::fs::write(folder.path().join(".env"), "JWT_SECRET=hunter2 with blanks and more\n").unwrap();
    let output = run(folder.path(), &[], &[]);
    assert!(complaint(&output).contains(".env") && !complaint(&output).contains("hunter2"));
}

#[test]
fn an_empty_setting_is_the_default() {
    let folder = TempDir::new().unwrap();
    let names = Cli::command();
    let names = names.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let file: String = names.map(|name| format!("{name}=\n")).collect();
    std::fs::write(folder.path().join(".env"), file.replace("PORT=\n", "")).unwrap();
    let running = Running::start(folder.path(), &[]);
    assert!(
        running.notice.contains("live 1day") && running.notice.contains("sqlite://data/daypass.db"),
        "{}",
        running.notice
    );
}

#[test]
fn help_lists_every_setting_that_the_example_file_explains() {
    let example = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".env.example")).unwrap();
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let command = Cli::command();
    let mut settings = 0;
    for argument in command.get_arguments() {
        let Some(name) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        settings += 1;
        let line = example.lines().find(|line| line.trim_start_matches("# ").starts_with(&format!("{name}=")));
        let line = line.unwrap_or_else(|| panic!("{name} is missing in .env.example"));
        for default in argument.get_default_values() {
            assert!(line.ends_with(&format!("={}", default.to_str().unwrap())), "the default of {name}: {line}");
        }
        assert!(readme.contains(&format!("`{name}`")), "{name} is missing in the README");
    }
    let explained = example.lines().filter(|line| {
        line.trim_start_matches("# ").split_once('=').is_some_and(|(name, _)| {
            !name.is_empty()
                && name.chars().all(|char| char.is_ascii_uppercase() || char == '_' || char.is_ascii_digit())
        })
    });
    assert_eq!(explained.count(), settings, "each setting once");
    assert!(settings <= 28);
    let help = run(Path::new("."), &["--help"], &[]);
    assert!(help.status.success() && text(&help.stdout).contains("JWT_SECRETS_RETIRED"));
}
