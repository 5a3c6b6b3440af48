//! The other lessons, each promise of theirs as a test: counters, a session by cookie, what it protects.

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

mod around;
mod by_cookie;

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

/// Status and `message` of a reply.
fn told(reply: &Reply) -> (u16, Value) {
    (reply.status(), reply.json()["message"].clone())
}

fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
}

/// Makes the database refuse what it is asked to write.
pub(crate) async fn without_table(app: &TestApp, table: &str) {
    let db = app.another_process().await;
    let sql = format!("ALTER TABLE {table} RENAME TO {table}_elsewhere");
    db.execute_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
}

#[tokio::test]
async fn a_counter_in_the_route_never_counts() {
    let app = TestApp::start().await;
    let browser = Browser::new(&app.anon);
    for path in ["/counter/route", "/lessons/000/counter/route"] {
        assert_eq!(texts(&browser, &[path; 3]).await, ["1", "1", "1"]);
    }
    assert_eq!(browser.cookies(), None);
}

#[tokio::test]
async fn a_counter_on_the_server_counts_for_everybody() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    let (path, lesson) = ("/counter/server", "/lessons/000/counter/server");
    assert_eq!(texts(&alice, &[path, lesson]).await, ["1", "2"]);
    assert_eq!(texts(&bob, &[path, path]).await, ["3", "4"]);
    assert_eq!(texts(&alice, &[path]).await, ["5"]);
}

#[tokio::test]
async fn a_counter_in_the_session_counts_for_each_browser() {
    let app = TestApp::start().await;
    let (alice, bob) = (Browser::new(&app.anon), Browser::new(&app.anon));
    assert_eq!(texts(&alice, &["/counter", "/counter/session", "/lessons/000/counter"]).await, ["1", "2", "3"]);
    assert_eq!(texts(&bob, &["/counter", "/counter"]).await, ["1", "2"]);
    assert_eq!(texts(&alice, &["/counter"]).await, ["4"]);
    for _ in 0..3 {
        let forgetful = app.anon.get("/counter").await;
        assert_eq!(forgetful.text(), "1");
        assert!(forgetful.cookies()[0].starts_with("__Host-daypass="));
    }
}

#[tokio::test]
async fn basic_credentials_at_the_login_begin_a_session_that_opens_ones_own_page() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    assert_eq!(app.anon.post("/lessons/000/users", account("alice")).await.status(), 200);
    assert_eq!(alice.get("/lessons/000/users/1").await.refusal(), (401, "no_token".to_owned()));
    let log_in = async |credentials: String| {
        alice.send_with(Method::GET, "/lessons/000/login", None, &[("authorization", &credentials)]).await
    };
    for wrong in [basic("alice", "wrong"), basic("nobody", PASSWORD), "Basic !".to_owned(), "Basic".to_owned()] {
        let refused = log_in(wrong.clone()).await;
        assert_eq!(refused.refusal(), (401, "bad_credentials".to_owned()), "{wrong}");
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
    assert_eq!(alice.get("/lessons/000/users/1").await.status(), 401, "the cookie is worth nothing any more");
}

#[tokio::test]
async fn basic_credentials_open_nothing_but_the_login() {
    let app = TestApp::start().await;
    app.alice().await;
    for path in ["/lessons/000/users/1", "/lessons/000/greeting", "/api/users/me"] {
        let request = app.anon.request(Method::GET, path).header("authorization", basic("alice", PASSWORD));
        assert_eq!(request.send().await.refusal(), (401, "no_token".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn a_token_from_the_login_is_greeted_by_name() {
    let app = TestApp::start().await;
    assert_eq!(app.anon.post("/lessons/000/users", account("alice")).await.status(), 200);
    let reply = app.anon.post("/lessons/000/login", account("alice")).await;
    assert!(reply.cookies().is_empty());
    let alice = app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap());
    let greeting = alice.get("/lessons/000/greeting").await;
    assert_eq!((greeting.status(), greeting.text()), (200, "Hello, alice"));
    assert_eq!(app.anon.get("/lessons/000/greeting").await.refusal(), (401, "no_token".to_owned()));
    let wrong = app.anon.post("/lessons/000/login", json!({"username": "alice", "password": "wrong"})).await;
    assert!(
        wrong.header("www-authenticate").starts_with("Bearer"),
        "no prompt of the browser's for a page that asks itself"
    );
}

#[tokio::test]
async fn a_token_has_three_parts_that_anyone_reads_and_nobody_changes() {
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
        assert_eq!(refused.refusal(), (401, "bad_signature".to_owned()));
        assert_eq!(app.anon.with_token(&token).get("/lessons/000/greeting").await.status(), 401);
    }
}

#[tokio::test]
async fn the_tokens_that_lessons_give_to_decode_are_not_ours() {
    let app = TestApp::start().await;
    for message in ["Hello from WhiteHat!", "Hello from Multiverse!"] {
        let claims = json!({"message": message});
        let forge = Forge { header: json!({"alg": "HS256", "typ": "JWT"}), claims: claims.clone() };
        // Signed with some secret of theirs, and, worse, with ours.
        let theirs = forge.signed_by(b"some secret of theirs, long enough", Algorithm::HS256);
        let ours = forge.signed();
        assert_eq!(Forge::from(&theirs).claims, claims, "anyone reads it");
        for token in [theirs, ours] {
            assert_eq!(app.anon.with_token(&token).get("/lessons/000/greeting").await.status(), 401, "{message}");
            assert_eq!(app.anon.with_token(&token).get("/api/verify").await.refusal().0, 401, "{message}");
        }
    }
}
