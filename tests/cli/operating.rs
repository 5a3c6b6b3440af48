//! What operators and orchestrators use: health check, settings in force, shutdown delay.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::running::*;

#[test]
fn healthcheck_succeeds_only_while_the_service_is_ready() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("SHUTDOWN_DELAY", "60s")]);
    let port = running.address.rsplit(':').next().unwrap().to_owned();
    let check = |host| run(folder.path(), &["healthcheck"], &[("PORT", &port), ("HOST", host)]);
    for host in ["127.0.0.1", "0.0.0.0"] {
        let ready = check(host);
        assert!(ready.status.success() && ready.stderr.is_empty(), "{}", text(&ready.stderr));
    }
    running.send("-TERM");
    wait_until("the service is no longer ready", || !check("127.0.0.1").status.success());
    assert!(error_line(&check("127.0.0.1")).contains("503"), "{}", error_line(&check("127.0.0.1")));
    drop(running);
    let stopped = check("127.0.0.1");
    assert_eq!(stopped.status.code(), Some(1));
    assert!(error_line(&stopped).contains("cannot reach the service"), "{}", error_line(&stopped));
    let unknown = run(folder.path(), &["healthcheck"], &[("PORT", "0")]);
    assert_eq!(unknown.status.code(), Some(1), "{}", error_line(&unknown));
}

#[test]
fn service_responds_during_the_shutdown_delay_and_asks_clients_to_leave() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[("SHUTDOWN_DELAY", "60s")]);
    let keep_alive = |path: &str| {
        let mut stream = std::net::TcpStream::connect(&running.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", running.address);
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut answer = vec![0; 4096];
        let length = std::io::Read::read(&mut stream, &mut answer).unwrap();
        text(&answer[..length]).to_lowercase()
    };
    assert!(keep_alive("/health/live").contains("connection: keep-alive"));
    running.send("-TERM");
    wait_until("it is not ready", || keep_alive("/health/ready").starts_with("http/1.1 503"));
    let answer = keep_alive("/health/live");
    assert!(answer.starts_with("http/1.1 200") && answer.contains("connection: close"), "{answer}");
    let address = running.address.clone();
    // The second signal ends the delay.
    let stopped = Instant::now();
    let (status, log) = running.stop("-TERM");
    assert_eq!(status, Some(0), "{log}");
    assert!(stopped.elapsed() < Duration::from_secs(30), "{log}");
    assert!(std::net::TcpStream::connect(&address).is_err());
}

#[test]
fn config_lists_the_settings_in_force_with_their_sources_and_without_secrets() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "# first\nKEEP_ALIVE=30s\nJWT_SECRETS_RETIRED=hunter2,hunter3\n")
        .unwrap();
    std::fs::write(folder.path().join("url"), "postgres://app:hunter2@db.example/x").unwrap();
    let settings = [
        ("DAYPASS_ENV", "production"),
        ("JWT_SECRET", "hunter2 hunter2 hunter2 hunter2 hunter2"),
        ("DATABASE_URL_FILE", "url"),
        ("SESSION_STORE", "redis://app:hunter2@127.0.0.1"),
    ];
    let output = run(folder.path(), &["config", "--port=81"], &settings);
    let listed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for line in [
        "DAYPASS_ENV=production  # environment",
        "PORT=81  # command line",
        "KEEP_ALIVE=30s  # .env, line 2",
        "JWT_SECRET=(hidden)  # environment",
        "JWT_SECRETS_RETIRED=(hidden),(hidden)  # .env, line 3",
        "DATABASE_URL=postgres://***@db.example/x  # file url",
        "SESSION_STORE=redis://127.0.0.1:6379  # environment",
        "COOKIE_SECURE=true  # default",
        "PAGES=false  # default",
        "JWT_TTL=24h  # default",
    ] {
        assert!(listed.lines().any(|listed| listed == line), "{line:?} is missing in {listed}");
    }
    assert!(!listed.contains("hunter"), "{listed}");
    assert!(!folder.path().join("data").exists(), "the command creates nothing");
}
