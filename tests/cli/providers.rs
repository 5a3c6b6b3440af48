//! Settings of sign-in providers, and `daypass lesson oauth`.

use std::io::Read as _;
use std::net::TcpStream;

use tempfile::TempDir;

use crate::running::*;

const PUBLIC_URL: (&str, &str) = ("PUBLIC_URL", "https://accounts.example.com");
const ACME: [(&str, &str); 4] = [
    PUBLIC_URL,
    ("OIDC_PROVIDERS", "acme"),
    ("OIDC_ACME_ISSUER", "https://acme.example"),
    ("OIDC_ACME_CLIENT_ID", "daypass"),
];

#[test]
fn incomplete_or_wrong_settings_of_a_provider_are_reported_with_their_name() {
    let folder = TempDir::new().unwrap();
    for (changes, name) in [
        (&[("OIDC_ACME_ISSUER", "")][..], "OIDC_ACME_ISSUER"),
        (&[("OIDC_ACME_CLIENT_ID", "")], "OIDC_ACME_CLIENT_ID"),
        (&[("OIDC_ACME_ISSUER", "acme.example")], "OIDC_ACME_ISSUER"),
        (&[("OIDC_ACME_ISSUER", "http://acme.example")], "OIDC_ACME_ISSUER"),
        (&[("OIDC_ACME_ISSUER", "http://127.0.0.1:4000"), ("DAYPASS_ENV", "production")], "OIDC_ACME_ISSUER"),
        (&[("OIDC_ACME_CLIENT_SECRET_FILE", "none")], "OIDC_ACME_CLIENT_SECRET_FILE"),
        (&[("OIDC_ACME_SECRET", "x")], "OIDC_ACME_SECRET"),
        (&[("OIDC_PROVIDERS", "acme,acme")], "OIDC_PROVIDERS"),
        (&[("OIDC_PROVIDERS", "Acme")], "OIDC_PROVIDERS"),
        (&[("PUBLIC_URL", "")], "PUBLIC_URL"),
    ] {
        let settings = [&ACME[..], &[("JWT_SECRET", GOOD_SECRET)], changes].concat();
        let output = run(folder.path(), &[], &settings);
        assert_eq!(output.status.code(), Some(2), "{changes:?}");
        assert!(error_line(&output).contains(name), "{changes:?}: {}", error_line(&output));
        let other = run(folder.path(), &["secret", "generate"], &settings);
        let needs_no_provider = !changes[0].0.starts_with("OIDC_PROVIDERS");
        assert!(!needs_no_provider || other.status.success(), "other commands work: {}", text(&other.stderr));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was created");
}

#[test]
fn config_lists_the_settings_of_providers_without_their_secrets() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "OIDC_ACME_TITLE='Acme Ltd'\nOIDC_ACME_CLIENT_SECRET=hunter2\n")
        .unwrap();
    let output = run(folder.path(), &["config"], &ACME);
    let list = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for line in [
        "OIDC_PROVIDERS=acme  # environment",
        "OIDC_ACME_ISSUER=https://acme.example  # environment",
        "OIDC_ACME_TITLE=Acme Ltd  # .env, line 1",
        "OIDC_ACME_CLIENT_SECRET=(hidden)  # .env, line 2",
    ] {
        assert!(list.contains(line), "{line}: {list}");
    }
    assert!(!list.contains("hunter2"));
}

#[test]
fn service_with_a_provider_that_does_not_exist_starts_and_is_ready() {
    let folder = TempDir::new().unwrap();
    let issuer = format!("http://127.0.0.1:{}", free_port());
    let settings = [&ACME[..], &[("OIDC_ACME_ISSUER", &*issuer), ("ARGON2", "m=8,t=1,p=1")]].concat();
    let service = Running::start(folder.path(), &settings);
    assert!(service.request("GET", "/health/ready", "", "").starts_with("HTTP/1.1 200"));
    service.sign_up();
    let start = service.request("GET", "/api/oidc/acme/start", "", "");
    assert!(start.starts_with("HTTP/1.1 503") && start.contains("provider_unavailable"), "{start}");
}

#[test]
fn operator_sees_both_issuers_if_they_differ() {
    let folder = TempDir::new().unwrap();
    let (port, provider_port) = (free_port().to_string(), free_port().to_string());
    let lesson = Lesson::start(folder.path(), &port, &provider_port);
    let other = TempDir::new().unwrap();
    // The provider calls itself 127.0.0.1.
    let issuer = format!("http://localhost:{provider_port}");
    let log = std::fs::File::create(other.path().join("log")).unwrap();
    let settings = [&ACME[..], &[("OIDC_ACME_ISSUER", &*issuer)]].concat();
    let service = Running::start_with_log(other.path(), &settings, log.into());
    let start = service.request("GET", "/api/oidc/acme/start", "", "");
    assert!(start.starts_with("HTTP/1.1 503"), "{start}");
    let both = format!("unexpected issuer URI `http://127.0.0.1:{provider_port}` (expected `{issuer}`)");
    wait_until("the log has both", || std::fs::read_to_string(other.path().join("log")).unwrap().contains(&both));
    drop(lesson);
}

#[test]
fn lesson_is_refused_where_others_could_reach_its_provider() {
    let folder = TempDir::new().unwrap();
    for (settings, reason) in [
        (&[("DAYPASS_ENV", "production"), ("JWT_SECRET", GOOD_SECRET)][..], "only in development"),
        (&[("HOST", "0.0.0.0")], "only on this machine"),
        (&[("PORT", "0")], "PORT"),
    ] {
        let output = run(folder.path(), &["lesson", "oauth"], settings);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        assert!(error_line(&output).contains(reason), "{}", error_line(&output));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was created");
}

/// A started `daypass lesson oauth`. It is killed with its test.
struct Lesson(std::process::Child);

impl Lesson {
    fn start(folder: &std::path::Path, port: &str, provider_port: &str) -> Self {
        let mut command = daypass(folder, &["lesson", "oauth", "--provider-port", provider_port], &[("PORT", port)]);
        let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        let lesson = Self(child);
        wait_until("the lesson listens", || TcpStream::connect(format!("127.0.0.1:{port}")).is_ok());
        lesson
    }
}

impl Drop for Lesson {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn lesson_sends_the_browser_to_its_own_provider() {
    use std::io::Write as _;
    let folder = TempDir::new().unwrap();
    let (port, provider_port) = (free_port().to_string(), free_port().to_string());
    let _lesson = Lesson::start(folder.path(), &port, &provider_port);
    let get = |port: &str, path: &str| {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let start = get(&port, "/api/oidc/lesson/start");
    let location = format!("location: http://127.0.0.1:{provider_port}/authorize?");
    assert!(start.starts_with("HTTP/1.1 303") && start.contains(&location), "{start}");
    let redirect_uri = format!("redirect_uri=http%3A%2F%2Flocalhost%3A{port}%2Fapi%2Foidc%2Flesson%2Fcallback");
    assert!(start.contains(&redirect_uri), "{start}");
    let page = get(&provider_port, "/");
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("not for production"), "{page}");
}
