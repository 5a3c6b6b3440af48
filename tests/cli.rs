//! The command line, as a person at a terminal meets it: the real binary in an empty folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use clap::CommandFactory as _;
use daypass::cli::Cli;
use daypass::config::EXAMPLE_SECRET;
use tempfile::TempDir;

const GOOD_SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

fn daypass(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.args(arguments).current_dir(folder).env_clear().env("RUST_BACKTRACE", "1").envs(settings.iter().copied());
    command.stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    daypass(folder, arguments, settings).output().unwrap()
}

/// The first part of a token: it names the key and nothing else that differs.
fn key_of(token: &str) -> &str {
    token.split('.').next().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The one line a failed command prints.
fn complaint(output: &Output) -> &str {
    let line = text(&output.stderr).trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("error: ") && !line.contains("panicked") && !line.contains("backtrace"), "{line}");
    line
}

/// A started service, killed with its test.
struct Running {
    child: Child,
    notice: String,
    address: String,
}

impl Running {
    fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = daypass(folder, &[], settings);
        let mut child = command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut notice = String::new();
        while !notice.contains("tokens ") {
            assert!(lines.read_line(&mut notice).unwrap() > 0, "it stopped: {notice}");
        }
        let address = notice.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, notice, address }
    }

    fn request(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn sign_up(&self) -> String {
        let answer = self.request("POST", "/api/users", "", r#"{"username":"ada","password":"correct horse"}"#);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        answer.split(r#""sessionToken":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
    }

    fn sign_in(&self) -> String {
        let answer = self.request("POST", "/api/sessions", "", r#"{"username":"ada","password":"correct horse"}"#);
        answer
            .split(r#""sessionToken":""#)
            .nth(1)
            .unwrap_or_else(|| panic!("{answer}"))
            .split('"')
            .next()
            .unwrap()
            .to_owned()
    }

    fn hang_up(&self) {
        assert!(Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap().success());
    }

    fn verify(&self, token: &str) -> u16 {
        self.request("GET", "/api/verify", token, "")[9..12].parse().unwrap()
    }

    /// Stops it with a signal; its exit status and what it wrote to standard error.
    fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn in_an_empty_folder_it_starts_and_tells_where_everything_is() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let notice = running.notice.clone();
    for part in
        ["/docs", "/api", "sqlite://data/daypass.db", "generated, kept in data/jwt-secret", "live 1day, leeway 0s"]
    {
        assert!(notice.contains(part), "{notice}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for private in ["jwt-secret", "daypass.db", "daypass.db-wal"] {
            let file = folder.path().join("data").join(private).metadata().unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600, "{private}");
        }
    }
    let token = running.sign_up();
    assert_eq!(running.verify(&token), 204);
    assert_eq!(running.stop("-TERM").0, Some(0));

    let again = Running::start(folder.path(), &[]);
    assert!(
        again.notice.contains("data/jwt-secret (development only)") && !again.notice.contains("generated"),
        "{}",
        again.notice
    );
    assert_eq!(again.verify(&token), 204, "a restart signs nobody out");
    assert_eq!(again.stop("-INT").0, Some(0));
}

#[test]
fn what_was_acknowledged_survives_kill_9_whenever_it_comes() {
    let folder = TempDir::new().unwrap();
    let mut running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let signed_out = running.sign_in();
    assert!(running.request("DELETE", "/api/sessions/current", &signed_out, "").starts_with("HTTP/1.1 204"));
    let mut acknowledged = Vec::new();
    for cycle in 1..=5 {
        let (address, writer_token) = (running.address.clone(), token.clone());
        let writer = std::thread::spawn(move || write_until_it_dies(&address, &writer_token));
        std::thread::sleep(std::time::Duration::from_millis(40 * cycle));
        running.stop("-KILL");
        acknowledged.extend(writer.join().unwrap());
        running = Running::start(folder.path(), &[]);
        assert_eq!(running.verify(&signed_out), 401, "what was signed out stays so");
    }
    assert!(acknowledged.len() > 20, "the writer wrote: {}", acknowledged.len());
    for id in acknowledged {
        let read = running.request("GET", &format!("/api/items/{id}"), &token, "");
        assert!(read.starts_with("HTTP/1.1 200"), "item {id} was acknowledged: {read}");
    }
}

/// Creates items until the service is gone; the ids of those it acknowledged.
fn write_until_it_dies(address: &str, token: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let request = format!(
        "POST /api/items HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: {token}\r\n\
         content-type: application/json\r\ncontent-length: 12\r\n\r\n{{\"name\":\"x\"}}"
    );
    loop {
        let mut answer = String::new();
        let sent = TcpStream::connect(address).and_then(|mut stream| {
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        });
        let id = answer.split(r#"{"id":"#).nth(1).and_then(|rest| rest.split(',').next());
        match (sent, id) {
            (Ok(_), Some(id)) if answer.starts_with("HTTP/1.1 201") => ids.push(id.to_owned()),
            _ => return ids,
        }
    }
}

#[test]
fn the_log_holds_no_password_token_or_secret() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("LOG", "trace"), ("JWT_SECRET", GOOD_SECRET)]);
    let token = running.sign_up();
    running.request("POST", "/api/sessions", "", r#"{"username":"ada","password":"a wrong password"}"#);
    running.request("POST", "/api/sessions", "", r#"{"username":"ada","password":"correct horse"}"#);
    running.request("GET", &format!("/api/items?access_token={token}"), &token, "");
    running.request("GET", "/api/items", "Bearer x.y\u{1b}[31m.z", "");
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("signed up") && log.contains("bad_credentials"), "{log}");
    let signature = token.rsplit('.').next().unwrap();
    for secret in ["correct horse", "a wrong password", GOOD_SECRET, signature, "argon2id$v", "\u{1b}[31m.z"] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret} stands in the log");
    }
}

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
        for (signing, retired) in [(new, old), (old, new), (new, old)] {
            std::fs::write(&env, format!("JWT_SECRET='{signing}'\nJWT_SECRETS_RETIRED='{retired}'\n")).unwrap();
            running.hang_up();
            // The signal is heard in its own time; the key of a new token tells that it was.
            let heard = (0..500).any(|_| (key_of(&running.sign_in()) == key_of(&token)) == (signing == old));
            assert!(heard, "the signal was not heard");
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
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
    assert!(complaint(&run(folder.path(), &[], &[eddsa])).contains("openssl genpkey"));
    for (name, content) in [
        ("empty.pem", ""),
        ("nonsense.pem", "nonsense"),
        ("encrypted.pem", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"),
    ] {
        std::fs::write(folder.path().join(name), content).unwrap();
        let output = run(folder.path(), &[], &[eddsa, ("JWT_PRIVATE_KEY_FILE", name)]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(complaint(&output).contains("Ed25519"), "{name}");
    }
    let missing = run(folder.path(), &[], &[eddsa, ("JWT_PRIVATE_KEY_FILE", "missing.pem")]);
    assert!(complaint(&missing).contains("missing.pem"));
}

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
    assert!(settings <= 25);
    let help = run(Path::new("."), &["--help"], &[]);
    assert!(help.status.success() && text(&help.stdout).contains("JWT_SECRETS_RETIRED"));
}

#[test]
fn a_secret_is_generated_on_request() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["secret", "generate"], &[]);
    let secret = text(&output.stdout).trim_end();
    assert_eq!(secret.len(), 64);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn what_destroys_data_asks_first() {
    let folder = TempDir::new().unwrap();
    let up = run(folder.path(), &["migrate", "up"], &[]);
    assert_eq!(text(&up.stdout).matches("applied").count(), 4, "{}", text(&up.stderr));
    for verb in ["down", "fresh"] {
        let refused = run(folder.path(), &["migrate", verb], &[]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(complaint(&refused).contains("--yes"));
    }
    let down = run(folder.path(), &["migrate", "down", "--yes"], &[]);
    assert_eq!(text(&down.stdout).matches("pending").count(), 1);
    let status = run(folder.path(), &["migrate", "status"], &[]);
    assert_eq!(text(&status.stdout), text(&down.stdout));
    let fresh = run(folder.path(), &["migrate", "fresh", "--yes"], &[]);
    assert_eq!(text(&fresh.stdout).matches("applied").count(), 4);
}
