//! What a started service tells, keeps and logs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tempfile::TempDir;

use crate::running::*;

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
