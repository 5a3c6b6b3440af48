//! Session variables in Redis: outages, expiry and corrupt values, on servers that the tests start.

use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use redis::AsyncCommands as _;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{Client, TestApp, redis_url, skipped};

const ALL: &str = "/api/sessions/current/variables";
const A: &str = "/api/sessions/current/variables/a";

/// A Redis server with a password for one test. It is stopped with the test. It listens on a socket in a folder of its
/// own, because another process could take a free port before the server does.
struct Server {
    process: Child,
    folder: TempDir,
}

impl Server {
    fn start(password: &str) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let Some(process) = spawn(&folder, password) else {
            skipped("redis-server is not installed: tests that start a Redis server");
            return None;
        };
        Some(Self { process, folder })
    }

    fn restart(&mut self, password: &str) {
        self.stop();
        self.process = spawn(&self.folder, password).unwrap();
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_file(socket(&self.folder));
    }

    fn url(&self, password: &str) -> String {
        format!("redis+unix://{}?pass={password}", socket(&self.folder).display())
    }

    async fn connect(&self, password: &str) -> redis::aio::MultiplexedConnection {
        redis::Client::open(self.url(password)).unwrap().get_multiplexed_async_connection().await.unwrap()
    }
}

fn socket(folder: &TempDir) -> PathBuf {
    folder.path().join("redis")
}

/// Starts Redis and waits until it listens. Returns `None` if it is not installed.
fn spawn(folder: &TempDir, password: &str) -> Option<Child> {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--requirepass", password, "--unixsocket"]).arg(socket(folder));
    let process = command.stdout(Stdio::null()).spawn().ok()?;
    let started = Instant::now();
    while UnixStream::connect(socket(folder)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "redis-server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(process)
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Repeats the request while the status is 503, for at most 20 seconds.
async fn put_until_available(client: &Client) -> u16 {
    let started = Instant::now();
    loop {
        let status = client.put(A, json!(1)).await.status();
        if status != 503 || started.elapsed() > Duration::from_secs(20) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn redis_store_reconnects_after_a_wrong_password_or_a_restart() {
    let Some(mut server) = Server::start("before") else { return };
    let app = TestApp::start_with(&[&format!("--session-store={}", server.url("after"))]).await;
    let alice = app.alice().await;
    for _ in 0..3 {
        assert_eq!(alice.put(A, json!(1)).await.error(), (503, "unavailable".to_owned()));
    }
    let mut admin = server.connect("before").await;
    let _: () = redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("after").query_async(&mut admin).await.unwrap();
    assert_eq!(put_until_available(&alice).await, 201);
    server.stop();
    assert_eq!(alice.put(A, json!(1)).await.error(), (503, "unavailable".to_owned()));
    // The server restarts with another password first.
    server.restart("before");
    assert_eq!(alice.put(A, json!(1)).await.error().0, 503);
    server.restart("after");
    assert_eq!(put_until_available(&alice).await, 201);
}

#[tokio::test]
async fn unresponsive_redis_times_out() {
    // It accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--session-store=redis://{}", silent.local_addr().unwrap());
    let app = TestApp::start_with(&[&flag]).await;
    let alice = app.alice().await;
    let started = Instant::now();
    let all = (0..12).map(|_| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.put(A, json!(1)).await.error() })
    });
    for each in all.collect::<Vec<_>>() {
        assert_eq!(each.await.unwrap(), (503, "unavailable".to_owned()));
    }
    // If the requests waited one after the other, it would take twelve time-outs of two seconds.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    // Sign-out does not wait for the time-out. One quick sign-out shows it, because other tests can delay some of them.
    let mut sign_outs = Vec::new();
    while sign_outs.len() < 20 && sign_outs.iter().all(|time| *time > Duration::from_secs(1)) {
        let alice = app.sign_in("alice").await;
        let started = Instant::now();
        assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
        sign_outs.push(started.elapsed());
    }
    assert!(sign_outs.last() < Some(&Duration::from_secs(1)), "{sign_outs:?}");
}

#[tokio::test]
async fn sign_out_deletes_the_redis_key() {
    let Some(url) = redis_url() else { return };
    let mut redis = redis::Client::open(url.clone()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let app = TestApp::start_with(&[&format!("--session-store={url}")]).await;
    let alice = app.alice().await;
    let key = key(&alice).await;
    alice.put(A, json!(1)).await;
    assert!(redis.exists::<_, bool>(&key).await.unwrap());
    alice.delete("/api/sessions/current").await;
    assert!(!redis.exists::<_, bool>(&key).await.unwrap());
}

#[tokio::test]
async fn redis_key_expires_with_its_session() {
    let Some(url) = redis_url() else { return };
    let mut redis = redis::Client::open(url.clone()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let app = TestApp::start_with(&[&format!("--session-store={url}"), "--jwt-ttl=1h"]).await;
    let alice = app.alice().await;
    let key = key(&alice).await;
    for (minutes, left) in [(0, 60), (20, 40), (39, 1)] {
        app.advance_clock(TimeDelta::minutes(minutes));
        alice.put(A, json!(minutes)).await;
        // The session started with the full second in which alice signed up.
        let left = TimeDelta::minutes(left).num_milliseconds() - 250;
        let milliseconds: i64 = redis.pttl(&key).await.unwrap();
        assert!((left - 30_000..=left).contains(&milliseconds), "{milliseconds} of {left}");
    }
}

#[tokio::test]
async fn corrupt_redis_value_returns_500_until_all_variables_are_deleted() {
    let Some(url) = redis_url() else { return };
    let mut redis = redis::Client::open(url.clone()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let app = TestApp::start_with(&[&format!("--session-store={url}")]).await;
    let alice = app.alice().await;
    let key = key(&alice).await;
    for text in ["a list", "a secret", "\u{0}", r#"{"changes":"a secret"}"#] {
        let _: () = redis.del(&key).await.unwrap();
        if text == "a list" {
            let _: () = redis.rpush(&key, text).await.unwrap();
        } else {
            let _: () = redis.set(&key, text).await.unwrap();
        }
        for reply in [alice.get(ALL).await, alice.put(A, json!(1)).await, alice.delete(A).await] {
            assert_eq!(reply.error(), (500, "internal_error".to_owned()), "{text}");
        }
        assert_eq!(alice.delete(ALL).await.status(), 204, "{text}");
        assert_eq!(alice.put(A, json!(1)).await.status(), 201, "{text}");
    }
}

async fn key(client: &Client) -> String {
    let sessions = client.get("/api/sessions").await.json();
    format!("daypass:variables:{}", sessions["items"][0]["id"].as_str().unwrap())
}

#[tokio::test]
async fn oversized_redis_value_is_not_fetched() {
    let Some(server) = Server::start("secret") else { return };
    let app = TestApp::start_with(&[&format!("--session-store={}", server.url("secret"))]).await;
    let alice = app.alice().await;
    assert_eq!(put_until_available(&alice).await, 201);
    let mut redis = server.connect("secret").await;
    let keys: Vec<String> = redis.keys("daypass:variables:*").await.unwrap();
    let [key] = &keys[..] else { panic!("{keys:?}") };
    let sent = async |redis: &mut redis::aio::MultiplexedConnection| -> u64 {
        let stats: String = redis::cmd("INFO").arg("stats").query_async(redis).await.unwrap();
        let line = stats.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:")).unwrap();
        line.trim().parse().unwrap()
    };
    let huge = format!("{{\"changes\":1,\"variables\":{{}},\"x\":\"{}\"}}", "x".repeat(10_000_000));
    let () = redis.set(key, huge).await.unwrap();
    let before = sent(&mut redis).await;
    for _ in 0..3 {
        assert_eq!(alice.get(A).await.error(), (500, "internal_error".to_owned()));
        assert_eq!(alice.put(A, json!(2)).await.error(), (500, "internal_error".to_owned()));
    }
    assert!(sent(&mut redis).await - before < 1_000_000, "{} bytes", sent(&mut redis).await - before);

    let overflowing = r#"{"changes":9223372036854775807,"variables":{"a":{"version":9223372036854775807,"value":1}}}"#;
    let () = redis.set(key, overflowing).await.unwrap();
    assert_eq!(alice.put(A, json!(2)).await.error(), (500, "internal_error".to_owned()));
    assert_eq!(alice.delete(ALL).await.status(), 204, "deleting all repairs it");
    assert_eq!(alice.put(A, json!(2)).await.status(), 201);
}
