//! The other lessons: counters, cookie sessions and protected routes. Each promise of a lesson has a test.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use daypass::classroom::lesson_routes::LESSONS;
use daypass::models::session_variables;
use jsonwebtoken::Algorithm;
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, Statement};
use serde_json::{Value, json};

use crate::support::{Browser, Forge, PASSWORD, Reply, TestApp};

mod common;
mod cookie_sessions;

const COOKIE: &str = "__Host-daypass";
const VARIABLES: &str = "/api/sessions/current/variables";

async fn texts(browser: &Browser, paths: &[&str]) -> Vec<String> {
    let mut texts = Vec::new();
    for path in paths {
        let reply = browser.get(path).await;
        assert_eq!(reply.status(), 200, "{path}: {}", reply.text());
        texts.push(reply.text().to_owned());
    }
    texts
}

fn account(name: &str) -> Value {
    json!({"username": name, "password": PASSWORD})
}

async fn post(browser: &Browser, path: &str, name: &str) -> Reply {
    let reply = browser.post(path, account(name)).await;
    assert_eq!(reply.status(), 200, "{path}: {}", reply.text());
    reply
}

/// The status and the `message` of a response.
fn message(reply: &Reply) -> (u16, Value) {
    (reply.status(), reply.json()["message"].clone())
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Renames a table, so that writes to it fail.
pub(crate) async fn without_table(app: &TestApp, table: &str) {
    let db = app.another_process().await;
    let sql = format!("ALTER TABLE {table} RENAME TO {table}_renamed");
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
}

#[tokio::test]
async fn counter_in_the_route_is_always_one() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    for path in ["/counter/route", "/lessons/000/counter/route"] {
        assert_eq!(texts(&browser, &[path; 3]).await, ["1", "1", "1"]);
    }
    assert_eq!(browser.cookies(), None);
}

#[tokio::test]
async fn counter_on_the_server_is_shared_by_all_browsers() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    let (path, lesson) = ("/counter/server", "/lessons/000/counter/server");
    assert_eq!(texts(&alice, &[path, lesson]).await, ["1", "2"]);
    assert_eq!(texts(&bob, &[path, path]).await, ["3", "4"]);
    assert_eq!(texts(&alice, &[path]).await, ["5"]);
}

#[tokio::test]
async fn counter_in_the_session_is_separate_for_each_browser() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    assert_eq!(texts(&alice, &["/counter", "/counter/session", "/lessons/000/counter"]).await, ["1", "2", "3"]);
    assert_eq!(texts(&bob, &["/counter", "/counter"]).await, ["1", "2"]);
    assert_eq!(texts(&alice, &["/counter"]).await, ["4"]);
    for _ in 0..3 {
        let reply = app.anon.get("/counter").await;
        assert_eq!(reply.text(), "1");
        assert!(reply.cookies()[0].starts_with("__Host-daypass="));
    }
}

#[tokio::test]
async fn basic_login_starts_a_session_for_the_own_user_page() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    assert_eq!(app.anon.post("/lessons/000/users", account("alice")).await.status(), 200);
    assert_eq!(alice.get("/lessons/000/users/1").await.error(), (401, "no_token".to_owned()));
    let log_in = async |credentials: String| {
        alice.send_with(Method::GET, "/lessons/000/login", None, &[("authorization", &credentials)]).await
    };
    for wrong in [basic("alice", "wrong"), basic("unknown", PASSWORD), "Basic !".to_owned(), "Basic".to_owned()] {
        let refused = log_in(wrong.clone()).await;
        assert_eq!(refused.error(), (401, "bad_credentials".to_owned()), "{wrong}");
        assert_eq!(refused.header("www-authenticate"), r#"Basic realm="daypass", charset="UTF-8""#, "{wrong}");
        assert_eq!(alice.cookies(), None);
    }
    let reply = log_in(basic("alice", PASSWORD)).await;
    assert_eq!((reply.status(), reply.json().get("sessionToken")), (200, None));
    assert_eq!(alice.get("/lessons/000/users/1").await.json()["username"], "alice");
    assert_eq!(alice.get("/lessons/000/users/2").await.status(), 404);
    let cookie = alice.cookie(COOKIE).unwrap();
    assert_eq!(texts(&alice, &["/lessons/000/logout"]).await, ["good bye"]);
    alice.plant(COOKIE, &cookie);
    assert_eq!(alice.get("/lessons/000/users/1").await.status(), 401, "the cookie is revoked");
}

#[tokio::test]
async fn basic_credentials_are_accepted_only_by_the_login() {
    let app = TestApp::start().await;
    app.alice().await;
    for path in ["/lessons/000/users/1", "/lessons/000/greeting", "/api/users/me"] {
        let request = app.anon.request(Method::GET, path).header("authorization", basic("alice", PASSWORD));
        assert_eq!(request.send().await.error(), (401, "no_token".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn bearer_login_token_is_greeted_by_name() {
    let app = TestApp::start().await;
    assert_eq!(app.anon.post("/lessons/000/users", account("alice")).await.status(), 200);
    let reply = app.anon.post("/lessons/000/login", account("alice")).await;
    assert!(reply.cookies().is_empty());
    let alice = app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap());
    let greeting = alice.get("/lessons/000/greeting").await;
    assert_eq!((greeting.status(), greeting.text()), (200, "Hello, alice"));
    assert_eq!(app.anon.get("/lessons/000/greeting").await.error(), (401, "no_token".to_owned()));
    let wrong = app.anon.post("/lessons/000/login", json!({"username": "alice", "password": "wrong"})).await;
    assert!(wrong.header("www-authenticate").starts_with("Bearer"), "the browser must not prompt for credentials");
}

#[tokio::test]
async fn token_parts_are_readable_and_tamper_proof() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let parts: Vec<_> = alice.token().split('.').collect();
    let decoded = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!((parts.len(), &decoded(parts[0])["alg"], &decoded(parts[1])["sub"]), (3, &json!("HS256"), &json!("1")));
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 32);
    let mut claims = decoded(parts[1]);
    claims["sub"] = json!("2");
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    signature[0] ^= 1;
    let changed = [
        format!("{}.{payload}.{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature)),
    ];
    for token in changed {
        let refused = app.anon.with_token(&token).get("/api/verify").await;
        assert_eq!(refused.error(), (401, "bad_signature".to_owned()));
        assert_eq!(app.anon.with_token(&token).get("/lessons/000/greeting").await.status(), 401);
    }
}

#[tokio::test]
async fn example_tokens_of_the_lessons_are_rejected() {
    let app = TestApp::start().await;
    for message in ["Hello from WhiteHat!", "Hello from Multiverse!"] {
        let claims = json!({"message": message});
        let forge = Forge { header: json!({"alg": "HS256", "typ": "JWT"}), claims: claims.clone() };
        // Signed with another secret, and with the secret of the service.
        let other = forge.signed_by(b"another secret for tests, long enough", Algorithm::HS256);
        let own = forge.signed();
        assert_eq!(Forge::from(&other).claims, claims, "the claims are readable");
        for token in [other, own] {
            assert_eq!(app.anon.with_token(&token).get("/lessons/000/greeting").await.status(), 401, "{message}");
            assert_eq!(app.anon.with_token(&token).get("/api/verify").await.error().0, 401, "{message}");
        }
    }
}
