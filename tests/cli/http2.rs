//! The memory that HTTP/2 requests use, measured on the real process.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use tempfile::TempDir;

use crate::running::*;

const CONNECTIONS: usize = 8;
const STREAMS: u32 = 128;

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The head of a request whose body never comes, with `fields` more fields of one byte each (RFC 7541 §6.1).
fn head(fields: usize) -> Vec<u8> {
    let mut block = vec![0x83, 0x86];
    block.extend(b"\x04\x0a/api/users");
    block.extend(b"\x01\x09a.example");
    block.extend(b"\x0f\x10\x10application/json");
    // `accept-encoding: gzip, deflate`, which counts 60 bytes.
    block.extend(std::iter::repeat_n(0x90, fields));
    block
}

/// Resident memory of a process in MiB.
fn resident(process: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4 / 1024
}

/// How much the memory of the process grows while all requests are open, in MiB.
fn growth(running: &Running, fields: usize) -> u64 {
    let before = resident(running.child.id());
    let open: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let mut stream = TcpStream::connect(&running.address).unwrap();
            let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
            bytes.extend(frame(4, 0, 0, &[]));
            let head = head(fields);
            (0..STREAMS).for_each(|number| bytes.extend(frame(1, 4, number * 2 + 1, &head)));
            stream.write_all(&bytes).unwrap();
            stream
        })
        .collect();
    // The service waits ten seconds for the bodies; within that it has read all heads.
    let sample = || {
        std::thread::sleep(Duration::from_millis(250));
        resident(running.child.id())
    };
    let after = std::iter::repeat_with(sample).take(24).max().unwrap();
    drop(open);
    after.saturating_sub(before)
}

#[test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
fn many_http_2_requests_with_many_fields_take_little_memory() {
    let folder = TempDir::new().unwrap();
    for fields in [1000, 260, 90] {
        // The test does not read the log, and lines about rejected requests would fill the pipe.
        let running = Running::start(folder.path(), &[("LOG", "warn")]);
        let grown = growth(&running, fields);
        let _ = writeln!(
            std::io::stderr(),
            "{CONNECTIONS} connections, {STREAMS} requests each, {fields} fields: {grown} MiB"
        );
        assert!(grown < 40, "{fields} fields: {grown} MiB");
        assert!(running.request("GET", "/health/live", "", "").starts_with("HTTP/1.1 200"));
    }
}
