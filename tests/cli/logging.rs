//! The log: requests succeed although it cannot be written, and clients cannot flood or forge it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use daypass::platform::database::DatabaseUrl;
use sea_orm::ConnectionTrait as _;
use tempfile::TempDir;

use crate::running::*;

const STATUS: &[u8] = b"HTTP/1.1 ";
const CHEAP: (&str, &str) = ("ARGON2", "m=8,t=1,p=1");

#[test]
fn log_on_a_full_disk_breaks_no_response_and_no_background_task() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    works_without_a_log(full.into());
}

#[test]
fn log_to_a_closed_pipe_breaks_no_response_and_no_background_task() {
    let (reading, writing) = std::io::pipe().unwrap();
    drop(reading);
    works_without_a_log(writing.into());
}

#[test]
fn log_to_a_closed_terminal_breaks_no_response_and_no_background_task() {
    works_without_a_log(closed_terminal().into());
}

/// Returns a file descriptor of a terminal that was closed.
fn closed_terminal() -> OwnedFd {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    File::options().read(true).write(true).open(name).unwrap().into()
}

fn works_without_a_log(stderr: Stdio) {
    let folder = TempDir::new().unwrap();
    let running = Running::start_with_log(folder.path(), &[CHEAP, ("LOG", "info,daypass::request=debug")], stderr);
    let token = running.sign_up();
    let other = running.sign_in();
    assert_eq!((running.verify(&token), running.verify("nonsense")), (204, 401));
    assert_eq!(status(&running.request("GET", "/nope", "", "")), 404);
    assert_eq!(status(&running.request("DELETE", "/api/sessions/current", &other, "")), 204);
    assert_eq!(running.verify(&other), 401);

    fail_some_polls(folder.path());
    // Longer than revocations may be stale: only a running task keeps them fresh.
    thread::sleep(Duration::from_secs(6));
    let is_ready = || status(&running.request("GET", "/health/ready", "", "")) == 200;
    let polled = (0..100).any(|_| {
        is_ready() || {
            thread::sleep(Duration::from_millis(200));
            false
        }
    });
    assert!(polled, "the feed is not polled again");
    assert_eq!(running.verify(&token), 204);
}

/// Renames the table of revocations for the time of two polls.
fn fail_some_polls(folder: &Path) {
    let url = DatabaseUrl::from(format!("sqlite://{}", folder.join("data/daypass.db").display()));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let db = daypass::platform::database::connect(&url).await.unwrap();
        db.execute_unprepared("ALTER TABLE revocations RENAME TO renamed").await.unwrap();
        tokio::time::sleep(Duration::from_millis(600)).await;
        db.execute_unprepared("ALTER TABLE renamed RENAME TO revocations").await.unwrap();
        db.close_in_time().await;
    });
}

#[test]
fn unread_log_does_not_block_requests() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[CHEAP, ("LOG", "info,daypass::request=debug")]);
    let token = running.sign_up();
    let started = Instant::now();
    // More lines than the pipe and the buffer in front of it hold.
    for _ in 0..10 {
        running.pipelined(&format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "long".repeat(250)), 1_500);
    }
    assert_eq!(running.verify(&token), 204);
    assert!(started.elapsed() < Duration::from_secs(300), "{:?}", started.elapsed());
    let metrics = running.request("GET", "/metrics", "", "");
    let dropped = metrics.lines().find(|line| line.starts_with("daypass_log_lines_dropped_total"));
    let dropped: f64 = dropped.unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    assert!(dropped > 1000.0, "{dropped}");
    let (status, log) = running.stop("-TERM");
    assert_eq!(status, Some(0));
    assert!(log.contains("log lines were dropped"), "{}", log.lines().last().unwrap_or_default());
}

#[test]
fn rejected_requests_are_logged_at_a_limited_rate_with_a_count_of_the_rest() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[CHEAP, ("LOG_FORMAT", "json")]);
    let started = Instant::now();
    running.pipelined("GET /nope HTTP/1.1\r\nhost: x\r\n\r\n", 1000);
    thread::sleep(Duration::from_millis(1500));
    running.pipelined("GET /nope HTTP/1.1\r\nhost: x\r\n\r\n", 1000);
    let seconds = started.elapsed().as_secs();
    let (_, log) = running.stop("-TERM");
    let events: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_request = |event: &&serde_json::Value| event["target"] == "daypass::request";
    let events: Vec<_> = events.iter().filter(of_request).collect();
    let (counts, lines): (Vec<_>, Vec<_>) = events.into_iter().partition(|event| event["requests"].is_u64());
    assert!((100..=100 + 20 * (seconds as usize + 1)).contains(&lines.len()), "{}", lines.len());
    assert!((1..=seconds as usize + 2).contains(&counts.len()), "{counts:?}");
    let more: u64 = counts.iter().map(|event| event["requests"].as_u64().unwrap()).sum();
    assert_eq!(lines.len() as u64 + more, 2000);
}

#[test]
fn json_log_has_one_shape_and_a_start_line() {
    let folder = TempDir::new().unwrap();
    let settings = [CHEAP, ("LOG_FORMAT", "json"), ("LOG", "info,daypass::request=debug")];
    let running = Running::start(folder.path(), &settings);
    running.sign_up();
    assert_eq!(status(&running.request("GET", "/nope", "", "")), 404);
    let address = running.address.clone();
    let (_, log) = running.stop("-TERM");
    let events: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        for member in ["timestamp", "level", "target", "message"] {
            assert!(event[member].is_string(), "{member}: {event}");
        }
    }
    let with = |message: &str| events.iter().find(|event| event["message"] == message).unwrap();
    let started = with("started");
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&started["listener"], &started["database"]), (&address.into(), &"sqlite".into()));
    let signed_up = with("signed up");
    assert!(signed_up["userId"].is_i64() && signed_up["sessionId"].is_string(), "{signed_up}");
    let rejected = with("rejected");
    assert!(rejected["status"].is_u64() && rejected["elapsed_ms"].is_number(), "{rejected}");
    assert!(!log.contains("\"ada\"") && !log.contains(" ada"), "{log}");
}

#[test]
fn path_and_method_are_truncated_and_escaped_in_the_log() {
    const ODD: &str = "\u{202e}\u{9b}\u{2028}";
    for format in ["json", "pretty"] {
        let folder = TempDir::new().unwrap();
        let settings = [CHEAP, ("LOG_FORMAT", format), ("LOG", "info,daypass::request=debug")];
        let running = Running::start(folder.path(), &settings);
        let long = "x".repeat(5000);
        assert_eq!(status(&running.request("GET", &format!("/{ODD}"), "", "")), 404);
        assert_eq!(status(&running.request("GET", &format!("/{long}"), "", "")), 404);
        let unknown = running.request(&"M".repeat(5000), "/api/verify", "", "");
        assert!(unknown.starts_with("HTTP/1.1 501") && unknown.contains("method_not_implemented"), "{unknown}");
        let (_, log) = running.stop("-TERM");
        let lines: Vec<_> = log.lines().filter(|line| line.contains("daypass::request")).collect();
        assert_eq!(lines.len(), 3, "{log}");
        for line in lines {
            assert!(line.len() < 1000, "{line}");
            assert!(line.chars().all(|each| !each.is_control() && !ODD.contains(each)), "{line:?}");
            assert!(line.contains("202e") || line.contains("xxx…") || line.contains("MMM…"), "{line}");
        }
    }
}

fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

impl Running {
    /// Sends the same request `times` times on one connection, and reads the responses meanwhile.
    fn pipelined(&self, request: &str, times: usize) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let (mut writing, request) = (stream.try_clone().unwrap(), request.to_owned());
        let writer = thread::spawn(move || (0..times).try_for_each(|_| writing.write_all(request.as_bytes())));
        let (mut answered, mut unread, mut buffer) = (0, Vec::new(), [0; 64 * 1024]);
        while answered < times {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the connection was closed");
            unread.extend_from_slice(&buffer[..read]);
            answered += count(&unread, STATUS);
            // The rest may be the beginning of the next status line.
            unread.drain(..unread.len() - unread.len().min(STATUS.len() - 1));
        }
        writer.join().unwrap().unwrap();
    }
}

fn count(text: &[u8], part: &[u8]) -> usize {
    text.windows(part.len()).filter(|window| window == &part).count()
}

#[test]
fn first_forwarded_request_of_an_untrusted_proxy_is_one_warning() {
    for (trusted, warnings) in [("", 1), ("10.0.0.0/8", 1), ("127.0.0.0/8", 0)] {
        let folder = TempDir::new().unwrap();
        let running = Running::start(folder.path(), &[CHEAP, ("TRUSTED_PROXIES", trusted)]);
        for _ in 0..3 {
            let answer = running.exchange("GET /health/live", "x-forwarded-for: 192.0.2.1\r\n", "");
            assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        }
        let (_, log) = running.stop("-TERM");
        let lines: Vec<_> = log.lines().filter(|line| line.contains("TRUSTED_PROXIES")).collect();
        assert_eq!(lines.len(), warnings, "{trusted}: {log}");
        assert!(
            lines.iter().all(|line| line.contains("WARN") && line.contains("set TRUSTED_PROXIES=127.0.0.1")),
            "{log}"
        );
    }
}
