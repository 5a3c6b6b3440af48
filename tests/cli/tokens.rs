//! `daypass token`: explains tokens without the database, and issues tokens.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::*;

/// The secret of the course: 11 characters.
const COURSE_SECRET: &str = "i_am_secret";

/// A key that only tests use.
const ED25519_KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEILXivEFsE3oDYIL28IBegBBHS8LkvzMrindYWiYbBTsF\n-----END PRIVATE KEY-----\n";

fn course_token(claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(COURSE_SECRET.as_bytes())).unwrap()
}

fn explain(folder: &TempDir, arguments: &[&str]) -> Output {
    run(folder.path(), &[&["token", "explain"], arguments].concat(), &[])
}

#[test]
fn token_is_explained_without_the_database() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    running.stop("-TERM");
    std::fs::remove_file(folder.path().join("data/daypass.db")).unwrap();
    let accepted = explain(&folder, &[&token]);
    let out = text(&accepted.stdout);
    assert!(
        accepted.status.success() && out.starts_with("valid: ") && out.contains("was not checked"),
        "{out}{}",
        text(&accepted.stderr)
    );
    assert!(out.contains("not reached revoked    This command does not read the database."), "{out}");
    assert!(!folder.path().join("data/daypass.db").exists(), "the command creates no database");
    let changed = token.replacen("eyJ", "eyK", 1);
    let rejected = explain(&folder, &["--json", &changed]);
    assert_eq!(rejected.status.code(), Some(1));
    let view: Value = serde_json::from_slice(&rejected.stdout).unwrap();
    assert_eq!((&view["accepted"], &view["code"]), (&json!(false), &json!("malformed_token")));
}

#[test]
fn token_is_read_from_standard_input() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let token = running.sign_up();
    let mut command: Command = daypass(folder.path(), &["token", "explain", "-"], &[]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{token}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && text(&output.stdout).starts_with("valid: "), "{}", text(&output.stdout));
}

#[test]
fn explanation_needs_the_secret_of_the_service_and_creates_none() {
    let folder = TempDir::new().unwrap();
    let output = explain(&folder, &["x.y.z"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_line(&output).contains("there is no secret"), "{}", error_line(&output));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn short_secret_of_another_service_is_reported() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{COURSE_SECRET}\n")).unwrap();
    let file = file.to_str().unwrap();
    let token = course_token(&json!({"id": 1, "exp": 4_000_000_000_i64}));
    let valid = explain(&folder, &["--secret-file", file, &token]);
    let out = text(&valid.stdout);
    assert!(valid.status.success(), "{out}{}", text(&valid.stderr));
    assert!(out.contains("The secret has 88 bits, RFC 7518 §3.2 requires 256."), "{out}");
    let expired = explain(&folder, &["--secret-file", file, &course_token(&json!({"id": 1, "exp": 1}))]);
    assert_eq!(expired.status.code(), Some(1));
    assert!(text(&expired.stdout).contains("FAILED      exp        The token expired"), "{}", text(&expired.stdout));
    std::fs::write(file, "another secret").unwrap();
    let other = explain(&folder, &["--secret-file", file, "--json", &token]);
    let view: Value = serde_json::from_slice(&other.stdout).unwrap();
    assert_eq!((&view["code"], &view["claimsTrusted"]), (&json!("bad_signature"), &json!(false)));
    assert_eq!(view["claims"]["id"], 1);
}

#[test]
fn token_of_another_service_is_explained_with_its_public_keys() {
    let folder = TempDir::new().unwrap();
    let key = folder.path().join("key.pem");
    std::fs::write(&key, ED25519_KEY).unwrap();
    let settings = [("JWT_ALGORITHM", "EdDSA"), ("JWT_PRIVATE_KEY_FILE", key.to_str().unwrap())];
    let running = Running::start(folder.path(), &settings);
    let token = running.sign_up();
    let answer = running.request("GET", "/.well-known/jwks.json", "", "");
    let keys = folder.path().join("jwks.json");
    std::fs::write(&keys, answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let keys = keys.to_str().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let valid = explain(&elsewhere, &["--jwks", keys, &token]);
    assert!(valid.status.success(), "{}{}", text(&valid.stdout), text(&valid.stderr));
    assert!(text(&valid.stdout).contains("`iss` is \"daypass\""), "{}", text(&valid.stdout));
    // A public key must not be used as the secret of HMAC.
    let confused = explain(&elsewhere, &["--jwks", keys, "--json", &course_token(&json!({"id": 1}))]);
    let view: Value = serde_json::from_slice(&confused.stdout).unwrap();
    assert_eq!(view["code"], "wrong_algorithm");
}

#[test]
fn issued_token_has_a_session_that_can_be_ended() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    let own = running.sign_up();
    let issued = run(folder.path(), &["token", "issue", "--user", "ADA", "--ttl", "10m"], &[]);
    let token = text(&issued.stdout).trim_end().to_owned();
    assert!(issued.status.success() && running.verify(&token) == 204, "{}", text(&issued.stderr));
    let list = running.request("GET", "/api/sessions", &own, "");
    assert!(list.contains("\"userAgent\":\"daypass token issue\""), "{list}");
    let events = running.request("GET", "/api/users/me/events", &own, "");
    assert!(events.contains("\"kind\":\"token_issued\",\"actor\":\"operator\""), "{events}");
    assert!(running.request("DELETE", "/api/sessions/current", &token, "").starts_with("HTTP/1.1 204"));
    assert_eq!(running.verify(&token), 401);
    let view = text(&explain(&folder, &["--json", &token]).stdout).to_owned();
    let claims: Value = serde_json::from_str(&view).unwrap();
    let claims = &claims["claims"];
    assert_eq!((&claims["amr"], claims.get("auth_time")), (&json!(["operator"]), None));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
}

#[test]
fn token_is_issued_only_for_enabled_users_and_in_production_only_with_a_confirmation() {
    let folder = TempDir::new().unwrap();
    let running = Running::start(folder.path(), &[]);
    running.sign_up();
    let unknown = run(folder.path(), &["token", "issue", "--user", "bob"], &[]);
    assert!(error_line(&unknown).contains("\"bob\" not found"));
    let production = [("DAYPASS_ENV", "production"), ("JWT_SECRET", GOOD_SECRET)];
    let asked = run(folder.path(), &["token", "issue", "--user", "ada"], &production);
    assert_eq!((asked.status.code(), text(&asked.stdout)), (Some(2), ""));
    assert!(error_line(&asked).contains("--yes"), "{}", error_line(&asked));
    assert!(run(folder.path(), &["token", "issue", "--user", "ada", "--yes"], &production).status.success());
    assert!(run(folder.path(), &["user", "disable", "ada"], &[]).status.success());
    let disabled = run(folder.path(), &["token", "issue", "--user", "ada"], &[]);
    assert!(error_line(&disabled).contains("disabled") && disabled.stdout.is_empty());
}
