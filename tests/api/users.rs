//! `/api/users`: signing up, and what a user may see and change of their own.

use daypass::models::user;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn signing_up_gives_a_user_a_session_and_its_token() {
    let app = TestApp::start().await;
    let body = json!({"username": "Ada", "password": PASSWORD});
    let reply = app.anon.post("/api/users", body).await;
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.header("location"), "/api/users/me");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_json_snapshot!(reply.json(), {".session.id" => "[sid]", ".sessionToken" => "[jwt]"}, @r#"
    {
      "expiresIn": 86400,
      "message": "created",
      "session": {
        "createdAt": "2026-11-20T12:00:00.250Z",
        "current": true,
        "expiresAt": "2026-11-21T12:00:00.000Z",
        "id": "[sid]",
        "userAgent": null
      },
      "sessionToken": "[jwt]",
      "tokenType": "Bearer",
      "user": {
        "createdAt": "2026-11-20T12:00:00.250Z",
        "id": 1,
        "updatedAt": "2026-11-20T12:00:00.250Z",
        "username": "Ada"
      }
    }
    "#);
}

#[tokio::test]
async fn a_name_is_one_users_whatever_its_case_or_width() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in ["alice", "ALICE", "ａｌｉｃｅ"] {
        let reply = app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.refusal(), (409, "username_taken".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn of_many_who_want_one_name_at_once_exactly_one_gets_it() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": "wanted", "password": format!("password number {number}")});
        let anon = app.anon.clone();
        tokio::spawn(async move { anon.post("/api/users", body).await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn many_who_want_different_names_at_once_all_get_theirs() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": format!("user {number}"), "password": PASSWORD});
        let anon = app.anon.clone();
        tokio::spawn(async move { anon.post("/api/users", body).await.status() })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        assert_eq!(attempt.await.unwrap(), 201);
    }
}

#[tokio::test]
async fn each_field_that_breaks_a_rule_is_named() {
    let app = TestApp::start().await;
    for (body, expected) in [
        (json!({}), vec![("/username", "required"), ("/password", "required")]),
        (json!({"username": 1, "password": ["x"]}), vec![("/username", "not_text"), ("/password", "not_text")]),
        (json!({"username": null, "password": PASSWORD}), vec![("/username", "required")]),
        (
            json!({"username": "", "password": "short"}),
            vec![("/username", "username_empty"), ("/password", "password_too_short")],
        ),
        (json!({"username": "a\u{200b}b", "password": PASSWORD}), vec![("/username", "username_invisible")]),
        (json!({"username": "é".repeat(65), "password": PASSWORD}), vec![("/username", "username_too_long")]),
        (json!({"username": "ada", "password": "x".repeat(1025)}), vec![("/password", "password_too_long")]),
    ] {
        let reply = app.anon.post("/api/users", body.clone()).await;
        let expected: Vec<_> = expected.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
        assert_eq!(reply.field_errors(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_password_needs_no_digits_and_may_be_long_or_of_any_script() {
    let app = TestApp::start().await;
    for (number, password) in
        ["eight ch", "        ", "пароль и пароль", "🗝🗝🗝🗝🗝🗝🗝🗝", &"x".repeat(1024)].iter().enumerate()
    {
        let name = format!("user {number}");
        let body = json!({"username": name, "password": password});
        assert_eq!(app.anon.post("/api/users", body.clone()).await.status(), 201, "{password}");
        assert_eq!(app.anon.post("/api/sessions", body).await.status(), 201, "{password}");
    }
}

#[tokio::test]
async fn the_shortest_password_is_a_setting() {
    let app = TestApp::start_with(&["--password-min-length=15"]).await;
    let body = json!({"username": "ada", "password": "fourteen chars"});
    let reply = app.anon.post("/api/users", body).await;
    assert_eq!(reply.field_errors(), [("/password".to_owned(), "password_too_short".to_owned())]);
    assert!(reply.json()["errors"][0]["detail"].as_str().unwrap().contains("15"));
}

#[tokio::test]
async fn what_the_server_owns_cannot_be_assigned_at_sign_up() {
    let app = TestApp::start().await;
    let body = json!({
        "username": "mallory", "password": PASSWORD, "id": 777, "role": "admin", "passwordHash": "x", "usernameKey": "ada",
        "createdAt": "1970-01-01T00:00:00.000Z", "__proto__": {"admin": true}, "user": {"id": 1}
    });
    let reply = app.anon.post("/api/users", body).await;
    assert_eq!(reply.status(), 201);
    assert_eq!(reply.json()["user"]["id"], 1);
    assert_eq!(reply.json()["user"]["createdAt"], "2026-11-20T12:00:00.250Z");
    let sign_in = json!({"username": "mallory", "password": PASSWORD});
    assert_eq!(app.anon.post("/api/sessions", sign_in).await.status(), 201);
}

#[tokio::test]
async fn stored_passwords_are_argon2id_hashes_with_their_own_salts() {
    let app = TestApp::start_with(&["--argon2=m=19456,t=2,p=1"]).await;
    app.alice().await;
    app.bob().await;
    let hash = async |name| user::find_by_username(&app.app.db, name).await.unwrap().unwrap().password_hash;
    let (one, other) = (hash("alice").await, hash("bob").await);
    assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
    assert_ne!(one, other);
    let parts: Vec<_> = one.rsplit('$').take(2).map(str::len).collect();
    assert_eq!(parts, [43, 22], "a hash of 32 bytes and a salt of 16");
}

#[tokio::test]
async fn a_user_sees_and_renames_themselves() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    assert_eq!(alice.get("/api/users/me").await.json()["username"], "alice");
    app.pass(chrono::TimeDelta::seconds(5));
    let reply = alice.patch("/api/users/me", json!({"username": "Alice Liddell", "id": 9})).await;
    assert_json_snapshot!(reply.json(), @r#"
    {
      "createdAt": "2026-11-20T12:00:00.250Z",
      "id": 1,
      "updatedAt": "2026-11-20T12:00:05.250Z",
      "username": "Alice Liddell"
    }
    "#);
    let sign_in = json!({"username": "alice liddell", "password": PASSWORD});
    assert_eq!(app.anon.post("/api/sessions", sign_in).await.status(), 201);
}

#[tokio::test]
async fn a_user_may_change_the_case_of_their_name_but_not_take_anothers() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.bob().await;
    assert_eq!(alice.patch("/api/users/me", json!({"username": "ALICE"})).await.status(), 200);
    let reply = alice.patch("/api/users/me", json!({"username": "Bob"})).await;
    assert_eq!(reply.refusal(), (409, "username_taken".to_owned()));
}

#[tokio::test]
async fn no_answer_about_a_user_holds_their_hash() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/api/users/me", "/api/sessions/current"] {
        let text = alice.get(path).await.text().to_lowercase();
        assert!(!text.contains("argon2") && !text.contains("hash") && !text.contains("key"), "{text}");
    }
}
