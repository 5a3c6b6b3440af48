//! The messages of the service: its job writes them to files, and the test reads them.

use serde_json::json;
use tempfile::TempDir;

use super::{Client, PASSWORD, TestApp, until_available};

/// A folder for messages.
pub struct Outbox {
    folder: TempDir,
}

/// A message, with the values that tests need.
#[derive(Clone, Debug)]
pub struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub code: String,
    pub link: String,
}

impl Outbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The flag that makes a service write its messages to this folder.
    pub fn flag(&self) -> String {
        format!("--mailer=file:{}", self.folder.path().display())
    }

    /// Starts a service that writes its messages to this folder.
    pub async fn start(&self, flags: &[&str]) -> TestApp {
        let (mailer, public_url) = (self.flag(), "--public-url=https://accounts.example.com");
        TestApp::start_with(&[&[&*mailer, public_url], flags].concat()).await
    }

    /// Signs up a user with the verified address `name@example.com`. Returns a client with the session token.
    pub async fn sign_up(&self, app: &TestApp, name: &str) -> Client {
        let body = json!({"username": name, "password": PASSWORD, "email": format!("{name}@example.com")});
        let created = until_available(|| app.anon.post("/api/users", body.clone())).await;
        assert_eq!(created.status(), 201, "{}", created.text());
        let code = self.deliver_one(app).await.code;
        assert_eq!(app.anon.post("/api/email-verifications", json!({"code": code})).await.status(), 200);
        app.anon.with_token(created.json()["sessionToken"].as_str().unwrap())
    }

    /// Makes deliveries fail.
    pub fn break_folder(&self) {
        std::fs::remove_dir_all(self.folder.path()).unwrap();
    }

    pub fn repair_folder(&self) {
        std::fs::create_dir(self.folder.path()).unwrap();
    }

    /// Sends what is due, and returns the new messages in the order of their names.
    pub async fn deliver(&self, app: &TestApp) -> Vec<Letter> {
        app.app.outgoing_mail.clone().unwrap().run_once().await.unwrap();
        self.read()
    }

    /// Returns the new messages in the order of their names.
    pub fn read(&self) -> Vec<Letter> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.collect();
        files.sort();
        let letter = |file: std::path::PathBuf| {
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::remove_file(file).unwrap();
            Letter::parse(&text)
        };
        files.into_iter().map(letter).collect()
    }

    /// Sends what is due, which must be one message.
    pub async fn deliver_one(&self, app: &TestApp) -> Letter {
        let letters = self.deliver(app).await;
        assert_eq!(letters.len(), 1, "{letters:#?}");
        letters.into_iter().next().unwrap()
    }
}

impl Letter {
    fn parse(message: &str) -> Self {
        let header = |name: &str| {
            let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let (_, plain) = message.split_once("Content-Type: text/plain").unwrap();
        let (_, plain) = plain.split_once("\r\n\r\n").unwrap();
        let (plain, _) = plain.split_once("\r\n--").unwrap();
        let text = plain.replace("=\r\n", "").replace("=3D", "=").replace("\r\n", "\n");
        let after = |start: &str| {
            let line = text.split(start).nth(1).and_then(|rest| rest.trim_start().lines().next());
            line.unwrap_or_default().to_owned()
        };
        let (code, link) = (after("enter this code:"), text.lines().find(|line| line.starts_with("http")));
        let code = if code.is_empty() { after("enter this one:") } else { code };
        Self { to: header("To"), subject: header("Subject"), code, link: link.unwrap_or_default().to_owned(), text }
    }
}
