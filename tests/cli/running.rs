//! Runs the binary: commands, and a service that answers requests.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use daypass::platform::random;
use rand::Rng as _;

/// The user of [`Running::sign_up`] and [`Running::sign_in`].
pub const CREDENTIALS: &str = r#"{"username":"ada","password":"correct horse"}"#;
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

/// The first part of a token. Only the key id in it differs between tokens.
pub fn key_of(token: &str) -> &str {
    token.split('.').next().unwrap()
}

/// Waits until the condition holds, for at most 30 seconds. Returns the time that it took.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) -> Duration {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "not within 30 seconds: {what}");
        thread::sleep(Duration::from_millis(20));
    }
    started.elapsed()
}

/// A port that no process uses. Outgoing connections and listeners on port 0 never get it, because it is below their
/// range.
pub fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| 20_000 + (random::secure().next_u32() % 12_000) as u16);
    ports.take(1000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

fn session_token(answer: &str) -> String {
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    answer.split(r#""sessionToken":""#).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The one line that a failed command prints.
pub fn error_line(output: &Output) -> &str {
    let line = text(&output.stderr).trim_end();
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.starts_with("error: ") && !line.contains("panicked") && !line.contains("backtrace"), "{line}");
    line
}

/// A started service. It is killed with its test.
pub struct Running {
    pub child: Child,
    pub notice: String,
    pub address: String,
}

impl Running {
    pub fn start(folder: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_with_log(folder, settings, Stdio::piped())
    }

    /// Starts the service with this standard error.
    pub fn start_with_log(folder: &Path, settings: &[(&str, &str)], stderr: Stdio) -> Self {
        let mut command = daypass(folder, &[], settings);
        command.stderr(stderr);
        Self::wait_for_notice(command)
    }

    /// Starts a service with this command, which may wrap the binary.
    pub fn spawn(mut command: Command) -> Self {
        command.stderr(Stdio::piped());
        Self::wait_for_notice(command)
    }

    pub fn wait_for_notice(mut command: Command) -> Self {
        let mut child = command.env("PORT", "0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut notice = String::new();
        while !notice.contains("tokens ") {
            if lines.read_line(&mut notice).unwrap() == 0 {
                let output = child.wait_with_output().unwrap();
                panic!("the service stopped: {notice}{}", String::from_utf8_lossy(&output.stderr));
            }
        }
        let address = notice.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
        Self { child, notice, address }
    }

    pub fn request(&self, method: &str, path: &str, token: &str, body: &str) -> String {
        let headers = format!("authorization: {token}\r\ncontent-type: application/json\r\n");
        self.exchange(&format!("{method} {path}"), &headers, body)
    }

    /// Sends a request with these header lines. Returns the complete response.
    pub fn exchange(&self, what: &str, headers: &str, body: &str) -> String {
        self.try_exchange(what, headers, body).unwrap()
    }

    /// The same, from a service that may stop meanwhile.
    pub fn try_exchange(&self, what: &str, headers: &str, body: &str) -> io::Result<String> {
        let (host, length) = (&self.address, body.len());
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    pub fn sign_up(&self) -> String {
        session_token(&self.post_until_available("/api/users", CREDENTIALS))
    }

    pub fn sign_in(&self) -> String {
        session_token(&self.post_until_available("/api/sessions", CREDENTIALS))
    }

    /// Sends a request that needs a hash. Retries while the service is busy, for at most 30 seconds.
    pub fn post_until_available(&self, path: &str, body: &str) -> String {
        let started = Instant::now();
        loop {
            let answer = self.request("POST", path, "", body);
            if !answer.contains(r#""code":"busy""#) || started.elapsed() > Duration::from_secs(30) {
                return answer;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    pub fn hang_up(&self) {
        self.send("-HUP");
    }

    /// Sends a signal to the service.
    pub fn send(&self, signal: &str) {
        // The portable code handles only Ctrl-C.
        let signal = if cfg!(daypass_portable) && signal == "-TERM" { "-INT" } else { signal };
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    pub fn verify(&self, token: &str) -> u16 {
        self.request("GET", "/api/verify", token, "")[9..12].parse().unwrap()
    }

    /// Stops the service with a signal. Returns its exit status and its standard error.
    pub fn stop(mut self, signal: &str) -> (Option<i32>, String) {
        self.send(signal);
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
