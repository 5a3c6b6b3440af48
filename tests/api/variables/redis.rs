//! Session variables in Redis when it is not as it should be, on servers of the tests' own.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use redis::AsyncCommands as _;
use serde_json::json;

use crate::support::{Client, TestApp, not_run, redis_url};

const ALL: &str = "/api/sessions/current/variables";
const A: &str = "/api/sessions/current/variables/a";

/// A Redis server with a password, for one test; gone with it.
struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(password: &str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self::start_on(port, password)
    }

    fn start_on(port: u16, password: &str) -> Option<Self> {
        let number = port.to_string();
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &number, "--save", "", "--requirepass", password])
            .stdout(Stdio::null())
            .spawn();
        let Ok(process) = process else {
            not_run("there is no redis-server: what a server of one's own is needed for");
            return None;
        };
        let server = Self { process, port };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "redis-server does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    async fn connect(&self, password: &str) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(format!("redis://:{password}@127.0.0.1:{}", self.port)).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks until it is not `503`, but not for ever.
async fn put_until_it_is_there(client: &Client) -> u16 {
    for _ in 0..20 {
        let status = client.put(A, json!(1)).await.status();
        if status != 503 {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    503
}

#[tokio::test]
async fn redis_is_found_again_after_it_refused_the_password_or_was_away() {
    let Some(server) = Server::start("before") else { return };
    let port = server.port;
    let app = TestApp::start_with(&[&format!("--session-store=redis://:after@127.0.0.1:{port}")]).await;
    let alice = app.alice().await;
    for _ in 0..3 {
        assert_eq!(alice.put(A, json!(1)).await.refusal(), (503, "unavailable".to_owned()));
    }
    let mut admin = server.connect("before").await;
    let _: () = redis::cmd("CONFIG").arg("SET").arg("requirepass").arg("after").query_async(&mut admin).await.unwrap();
    assert_eq!(put_until_it_is_there(&alice).await, 201);
    drop(server);
    assert_eq!(alice.put(A, json!(1)).await.refusal(), (503, "unavailable".to_owned()));
    // It comes back with another password first.
    let server = Server::start_on(port, "before").unwrap();
    assert_eq!(alice.put(A, json!(1)).await.refusal().0, 503);
    drop(server);
    let _server = Server::start_on(port, "after").unwrap();
    assert_eq!(put_until_it_is_there(&alice).await, 201);
}

#[tokio::test]
async fn a_redis_that_hangs_holds_nobody_for_long() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let flag = format!("--session-store=redis://{}", silent.local_addr().unwrap());
    let app = TestApp::start_with(&[&flag]).await;
    let alice = app.alice().await;
    let begun = Instant::now();
    let all = (0..12).map(|_| {
        let alice = alice.clone();
        tokio::spawn(async move { alice.put(A, json!(1)).await.refusal() })
    });
    for each in all.collect::<Vec<_>>() {
        assert_eq!(each.await.unwrap(), (503, "unavailable".to_owned()));
    }
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let begun = Instant::now();
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn variables_of_a_session_that_ended_are_gone_from_redis() {
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
async fn a_key_lives_as_long_as_its_session_and_no_longer() {
    let Some(url) = redis_url() else { return };
    let mut redis = redis::Client::open(url.clone()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let app = TestApp::start_with(&[&format!("--session-store={url}"), "--jwt-ttl=1h"]).await;
    let alice = app.alice().await;
    let key = key(&alice).await;
    for (minutes, left) in [(0, 60), (20, 40), (39, 1)] {
        app.pass(TimeDelta::minutes(minutes));
        alice.put(A, json!(minutes)).await;
        // The session began with the second in which alice signed up.
        let left = TimeDelta::minutes(left).num_milliseconds() - 250;
        let milliseconds: i64 = redis.pttl(&key).await.unwrap();
        assert!((left - 30_000..=left).contains(&milliseconds), "{milliseconds} of {left}");
    }
}

#[tokio::test]
async fn variables_that_cannot_be_read_are_a_fault_until_they_are_all_deleted() {
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
            assert_eq!(reply.refusal(), (500, "internal_error".to_owned()), "{text}");
        }
        assert_eq!(alice.delete(ALL).await.status(), 204, "{text}");
        assert_eq!(alice.put(A, json!(1)).await.status(), 201, "{text}");
    }
}

async fn key(client: &Client) -> String {
    let sessions = client.get("/api/sessions").await.json();
    format!("daypass:variables:{}", sessions["items"][0]["id"].as_str().unwrap())
}
