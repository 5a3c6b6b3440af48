//! The binary, run to its end or started and talked to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

pub const GOOD_SECRET: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";

pub fn daypass(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daypass"));
    command.args(arguments).current_dir(folder).env_clear().env("RUST_BACKTRACE", "1").envs(settings.iter().copied());
    command.stdin(Stdio::null());
    command
}

pub fn run(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    daypass(folder, arguments, settings).output().unwrap()
}

/// The first part of a token: it names the key and nothing else that differs.
pub fn key_of(token: &str) -> &str {
    token.split('.').next().unwrap()
}

fn session_token(answer: &str) -> String {
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    answer.split(r#""sessionToken":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The one line a failed command prints.
pub fn complaint(output: &Output) -> &str {
    let line = text(&output.stderr).trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("error: ") && !line.contains("panicked") && !line.contains("backtrace"), "{line}");
    line
}

/// A started service, killed with its test.
pub struct Running {
    pub child: Child,
    pub notice: String,
    pub address: String,
}

impl Running {
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
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

    pub fn request(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let headers = format!("authorization: {token}\r\ncontent-type: application/json\r\n");
        self.exchange(&format!("{method} {path}"), &headers, body)
    }

    /// The whole answer to a request with these headers, each with its end of line.
    pub fn exchange(&self, what: &str, headers: &str, body: &str) -> String {
        let (host, length) = (&self.address, body.len());
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn sign_up(&self) -> String {
        let answer = self.request("POST", "/api/users", "", r#"{"username":"ada","password":"correct horse"}"#);
        session_token(&answer)
    }

    /// Signs in; whoever is told that the service is busy comes back, as clients do.
    pub fn sign_in(&self) -> String {
        let ask = || self.request("POST", "/api/sessions", "", r#"{"username":"ada","password":"correct horse"}"#);
        let mut answers = std::iter::repeat_with(ask).take(20);
        let answer = answers.find(|answer| !answer.starts_with("HTTP/1.1 503")).unwrap();
        session_token(&answer)
    }

    pub fn hang_up(&self) {
        assert!(Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap().success());
    }

    pub fn verify(&self, token: &str) -> u16 {
        self.request("GET", "/api/verify", token, "")[9..12].parse().unwrap()
    }

    /// Stops it with a signal; its exit status and what it wrote to standard error.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
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
