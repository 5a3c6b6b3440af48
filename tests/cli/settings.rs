//! Settings: their sources, and errors about invalid ones.

use std::net::TcpListener;
use std::path::Path;

use clap::CommandFactory as _;
use daypass::cli::Cli;
use tempfile::TempDir;

use crate::running::*;

const CHEAP: (&str, &str) = ("ARGON2", "m=8,t=1,p=1");

#[test]
fn invalid_setting_is_reported_in_one_line_with_its_name() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for (setting, value, status) in [
        ("PORT", "http", 2),
        ("PORT", "70000", 2),
        ("PORT", port.as_str(), 1),
        ("HOST", "not an address", 2),
        ("KEEP_ALIVE", "0s", 2),
        ("KEEP_ALIVE", "for ever", 2),
        ("JWT_TTL", "tomorrow", 2),
        ("JWT_LEEWAY", "61s", 2),
        ("ARGON2", "m=1", 2),
        ("IMPORTED_HASH_COST", "15", 2),
        ("HASH_THREADS", "0", 2),
        ("PASSWORD_MIN_LENGTH", "7", 2),
        ("CORS_ORIGINS", "*", 2),
        ("CORS_ORIGINS", "http://*.example.com", 2),
        ("CORS_ORIGINS", "http://example.com/", 2),
        ("CORS_ORIGINS", "https://example.com,example.com", 2),
        ("CORS_ORIGINS", "https://user@example.com", 2),
        ("CORS_ORIGINS", "capacitor://", 2),
        ("CORS_ORIGINS", "null", 2),
        ("VERIFY_PREFLIGHT", "true", 2),
        ("CLASSROOM", "perhaps", 2),
        ("COOKIE_SECURE", "sometimes", 2),
        ("COOKIE_NAME", "day pass", 2),
        ("COOKIE_NAME", "daypass-variables", 2),
        ("PAGES", "sometimes", 2),
        ("SIGN_UP", "members", 2),
        ("SESSION_ROLLING", "30s", 2),
        ("SESSION_ROLLING", "25h", 2),
        ("SESSION_STORE", "disk", 2),
        ("SESSION_STORE", "redis://app:hunter2@127.0.0.1:notaport", 2),
        ("SESSION_STORE", "rediss//app:hunter2@127.0.0.1", 2),
        ("SESSION_STORE", "redis+unix://hunter2?pass=hunter2", 2),
        ("LOG", "nonsense=nonsense", 2),
        ("LOG_FORMAT", "xml", 2),
        ("AUDIT_RETENTION", "1m", 2),
        ("AUDIT_RETENTION", "for ever", 2),
        ("DAYPASS_ENV", "staging", 2),
        ("DATABASE_URL", "oracle://app:hunter2@db/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:notaport/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2/#?@127.0.0.1:1/x", 2),
        ("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/x", 1),
        ("DATABASE_URL", "sqlite:///proc/nowhere/daypass.db?mode=rwc", 1),
    ] {
        let output = run(folder.path(), &[], &[("PORT", "0"), (setting, value)]);
        assert_eq!(output.status.code(), Some(status), "{setting}={value}: {}", text(&output.stderr));
        let error = error_line(&output);
        let named = error.to_lowercase().contains(&setting.to_lowercase().replace('_', "-"))
            || error.contains(setting)
            || error.contains("database")
            || error.contains("nowhere");
        assert!(error.starts_with("error: ") && named, "{setting}={value}: {error}");
        assert!(!error.contains("hunter2") && !error.contains("backtrace") && !error.contains("panicked"), "{error}");
    }
}

#[test]
fn error_names_the_source_and_the_allowed_values() {
    let folder = TempDir::new().unwrap();
    let file = "# first\nDAYPASS_ENV=staging\nKEEP_ALIVE=0s\n";
    std::fs::write(folder.path().join(".env"), file).unwrap();
    for (arguments, settings, expected) in [
        (&["--port", "http"][..], &[][..], "--port: \"http\" is invalid: must be a number from 0 to 65535"),
        (&["--port=70000"], &[("PORT", "1")], "--port: \"70000\" is invalid"),
        (
            &["secret", "status", "--host", "no\u{1b}[31m"],
            &[],
            "--host: \"no\\u{1b}[31m\" is invalid: must be localhost",
        ),
        (
            &["--daypass-env=production"],
            &[("KEEP_ALIVE", "2h")],
            "KEEP_ALIVE: \"2h\" is invalid: must be from 1s to 1h",
        ),
        (&["--daypass-env=production"], &[], "KEEP_ALIVE (.env, line 3): \"0s\" is invalid: must be from 1s to 1h"),
        (&[], &[], "DAYPASS_ENV (.env, line 2): \"staging\" is invalid: must be development or production"),
        (
            &["--daypass-env=production"],
            &[("KEEP_ALIVE", "75s"), ("LOG", "warning")],
            "LOG: \"warning\" is invalid: \"warning\" matches nothing; use off, error, warn",
        ),
        (
            &["--daypass-env=production", "--keep-alive=1s"],
            &[("CLASSROOM", "perhaps")],
            "CLASSROOM: \"perhaps\" is invalid: must be true or false",
        ),
    ] {
        let output = run(folder.path(), arguments, settings);
        let error = error_line(&output);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(expected), "{arguments:?} {settings:?}: {error}");
    }
    let empty = TempDir::new().unwrap();
    for (arguments, expected) in [
        (&["backup"][..], "the following required arguments were not provided: <FILE>"),
        (&["--port"], "a value is required for '--port <PORT>'"),
        (&["bakup"], "did you mean backup?"),
    ] {
        let output = run(empty.path(), arguments, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert!(error_line(&output).contains(expected), "{arguments:?}: {}", error_line(&output));
    }
    let output = run(folder.path(), &["--prot=1"], &[]);
    assert!(error_line(&output).contains("--prot"), "{}", error_line(&output));
}

#[test]
fn names_that_look_like_settings_and_settings_without_effect_are_reported() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "RATELIMITS=off\nPOSTGRES_PASSWORD=hunter2\n").unwrap();
    let settings =
        [("JWT_SECRETT", "hunter2 and more"), ("JWT_PRIVATE_KEY_FILE", "none.pem"), ("HOSTNAME", "box"), CHEAP];
    let (_, log) = Running::start(folder.path(), &settings).stop("-TERM");
    for expected in [
        "JWT_SECRETT is not a setting; did you mean JWT_SECRET?",
        "RATELIMITS is not a setting; did you mean RATE_LIMITS?",
        "JWT_PRIVATE_KEY_FILE has no effect without JWT_ALGORITHM=EdDSA",
    ] {
        assert!(log.lines().any(|line| line.contains("WARN") && line.contains(expected)), "{expected}: {log}");
    }
    assert!(!log.contains("hunter2") && !log.contains("HOSTNAME") && !log.contains("POSTGRES"), "{log}");
}

#[test]
#[expect(clippy::print_stderr, reason = "the report of the tests says what was not tested")]
fn ipv6_address_of_a_database_is_not_looked_up_as_a_name() {
    let Ok(server) = TcpListener::bind("[::1]:0") else {
        eprintln!("skipped: this machine has no IPv6");
        return;
    };
    let port = server.local_addr().unwrap().port();
    let contacted = std::thread::spawn(move || server.accept().map(drop));
    let folder = TempDir::new().unwrap();
    let url = format!("postgres://app:hunter2@[::1]:{port}/x");
    let output = run(folder.path(), &["user", "list"], &[("DATABASE_URL", &url)]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    contacted.join().unwrap().unwrap();
}

#[test]
fn missing_database_file_is_reported_with_its_full_path() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().canonicalize().unwrap().join("none/daypass.db");
    let output = run(folder.path(), &["user", "list"], &[("DATABASE_URL", "sqlite://none/daypass.db")]);
    let error = error_line(&output);
    assert!(error.contains(&*path.to_string_lossy()) && error.contains("mode=rwc"), "{error}");
    assert!(!folder.path().join("none").exists());
}

#[test]
fn help_and_startup_notice_contain_no_password() {
    let folder = TempDir::new().unwrap();
    for (address, shown) in [
        ("REDIS://app:hunter2@127.0.0.1:1/3", "SESSION_STORE=redis://127.0.0.1:1/3  "),
        ("redis+unix:///tmp/none.sock?pass=hunter2", "SESSION_STORE=redis+unix:///tmp/none.sock  "),
    ] {
        let running = Running::start(folder.path(), &[("SESSION_STORE", address)]);
        assert!(!running.notice.contains("hunter2"), "{}", running.notice);
        let listed = run(folder.path(), &["config"], &[("SESSION_STORE", address)]);
        assert!(text(&listed.stdout).contains(shown) && !text(&listed.stdout).contains("hunter2"), "{shown}");
        let help = run(Path::new("."), &["--help"], &[("SESSION_STORE", address)]);
        assert!(help.status.success() && !text(&help.stdout).contains("hunter2"));
    }
}

#[test]
fn insecure_cookie_is_allowed_only_in_development() {
    let folder = TempDir::new().unwrap();
    let plain = [("COOKIE_SECURE", "false"), ("JWT_SECRET", GOOD_SECRET)];
    let running = Running::start(folder.path(), &plain);
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("WARN") && log.contains("COOKIE_SECURE=false"), "{log}");
    for value in ["false", "auto"] {
        let production = [("COOKIE_SECURE", value), ("JWT_SECRET", GOOD_SECRET), ("DAYPASS_ENV", "production")];
        let output = run(folder.path(), &[], &production);
        let expected = format!("COOKIE_SECURE={value} is not allowed");
        assert!(!output.status.success() && error_line(&output).contains(&expected), "{}", error_line(&output));
    }
}

#[test]
fn banner_shows_an_address_that_other_devices_can_open() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("HOST", "0.0.0.0")]);
    assert!(running.notice.contains("page      http://127.0.0.1:"), "{}", running.notice);
    // A machine without a network has no such address.
    if let Some(line) = running.notice.lines().find(|line| line.contains("network")) {
        assert!(line.contains("http://") && !line.contains("0.0.0.0") && !line.contains("127.0.0.1"), "{line}");
    }
    let local = Running::start(folder.path(), &[]);
    assert!(!local.notice.contains("network"), "{}", local.notice);
    let quiet = Running::start(folder.path(), &[("PAGES", "false")]);
    assert!(!quiet.notice.contains("page ") && quiet.notice.contains("API"), "{}", quiet.notice);
}

#[test]
fn insecure_cookies_of_a_network_are_warned_about() {
    let folder = TempDir::new().unwrap();
    for (host, warns) in [("0.0.0.0", true), ("127.0.0.1", false)] {
        let (_, log) = Running::start(folder.path(), &[("HOST", host)]).stop("-TERM");
        assert_eq!(log.contains("COOKIE_SECURE=auto"), warns, "{host}: {log}");
    }
}

#[test]
fn env_file_is_read_and_the_environment_takes_precedence() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "JWT_TTL=2h\nJWT_LEEWAY=7s\n").unwrap();
    let running = Running::start(folder.path(), &[("JWT_TTL", "3h")]);
    assert!(running.notice.contains("valid for 3h, leeway 7s"), "{}", running.notice);
    std::fs::write(folder.path().join(".env"), "JWT_SECRET=hunter2 with blanks and more\n").unwrap();
    let output = run(folder.path(), &[], &[]);
    assert!(error_line(&output).contains(".env") && !error_line(&output).contains("hunter2"));
}

#[test]
fn empty_setting_uses_the_default() {
    let folder = TempDir::new().unwrap();
    let names = Cli::command();
    let names = names.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let file: String = names.map(|name| format!("{name}=\n")).collect();
    std::fs::write(folder.path().join(".env"), file.replace("PORT=\n", "")).unwrap();
    let running = Running::start(folder.path(), &[]);
    assert!(
        running.notice.contains("valid for 1day") && running.notice.contains("sqlite://data/daypass.db"),
        "{}",
        running.notice
    );
}

#[test]
fn help_and_example_file_list_every_setting() {
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
            // The settings of an example of a provider are not arguments.
            !name.is_empty()
                && !name.starts_with("OIDC_ACME_")
                && name.chars().all(|char| char.is_ascii_uppercase() || char == '_' || char.is_ascii_digit())
        })
    });
    assert_eq!(explained.count(), settings, "each setting once");
    assert!(settings <= 43);
    let help = run(Path::new("."), &["--help"], &[]);
    assert!(help.status.success());
    for argument in command.get_arguments() {
        let Some(name) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        assert!(text(&help.stdout).contains(&format!("[env: {name}")), "{name} is missing in --help");
    }
}
