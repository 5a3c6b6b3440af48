//! `daypass doctor`: names what is wrong with a set-up, and changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use daypass::config::generate_secret;
use daypass::platform::random;
use sea_orm::ConnectionTrait as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::database::TestDatabase;
use crate::running::*;

/// A secret that a tutorial shows.
const PUBLIC_SECRET: &str = "a-string-secret-at-least-256-bits-long";

/// What a finding must be.
#[derive(Clone, Copy, Debug)]
struct Expected<'a> {
    check: &'a str,
    level: &'a str,
    /// A part of what was found.
    found: &'a str,
    /// A part of the repair.
    repair: &'a str,
}

fn error<'a>(check: &'a str, found: &'a str, repair: &'a str) -> Expected<'a> {
    Expected { check, level: "error", found, repair }
}

fn warning<'a>(check: &'a str, found: &'a str, repair: &'a str) -> Expected<'a> {
    Expected { check, level: "warning", found, repair }
}

/// A folder with a set-up for production that has no errors.
struct SetUp {
    folder: TempDir,
    settings: BTreeMap<String, String>,
    arguments: Vec<String>,
}

impl SetUp {
    fn healthy() -> Self {
        let secret = generate_secret(&mut random::secure());
        let port = free_port().to_string();
        let set_up = Self { folder: TempDir::new().unwrap(), settings: BTreeMap::new(), arguments: Vec::new() };
        let set_up = set_up
            .with("DAYPASS_ENV", "production")
            .with("JWT_SECRET", &secret)
            .with("PUBLIC_URL", "https://accounts.example.com")
            .with("TRUSTED_PROXIES", "127.0.0.1")
            .with("PORT", &port);
        let migrated = set_up.run(&["migrate", "up"]);
        assert!(migrated.status.success(), "{}", text(&migrated.stderr));
        set_up
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.settings.remove(name);
        self
    }

    fn with_file(self, path: &str, content: &str) -> Self {
        fs::write(self.folder.path().join(path), content).unwrap();
        self
    }

    fn with_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let settings: Vec<_> = self.settings.iter().map(|(name, value)| (&**name, &**value)).collect();
        daypass(self.folder.path(), arguments, &settings)
    }

    fn run(&self, arguments: &[&str]) -> std::process::Output {
        self.command(arguments).output().unwrap()
    }

    fn doctor(&self, more: &[&str]) -> std::process::Output {
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        self.run(&[&["doctor"], &*arguments, more].concat())
    }

    /// Runs the command with `--json`.
    fn report(&self) -> Value {
        let output = self.doctor(&["--json"]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {} {}", text(&output.stdout), text(&output.stderr)));
        assert_eq!(text(&output.stderr), "", "nothing is logged");
        let errors = report["errors"].as_u64().unwrap();
        assert_eq!(output.status.code(), Some(i32::from(errors > 0)), "{report:#}");
        let count = |level| report["findings"].as_array().unwrap().iter().filter(|each| each["level"] == level).count();
        assert_eq!(
            (count("error"), count("warning")),
            (errors as usize, report["warnings"].as_u64().unwrap() as usize)
        );
        report
    }

    /// Checks that the command prints the finding, as JSON and as text.
    fn assert_named(&self, expected: Expected<'_>) {
        let report = self.report();
        let contains = |finding: &Value, name: &str, part: &str| finding[name].as_str().unwrap_or("").contains(part);
        let is_expected = |finding: &&Value| {
            finding["check"] == expected.check
                && finding["level"] == expected.level
                && contains(finding, "found", expected.found)
                && contains(finding, "repair", expected.repair)
        };
        assert!(
            report["findings"].as_array().unwrap().iter().any(|each| is_expected(&each)),
            "{expected:?} {report:#}"
        );
        let output = self.doctor(&[]);
        let printed = text(&output.stdout);
        let start = format!("{:<8} {:<11} ", expected.level, expected.check);
        let line = printed.lines().position(|line| line.starts_with(&start) && line.contains(expected.found));
        let line = line.unwrap_or_else(|| panic!("{expected:?} is missing in {printed}"));
        let repair = printed.lines().skip(line + 1).take_while(|line| line.starts_with("         "));
        assert!(repair.collect::<String>().contains(expected.repair), "{expected:?}: {printed}");
        assert_eq!(output.status.code(), Some(i32::from(report["errors"] != 0)), "{printed}");
    }

    /// The level and the text of each finding of a check.
    fn findings(&self, check: &str) -> Vec<String> {
        let report = self.report();
        let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["check"] == check);
        findings
            .map(|each| format!("{}: {}", each["level"].as_str().unwrap(), each["found"].as_str().unwrap()))
            .collect()
    }
}

#[test]
fn healthy_set_up_has_no_errors_and_every_check_is_reported() {
    let set_up = SetUp::healthy();
    let report = set_up.report();
    assert_eq!(report["errors"], 0, "{report:#}");
    let checks: Vec<_> =
        report["findings"].as_array().unwrap().iter().map(|each| each["check"].as_str().unwrap()).collect();
    for check in [
        "settings",
        "secret",
        "tls",
        "proxy",
        "public-url",
        "cookies",
        "cors",
        "files",
        "memory",
        "open-files",
        "sqlite",
        "database",
        "migrations",
        "clock",
        "service",
        "smtp",
        "oidc",
        "argon2",
    ] {
        assert!(checks.contains(&check), "{check}: {report:#}");
    }
    let output = set_up.doctor(&[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).lines().all(|line| !line.starts_with("error")), "{}", text(&output.stdout));
    assert!(text(&output.stdout).trim_end().ends_with(" warnings"));
}

#[test]
fn guessable_secret_is_an_error_and_is_not_printed() {
    let set_up = SetUp::healthy().with("JWT_SECRET", PUBLIC_SECRET);
    set_up.assert_named(error("secret", "attackers know it", "daypass secret generate"));
    let short = SetUp::healthy().with("JWT_SECRET", "hunter2");
    short.assert_named(error("secret", "at least 32 bytes", "daypass secret generate"));
    let retired = SetUp::healthy().with("JWT_SECRETS_RETIRED", "12345678123456781234567812345678");
    retired.assert_named(error("secret", "JWT_SECRETS_RETIRED", "remove this secret"));
    SetUp::healthy().without("JWT_SECRET").assert_named(error("secret", "JWT_SECRET is not set", "secret generate"));
    for (set_up, secret) in [(set_up, PUBLIC_SECRET), (short, "hunter2"), (retired, "12345678123")] {
        assert!(!text(&set_up.doctor(&[]).stdout).contains(secret));
        assert!(!text(&set_up.doctor(&["--json"]).stdout).contains(secret));
    }
}

#[test]
fn production_without_a_trusted_proxy_or_tls_is_an_error() {
    let untrusted = SetUp::healthy().without("TRUSTED_PROXIES");
    untrusted.assert_named(error("proxy", "TRUSTED_PROXIES is not set", "TRUSTED_PROXIES=127.0.0.1"));
    let wide = SetUp::healthy().with("TRUSTED_PROXIES", "0.0.0.0/0");
    wide.assert_named(error("proxy", "can forge their address", "TRUSTED_PROXIES=127.0.0.1"));
    let plain = SetUp::healthy().with("PUBLIC_URL", "http://accounts.example.com");
    plain.assert_named(error("tls", "without TLS", "PUBLIC_URL=https://"));
    plain.assert_named(error("cookies", "do not store Secure cookies", "PUBLIC_URL=https://"));
}

#[test]
fn public_url_that_does_not_fit_the_listener_is_named() {
    let here = SetUp::healthy().with("PUBLIC_URL", "https://localhost");
    here.assert_named(error("public-url", "work only here", "PUBLIC_URL=https://"));
    let development = SetUp::healthy().with("DAYPASS_ENV", "development").with("PORT", "3456");
    let port = development.with("PUBLIC_URL", "http://localhost:9999");
    port.assert_named(warning("public-url", "listens on port 3456", "PUBLIC_URL=http://localhost:3456"));
    let tls = port.with("PUBLIC_URL", "https://localhost:3456");
    tls.assert_named(error("public-url", "listens without TLS", "PUBLIC_URL=http://localhost:3456"));
    let network = tls.with("PUBLIC_URL", "http://192.168.1.20:3456");
    network.assert_named(warning("public-url", "listens only on 127.0.0.1", "HOST=0.0.0.0"));
}

#[test]
fn cookie_setting_that_does_not_fit_the_scheme_is_named() {
    let production = SetUp::healthy().with("COOKIE_SECURE", "auto");
    production.assert_named(error("cookies", "does not start", "COOKIE_SECURE=true"));
    let secure = production.with("DAYPASS_ENV", "development").with("COOKIE_SECURE", "true");
    let secure = secure.with("PUBLIC_URL", "http://accounts.example.com");
    secure.assert_named(error("cookies", "do not store Secure cookies", "COOKIE_SECURE=auto"));
}

#[test]
fn cors_origins_without_effect_or_tls_are_named() {
    let origins = "https://app.example,http://shop.example,https://accounts.example.com,http://0.0.0.0:3000";
    let set_up = SetUp::healthy().with("CORS_ORIGINS", origins);
    set_up.assert_named(error(
        "cors",
        "http://shop.example has no TLS",
        "CORS_ORIGINS=https://app.example,https://acc",
    ));
    set_up.assert_named(warning("cors", "the origin of PUBLIC_URL", "CORS_ORIGINS=https://app.example,http://shop"));
    set_up.assert_named(error("cors", "http://0.0.0.0:3000", "CORS_ORIGINS="));
}

#[test]
fn set_up_that_needs_more_memory_than_it_has_is_an_error() {
    let set_up = SetUp::healthy().with("HASH_THREADS", "16").with_arguments(&["--memory-mib", "512"]);
    set_up.assert_named(error("memory", "of the 512 MiB of --memory-mib", "HASH_THREADS="));
    let findings = set_up.with_arguments(&[]).with("HASH_THREADS", "2").findings("memory");
    assert!(findings[0].starts_with("ok"), "{findings:?}");
}

#[cfg(all(unix, not(daypass_portable)))]
#[test]
fn files_that_other_users_can_access_are_errors() {
    use std::os::unix::fs::PermissionsExt as _;
    let set_mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let set_up = SetUp::healthy().with_file(".env", "SMTP_URL=smtps://a:hunter2@mail.example\n");
    let (env, data) = (set_up.folder.path().join(".env"), set_up.folder.path().join("data"));
    set_mode(&env, 0o640);
    set_up.assert_named(error("files", "can access .env (mode 0640)", "chmod 600 .env"));
    set_mode(&env, 0o600);
    set_mode(&data, 0o770);
    set_up.assert_named(error("files", "can replace the files of the database", "chmod go-w"));
    set_mode(&data, 0o700);
    set_mode(&data.join("daypass.db"), 0o644);
    set_up.assert_named(error("files", "daypass.db (mode 0644)", "data/daypass.db"));
    set_mode(&data.join("daypass.db"), 0o600);
    assert_eq!(set_up.findings("files"), ["ok: other users cannot access the secrets and the database"]);
    let secret = set_up.folder.path().join("secret");
    fs::write(&secret, generate_secret(&mut random::secure())).unwrap();
    set_mode(&secret, 0o644);
    let set_up = set_up.without("JWT_SECRET").with("JWT_SECRET_FILE", "secret");
    set_up.assert_named(warning("files", "can read secret of JWT_SECRET_FILE", "chmod 600 secret"));
}

#[test]
fn database_that_cannot_be_opened_is_an_error() {
    let unreachable = SetUp::healthy().with("DATABASE_URL", "postgres://app:hunter2@127.0.0.1:1/x");
    unreachable.assert_named(error("database", "cannot open the database", "DATABASE_URL="));
    let invalid = SetUp::healthy().with("DATABASE_URL", "oracle://app:hunter2@db/x");
    invalid.assert_named(error("database", "must start with", "DATABASE_URL="));
    for set_up in [unreachable, invalid] {
        assert!(!text(&set_up.doctor(&["--json"]).stdout).contains("hunter2"));
    }
    let other =
        SetUp::healthy().with("DATABASE_URL", "sqlite://notes.txt").with_file("notes.txt", "These are notes.\n");
    other.assert_named(error("sqlite", "it is not a SQLite database", "DATABASE_URL=sqlite://"));
    let missing = SetUp::healthy().with("DATABASE_URL", "sqlite://other/daypass.db");
    missing.assert_named(error("database", "there is no file", "?mode=rwc"));
    let first = SetUp::healthy().with("DATABASE_URL", "sqlite://other/daypass.db?mode=rwc");
    first.assert_named(warning("database", "the first start creates it", "daypass migrate up"));
    let memory = SetUp::healthy().with("DATABASE_URL", "sqlite::memory:");
    memory.assert_named(error("sqlite", "a restart deletes all users", "DATABASE_URL=sqlite://"));
    let read_only = SetUp::healthy().with("DATABASE_URL", "sqlite://data/daypass.db?mode=ro");
    read_only.assert_named(error("sqlite", "only for reading", "DATABASE_URL=sqlite://data/daypass.db?mode=rwc"));
}

#[test]
fn pending_migrations_are_a_warning() {
    let set_up = SetUp::healthy();
    assert!(set_up.run(&["migrate", "down", "2", "--yes"]).status.success());
    set_up.assert_named(warning("migrations", "2 migrations are pending", "daypass migrate up"));
}

#[test]
fn journal_of_a_sqlite_file_is_checked() {
    let set_up = SetUp::healthy();
    let wal = fs::File::create(set_up.folder.path().join("data/daypass.db-wal")).unwrap();
    wal.set_len(65 * 1024 * 1024).unwrap();
    set_up.assert_named(warning("sqlite", "has 65 MiB", "wal_checkpoint(TRUNCATE)"));
    let set_up = SetUp::healthy();
    let path = set_up.folder.path().join("data/daypass.db");
    let mut file = fs::read(&path).unwrap();
    // The format versions in the header. 2 means a write-ahead log.
    assert_eq!(file[18..20], [2, 2]);
    file[18..20].copy_from_slice(&[1, 1]);
    fs::write(&path, file).unwrap();
    set_up.assert_named(warning("sqlite", "has no write-ahead log", "PRAGMA journal_mode=WAL"));
}

#[cfg(all(unix, not(daypass_portable)))]
#[test]
fn low_limit_on_open_files_is_an_error() {
    let set_up = SetUp::healthy();
    let doctor = set_up.command(&["doctor"]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 200 && ulimit -Hn 200 && exec \"$0\" doctor", env!("CARGO_BIN_EXE_daypass")]);
    limited.current_dir(set_up.folder.path()).env_clear();
    limited.envs(doctor.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = limited.output().unwrap();
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed}{}", text(&output.stderr));
    let line = printed.lines().find(|line| line.starts_with("error    open-files")).expect(printed);
    assert!(line.contains("200 open files allows 72 connections"), "{line}");
    assert!(printed.contains("LimitNOFILE=4224"), "{printed}");
}

#[test]
fn servers_that_cannot_be_reached_are_errors() {
    let port = free_port();
    let mail = SetUp::healthy()
        .with("MAILER", "smtp")
        .with("MAIL_FROM", "a@example.com")
        .with("SMTP_URL", &format!("smtp://ada:hunter2@127.0.0.1:{port}"));
    mail.assert_named(error("smtp", "cannot reach the SMTP server", "SMTP_URL=smtps://"));
    assert!(!text(&mail.doctor(&[]).stdout).contains("hunter2"));
    let issuer = format!("http://127.0.0.1:{port}");
    let provider = SetUp::healthy()
        .with("DAYPASS_ENV", "development")
        .with("OIDC_PROVIDERS", "acme")
        .with("OIDC_ACME_ISSUER", &issuer)
        .with("OIDC_ACME_CLIENT_ID", "daypass");
    provider.assert_named(error("oidc", &issuer, "OIDC_ACME_ISSUER="));
    let replica = SetUp::healthy().with_arguments(&["--replica", &issuer]);
    replica.assert_named(error("clock", &issuer, "curl"));
    let service = SetUp::healthy().with_arguments(&["--url", &issuer]);
    service.assert_named(error("service", &issuer, "curl"));
}

/// Accepts connections, and answers each request with this text.
fn serve(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn replica_with_another_clock_is_an_error() {
    let answer = |ago: Duration| {
        let date = chrono::DateTime::<chrono::Utc>::from(SystemTime::UNIX_EPOCH + unix_time() - ago);
        let date = date.format("%a, %d %b %Y %H:%M:%S GMT");
        format!("HTTP/1.1 200 OK\r\ndate: {date}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    };
    let late = serve(answer(Duration::from_secs(3600)));
    let set_up = SetUp::healthy().with_arguments(&["--replica", &late]);
    set_up.assert_named(error("clock", "s behind the clock of this machine", "timedatectl set-ntp true"));
    let noticeable = serve(answer(Duration::from_secs(20)));
    let set_up = SetUp::healthy().with_arguments(&["--replica", &noticeable]);
    set_up.assert_named(warning("clock", "s behind", "timedatectl set-ntp true"));
    let running = Running::start(set_up.folder.path(), &[]);
    let replica = format!("http://{}", running.address);
    let findings = SetUp::healthy().with_arguments(&["--replica", &replica]).findings("clock");
    assert!(findings.iter().any(|each| each.starts_with("ok") && each.contains(&replica)), "{findings:?}");
}

/// The time since 1970, from the modification of a new file. The clocks of tests are arguments otherwise.
fn unix_time() -> Duration {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().metadata().unwrap().modified().unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap()
}

#[test]
fn weak_or_slow_hash_parameters_are_named_with_better_ones() {
    let weak = SetUp::healthy().with("ARGON2", "m=8,t=1,p=1");
    weak.assert_named(error("argon2", "weaker than OWASP recommends", "ARGON2=m=19456,t=2,p=1"));
    let target = SetUp::healthy().with_arguments(&["--target-ms", "5000", "--memory-mib", "4096"]);
    target.assert_named(warning("argon2", "the target is 5000 ms", "ARGON2=m=131072,t=2,p=1"));
    let small =
        SetUp::healthy().with("HASH_THREADS", "1").with_arguments(&["--target-ms", "5000", "--memory-mib", "290"]);
    let report = small.report();
    let repair = report["findings"].as_array().unwrap().iter().find(|each| each["check"] == "argon2").unwrap();
    let memory = repair["repair"].as_str().unwrap().strip_prefix("ARGON2=m=").unwrap().split(',').next().unwrap();
    assert!(memory.parse::<u32>().unwrap() < 40 * 1024, "two hashes fit into the rest of 290 MiB: {repair}");
}

#[test]
fn invalid_settings_are_findings_and_the_other_checks_run() {
    let set_up = SetUp::healthy().with("KEEP_ALIVE", "0s").with("ARGON2", "m=1").with("JWT_SECRET", PUBLIC_SECRET);
    set_up.assert_named(error("settings", "KEEP_ALIVE: \"0s\" is invalid", "KEEP_ALIVE=75s"));
    set_up.assert_named(error("settings", "ARGON2: \"m=1\" is invalid", "ARGON2=m=19456,t=2,p=1"));
    set_up.assert_named(error("secret", "attackers know it", "daypass secret generate"));
    let file = SetUp::healthy().with_file(".env", "\nMAX_ITEMS=many\n");
    file.assert_named(error("settings", "MAX_ITEMS (.env, line 2)", "MAX_ITEMS=10000"));
    let secret = SetUp::healthy().without("JWT_SECRET").with("JWT_SECRET_FILE", "none");
    secret.assert_named(error("settings", "JWT_SECRET_FILE: cannot read none", "JWT_SECRET_FILE="));
    let contradiction = SetUp::healthy().with("MAILER", "smtp");
    contradiction.assert_named(error("settings", "MAILER=smtp needs SMTP_URL", "change"));
    let provider = SetUp::healthy().with("OIDC_PROVIDERS", "acme");
    provider.assert_named(error("settings", "needs OIDC_ACME_ISSUER", "change"));
}

#[test]
fn settings_that_cannot_be_read_are_the_only_finding() {
    let broken = SetUp::healthy().with_file(".env", "JWT_SECRET=hunter2 and more\n");
    broken.assert_named(error("settings", ".env, line 1: quote values that contain spaces", "daypass doctor"));
    let report = broken.report();
    assert_eq!(report["findings"].as_array().unwrap().len(), 1, "{report:#}");
    assert!(!report.to_string().contains("hunter2"));
    let flag = SetUp::healthy().with_arguments(&["--host", "nowhere"]);
    flag.assert_named(error("settings", "--host: \"nowhere\" is invalid", "daypass doctor"));
    let unknown = SetUp::healthy().doctor(&["--jsno"]);
    assert_eq!(unknown.status.code(), Some(2), "a mistyped option is not a finding");
    assert!(error_line(&unknown).contains("--jsno"));
    let other = broken.run(&["config"]);
    assert_eq!(other.status.code(), Some(2), "other commands fail as before");
}

#[test]
fn misspelt_and_repeated_settings_are_warnings() {
    let lines = "RATELIMITS=off\nMAX_ITEMS=5\nMAX_ITEMS=6\nPOSTGRES_PASSWORD=hunter2\n";
    let set_up = SetUp::healthy().with_file(".env", lines);
    set_up.assert_named(warning("settings", "RATELIMITS is not a setting", "rename RATELIMITS to RATE_LIMITS"));
    set_up.assert_named(warning("settings", "sets MAX_ITEMS more than once", "except one"));
    assert!(!set_up.report().to_string().contains("hunter2"));
    let unrelated = SetUp::healthy().with_file(".env", "POSTGRES_PASSWORD=hunter2\n").findings("settings");
    assert!(unrelated[0].starts_with("ok") && unrelated[0].contains("POSTGRES_PASSWORD"), "{unrelated:?}");
}

#[test]
fn requests_through_an_untrusted_proxy_are_counted_by_the_service() {
    let set_up = SetUp::healthy().with("DAYPASS_ENV", "development").without("PUBLIC_URL").without("TRUSTED_PROXIES");
    let running = Running::start(set_up.folder.path(), &[]);
    let port = running.address.rsplit(':').next().unwrap();
    let set_up = set_up.with("PORT", port);
    let service = set_up.findings("service");
    assert_eq!(service, [format!("ok: the service at http://127.0.0.1:{port}/ is ready")]);
    assert!(set_up.findings("proxy").iter().all(|each| each.starts_with("ok")));
    assert!(running.exchange("GET /health/live", "x-forwarded-for: 192.0.2.1\r\n", "").contains("200 OK"));
    set_up.assert_named(warning("proxy", "1 requests had X-Forwarded-For", "TRUSTED_PROXIES="));
}

/// The paths, sizes and times of all files below a folder.
fn state(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.metadata().unwrap();
        all.insert(path.display().to_string(), format!("{} {:?}", metadata.len(), metadata.modified().unwrap()));
        if metadata.is_dir() {
            all.extend(state(&path));
        }
    }
    all
}

#[test]
fn nothing_is_created_or_changed() {
    let empty = TempDir::new().unwrap();
    let output = run(empty.path(), &["doctor"], &[("PORT", "0")]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_eq!(state(empty.path()), BTreeMap::new());
    let stopped = SetUp::healthy();
    let before = state(stopped.folder.path());
    stopped.report();
    assert_eq!(state(stopped.folder.path()), before, "the service is stopped");
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    running.sign_up();
    let files = |folder: &Path| state(folder).into_keys().collect::<Vec<_>>();
    let before = files(folder.path());
    let output = run(folder.path(), &["doctor"], &[("PORT", "0")]);
    assert!(text(&output.stdout).contains("migrations are applied"), "{}", text(&output.stdout));
    assert_eq!(files(folder.path()), before, "the service runs");
    assert_eq!(running.verify(&running.sign_in()), 204, "the service still works");
}

#[test]
fn servers_that_never_answer_do_not_block_the_command() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let set_up = SetUp::healthy()
        .with("DAYPASS_ENV", "development")
        .with("PUBLIC_URL", "https://accounts.example.com")
        .with("DATABASE_URL", &format!("postgres://app:hunter2@127.0.0.1:{port}/x"))
        .with("MAILER", "smtp")
        .with("MAIL_FROM", "a@example.com")
        .with("SMTP_URL", &format!("smtp://127.0.0.1:{port}?tls=none"))
        .with("OIDC_PROVIDERS", "acme")
        .with("OIDC_ACME_ISSUER", &address)
        .with("OIDC_ACME_CLIENT_ID", "daypass")
        .with_arguments(&["--replica", &address, "--url", &address]);
    let started = Instant::now();
    let report = set_up.report();
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    for check in ["database", "smtp", "oidc", "clock", "service"] {
        let findings = report["findings"].as_array().unwrap();
        let is_error = |each: &Value| each["check"] == check && each["level"] == "error";
        assert!(findings.iter().any(is_error), "{check}: {report:#}");
    }
    assert!(!report.to_string().contains("hunter2"));
}

#[tokio::test]
async fn clock_and_migrations_of_a_database_are_read_without_creating_tables() {
    let database = TestDatabase::empty().await;
    let db = database.connect().await;
    let url = database.url().expose().to_owned();
    let set_up = SetUp::healthy().with("DATABASE_URL", &url);
    set_up.assert_named(warning("migrations", "no tables of Daypass", "daypass migrate up"));
    assert!(db.execute_unprepared("SELECT version FROM daypass_migrations").await.is_err(), "no table was created");
    daypass::platform::database::migrate(&db).await.unwrap();
    let migrations = set_up.findings("migrations");
    assert!(migrations[0].starts_with("ok: all "), "{migrations:?}");
    let clock = set_up.findings("clock");
    assert!(clock[0].starts_with("ok: "), "{clock:?}");
    let record = "INSERT INTO daypass_migrations (version, applied_at) VALUES ('m20990101_000099_later', 0)";
    db.execute_unprepared(record).await.unwrap();
    set_up.assert_named(error("migrations", "m20990101_000099_later", "install that release"));
    let delete = "DELETE FROM daypass_migrations WHERE version > 'm20261129_000020'";
    db.execute_unprepared(delete).await.unwrap();
    set_up.assert_named(warning("migrations", "migrations are pending", "daypass migrate up"));
    db.close_in_time().await;
}
