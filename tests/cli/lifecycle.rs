//! Start, restart and crash of the service, its notice and its log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tempfile::TempDir;

use crate::running::*;

#[test]
fn service_starts_in_an_empty_folder_and_prints_its_settings() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let notice = running.notice.clone();
    assert!(notice.lines().count() <= 10 && !notice.contains("off "), "{notice}");
    for part in [
        "/docs",
        "/api",
        "curl http://127.0.0.1:",
        "sqlite://data/daypass.db",
        "generated, stored in data/jwt-secret",
        "valid for 1day, leeway 0s",
    ] {
        assert!(notice.contains(part), "{notice}");
    }
    #[cfg(all(unix, not(daypass_portable)))]
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
    assert_eq!(again.verify(&token), 204, "sessions survive a restart");
    assert_eq!(again.stop("-INT").0, Some(0));
}

#[test]
fn notice_says_in_production_what_is_off_and_how_to_turn_it_on() {
    let folder = TempDir::new().unwrap();
    let production = [("DAYPASS_ENV", "production"), ("JWT_SECRET", GOOD_SECRET)];
    let notice = Running::start(folder.path(), &production).notice.clone();
    for part in ["PAGES=true", "CLASSROOM=true", "METRICS_LISTEN=", "curl http://"] {
        assert!(notice.contains(part), "{notice}");
    }
    assert!(notice.lines().count() <= 10, "{notice}");
}

#[test]
fn acknowledged_writes_survive_kill_9() {
    let folder = TempDir::new().unwrap();
    let mut running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let signed_out = running.sign_in();
    assert!(running.request("DELETE", "/api/sessions/current", &signed_out, "").starts_with("HTTP/1.1 204"));
    let mut acknowledged = Vec::new();
    for cycle in 1..=5 {
        let (address, writer_token) = (running.address.clone(), token.clone());
        let (acknowledge, first) = std::sync::mpsc::channel();
        let writer = std::thread::spawn(move || write_until_the_service_dies(&address, &writer_token, &acknowledge));
        (0..5).for_each(|_| first.recv_timeout(Duration::from_secs(20)).expect("the service should accept writes"));
        std::thread::sleep(Duration::from_millis(40 * cycle));
        running.stop("-KILL");
        acknowledged.extend(writer.join().unwrap());
        running = Running::start(folder.path(), &[]);
        assert_eq!(running.verify(&signed_out), 401, "ended sessions stay ended");
    }
    assert!(acknowledged.len() > 20, "the writer wrote: {}", acknowledged.len());
    for id in acknowledged {
        let read = running.request("GET", &format!("/api/items/{id}"), &token, "");
        assert!(read.starts_with("HTTP/1.1 200"), "item {id} was acknowledged: {read}");
    }
}

/// Creates items until the service dies, and reports each one. Returns the ids of the acknowledged items.
fn write_until_the_service_dies(address: &str, token: &str, acknowledge: &Sender<()>) -> Vec<String> {
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
            (Ok(_), Some(id)) if answer.starts_with("HTTP/1.1 201") => {
                ids.push(id.to_owned());
                let _ = acknowledge.send(());
            }
            _ => return ids,
        }
    }
}

#[test]
fn log_contains_no_password_token_or_secret() {
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
        assert_eq!(line, None, "{secret} is in the log");
    }
}

/// Starts the service as the leader of a session whose terminal is the second value.
#[cfg(all(target_os = "linux", not(daypass_portable)))]
fn start_in_a_terminal(folder: &std::path::Path, wrapper: &[&str]) -> (Running, std::os::fd::OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let program = daypass(folder, &[], &[]);
    let mut command = std::process::Command::new("setsid");
    // The tests themselves may run under nohup.
    command.args(["--ctty", "env", "--default-signal=HUP"]).args(wrapper).arg(program.get_program());
    command.current_dir(folder).env_clear().env("PATH", "/usr/bin:/bin").env("ARGON2", "m=8,t=1,p=1");
    // The test must not get this terminal itself.
    let no_controlling_terminal = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    let mut options = std::fs::File::options();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options.read(true).write(true), no_controlling_terminal);
    command.stdin(options.open(name).unwrap());
    (Running::spawn(command), terminal)
}

#[cfg(all(target_os = "linux", not(daypass_portable)))]
#[test]
fn service_ends_when_its_terminal_is_closed() {
    let folder = TempDir::new().unwrap();
    let (mut running, terminal) = start_in_a_terminal(folder.path(), &[]);
    let token = running.sign_up();
    running.hang_up();
    assert_eq!(running.verify(&token), 204, "a signal alone reloads the keys");
    drop(terminal);
    let ended = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        running.child.try_wait().unwrap()
    });
    assert_eq!(ended.expect("the service should end").code(), Some(0));
}

#[cfg(all(target_os = "linux", not(daypass_portable)))]
#[test]
fn service_under_nohup_survives_its_terminal() {
    let folder = TempDir::new().unwrap();
    let (running, terminal) = start_in_a_terminal(folder.path(), &["nohup"]);
    let token = running.sign_up();
    drop(terminal);
    let stat = format!("/proc/{}/stat", running.child.id());
    let has_terminal = || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit(')').next().unwrap().split_whitespace().nth(4) != Some("0")
    };
    while has_terminal() {
        std::thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..20 {
        assert_eq!(running.verify(&token), 204);
    }
    assert_eq!(running.stop("-TERM").0, Some(0));
}
