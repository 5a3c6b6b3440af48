//! The nginx configuration of docs/api.md in a real nginx: clients cannot forge their identity.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::running::*;

/// The indented block of the documentation that starts with this line.
fn documented(first: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md")).unwrap();
    let block = page.lines().skip_while(|line| line.trim_start() != first);
    let block: Vec<_> = block.take_while(|line| line.starts_with("    ")).collect();
    assert!(block.len() > 4, "the configuration is in docs/api.md");
    block.join("\n")
}

struct Nginx {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx with the documented configuration. Returns `None` if it is not installed.
    fn start(daypass: &str, application: u16) -> Option<Self> {
        let example = documented("location = /verify {").replace("127.0.0.1:3000", daypass);
        Self::start_with(&example.replace("127.0.0.1:8080", &format!("127.0.0.1:{application}")))
    }

    /// Starts nginx with these directives in its `server` block.
    fn start_with(server: &str) -> Option<Self> {
        let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
        let program = folders.map(|folder| Path::new(folder).join("nginx")).into_iter().find(|file| file.exists());
        let Some(program) = program else {
            let _ = writeln!(
                std::io::stderr(),
                "skipped: nginx is not installed, its configuration in docs/api.md was not tested"
            );
            return None;
        };
        let (folder, port) = (TempDir::new().unwrap(), free_port());
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|name| format!("{name}_temp_path {name};\n")).concat();
        let configuration = format!(
            "daemon off; pid nginx.pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n{temporary}\
             server {{ listen 127.0.0.1:{port};\n{server}\n}} }}\n"
        );
        let prefix = folder.path().to_str().unwrap();
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).unwrap();
        let mut command = Command::new(program);
        command.args(["-e", "stderr", "-p", prefix, "-c", file.to_str().unwrap()]).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let nginx = Self { child, port, _folder: folder };
        wait_until("nginx accepts the documented configuration", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(nginx)
    }

    fn get(&self, headers: &str) -> String {
        self.exchange("GET /reports", headers, "")
    }

    /// Sends a request. Returns the response, in which bytes that are not UTF-8 are replaced.
    fn exchange(&self, what: &str, headers: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        write!(stream, "{what} HTTP/1.1\r\nhost: app.example\r\nconnection: close\r\n{headers}{length}\r\n{body}")
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGQUIT, because the workers are separate processes.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// An application that returns the head of each request.
fn application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
            let body = head.join("\n");
            let _ =
                write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    port
}

/// The `X-Auth-*` headers of a response of Daypass, or of a request that the application received. Applications that
/// read headers as CGI variables do not distinguish `-` from `_`.
///
/// nginx removes empty headers, such as `X-Auth-Roles` of a user without roles.
fn identity(text: &str) -> Vec<(String, String)> {
    let headers = text.lines().filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_lowercase().replace('_', "-"), value.trim().to_owned()));
    let mut headers: Vec<_> = headers.filter(|(name, value)| name.starts_with("x-auth") && !value.is_empty()).collect();
    headers.sort();
    headers
}

#[test]
fn client_behind_the_documented_nginx_cannot_forge_its_identity() {
    let folder = TempDir::new().unwrap();
    let daypass = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    let Some(nginx) = Nginx::start(&daypass.address, application()) else { return };
    let token = daypass.sign_up();
    let genuine = identity(&daypass.request("GET", "/api/verify", &token, ""));
    assert!(genuine.len() >= 3, "{genuine:?}");

    let authorization = format!("authorization: Bearer {token}\r\n");
    for name in genuine.iter().map(|(name, _)| &**name).chain(["x-auth-roles"]) {
        let cased = name.to_uppercase();
        let underscored = name.replace('-', "_");
        for name in [name, &*cased, &*underscored] {
            for value in ["666", "", "666, 667"] {
                for forged in [
                    format!("{name}: {value}\r\n{authorization}"),
                    format!("{authorization}{name}: {value}\r\n{name}: {value}\r\n"),
                ] {
                    let answer = nginx.get(&forged);
                    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
                    assert_eq!(identity(answer.split("\r\n\r\n").nth(1).unwrap()), genuine, "{forged}");
                }
            }
        }
    }
    let removed = format!("connection: close, x-auth-user-id, x-auth-session-id, x-auth-expires-at\r\n{authorization}");
    assert_eq!(identity(nginx.get(&removed).split("\r\n\r\n").nth(1).unwrap()), genuine, "hop-by-hop");
}

#[test]
fn bad_request_behind_the_documented_nginx_returns_401_or_403() {
    let folder = TempDir::new().unwrap();
    let daypass = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1"), ("COOKIE_SECURE", "true")]);
    let Some(nginx) = Nginx::start(&daypass.address, application()) else { return };
    let token = daypass.sign_up();
    for (headers, status) in [
        (String::new(), "401"),
        ("authorization: Bearer x.y.z\r\n".to_owned(), "401"),
        (format!("cookie: __Host-daypass={token}; __Host-daypass={token}\r\n"), "401"),
        (format!("cookie: __Host-daypass={token}\r\nsec-fetch-site: cross-site\r\nx-forwarded-method: PUT\r\n"), "403"),
        (format!("cookie: __Host-daypass={token}\r\n"), "200"),
    ] {
        let answer = nginx.get(&headers);
        assert_eq!(answer.get(9..12), Some(status), "{headers}\n{answer}");
        assert_eq!(answer.to_lowercase().contains("www-authenticate: bearer"), status == "401", "{answer}");
    }
}

#[test]
fn entity_tag_that_nginx_weakened_matches() {
    let folder = TempDir::new().unwrap();
    let daypass = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1")]);
    let gzip = "gzip on; gzip_types application/json; gzip_min_length 1; gzip_proxied any;";
    let server = format!("{gzip} location / {{ proxy_pass http://{}; }}", daypass.address);
    let Some(nginx) = Nginx::start_with(&server) else { return };
    let headers = format!("authorization: {}\r\ncontent-type: application/json\r\n", daypass.sign_up());
    let compressed = format!("{headers}accept-encoding: gzip\r\n");
    let body = format!(r#"{{"name":"{}"}}"#, "lantern ".repeat(20));
    let created = nginx.exchange("POST /api/items", &headers, &body);
    assert_eq!(created.get(9..12), Some("201"), "{created}");
    let read = nginx.exchange("GET /api/items/1", &compressed, "");
    let head = read.split("\r\n\r\n").next().unwrap().to_lowercase();
    assert!(head.contains("content-encoding: gzip") && head.contains("etag: w/\"1\""), "{read}");
    let stale = format!("{compressed}if-match: W/\"1\"\r\n");
    for (headers, status) in [(&stale, "200"), (&stale, "412")] {
        let answer = nginx.exchange("PUT /api/items/1", headers, &body);
        assert_eq!(answer.get(9..12), Some(status), "{answer}");
    }
    let known = format!("{compressed}if-none-match: W/\"2\"\r\n");
    let answer = nginx.exchange("GET /api/items/1", &known, "");
    assert_eq!(answer.get(9..12), Some("304"), "{answer}");
}

#[test]
fn service_under_the_documented_sub_path_works() {
    let folder = TempDir::new().unwrap();
    let daypass = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1"), ("COOKIE_SECURE", "true")]);
    let server = documented("location /auth/ {").replace("127.0.0.1:3000", &daypass.address);
    let Some(nginx) = Nginx::start_with(&server) else { return };
    let page_headers = "content-type: application/json\r\nsec-fetch-site: same-origin\r\n";
    let body = r#"{"username":"ada","password":"correct horse","carrier":"cookie"}"#;
    let answer = nginx.exchange("POST /auth/api/users", page_headers, body);
    let cookie = answer.split("__Host-daypass=").nth(1).and_then(|rest| rest.split(';').next());
    let cookie = cookie.unwrap_or_else(|| panic!("{answer}"));
    assert!(answer.contains("; Path=/;"), "{answer}");
    let headers = format!("{page_headers}cookie: __Host-daypass={cookie}\r\n");
    let created = nginx.exchange("POST /auth/api/items", &headers, r#"{"name":"a lantern"}"#);
    assert!(created.to_lowercase().contains("/auth/api/items/1\r\n"), "the prefix of Location: {created}");
    let item = nginx.exchange("GET /auth/api/items/1/", &headers, "");
    assert!(item.starts_with("HTTP/1.1 200") && item.contains("a lantern"), "{item}");
    let old_browser = headers.replace("sec-fetch-site: same-origin", "origin: http://app.example");
    let refused = nginx.exchange("DELETE /auth/api/items/1", &old_browser, "");
    assert_eq!(refused.get(9..12), Some("403"), "a page without TLS cannot use a secure cookie: {refused}");
    let old_browser = headers.replace("sec-fetch-site: same-origin", "origin: https://app.example");
    let deleted = nginx.exchange("DELETE /auth/api/items/1", &old_browser, "");
    assert_eq!(deleted.get(9..12), Some("204"), "Host is forwarded: {deleted}");
}

#[test]
fn preflight_behind_the_documented_nginx_reaches_the_application_only_with_the_setting() {
    let preflight = "origin: https://page.example\r\naccess-control-request-method: PUT\r\n";
    let forged = format!("{preflight}x-original-method: OPTIONS\r\nx-forwarded-method: OPTIONS\r\n");
    for (setting, status) in [("reject", "401"), ("x-original-method", "200")] {
        let folder = TempDir::new().unwrap();
        let daypass = Running::start(folder.path(), &[("ARGON2", "m=8,t=1,p=1"), ("VERIFY_PREFLIGHT", setting)]);
        let Some(nginx) = Nginx::start(&daypass.address, application()) else { return };
        let answer = nginx.exchange("OPTIONS /reports", preflight, "");
        assert_eq!(answer.get(9..12), Some(status), "{setting}: {answer}");
        let user = identity(answer.split("\r\n\r\n").nth(1).unwrap()).into_iter().any(|(_, value)| !value.is_empty());
        assert!(!user, "{setting}: {answer}");
        assert_eq!(nginx.exchange("OPTIONS /reports", "", "").get(9..12), Some("401"), "{setting}: not a preflight");
        assert_eq!(nginx.get(&forged).get(9..12), Some("401"), "{setting}: a forged method");
    }
}
