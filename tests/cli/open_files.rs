//! The limit on open files, which bounds the number of connections.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::running::*;

/// Starts the service with these limits on open files.
fn start(folder: &TempDir, soft: u32, hard: u32) -> Running {
    let limits = format!("ulimit -Sn {soft} && ulimit -Hn {hard} && exec \"$0\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_daypass")]).current_dir(folder.path()).env_clear();
    command.stdin(Stdio::null());
    Running::spawn(command)
}

#[cfg_attr(daypass_portable, ignore = "the portable code does not read the limit on open files")]
#[test]
fn soft_limit_on_open_files_is_raised_to_the_hard_limit() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder, 256, 8192);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    assert_eq!(line.split_whitespace().nth(3), Some("8192"), "{line}");
    let (_, log) = running.stop("-TERM");
    assert!(!log.contains("open files"), "{log}");
}

#[cfg_attr(daypass_portable, ignore = "the portable code does not read the limit on open files")]
#[test]
fn connections_use_at_most_half_of_the_descriptors() {
    let folder = TempDir::new().unwrap();
    let running = start(&folder, 256, 256);
    let mut served = 0;
    let mut open = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(&running.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(if served < 128 { 20_000 } else { 20 }))).unwrap();
        stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut first = [0; 12];
        served += usize::from(stream.read_exact(&mut first).is_ok() && &first == b"HTTP/1.1 200");
        open.push(stream);
    }
    assert_eq!(served, 128, "256 descriptors, 128 of them for connections");
    drop(open);
    assert!(running.sign_up().len() > 100);
    let (_, log) = running.stop("-TERM");
    assert!(log.contains("raise the hard limit on open files"), "{log}");
    assert!(!log.contains("could not accept"), "{log}");
}
