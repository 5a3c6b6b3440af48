//! `/api/users`: sign-up, and reading and renaming the own user.

use daypass::models::user;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{PASSWORD, TestApp, until_available};

#[tokio::test]
async fn sign_up_creates_a_user_and_a_session() {
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
        "hasPassword": true,
        "id": 1,
        "roles": [],
        "updatedAt": "2026-11-20T12:00:00.250Z",
        "username": "Ada"
      }
    }
    "#);
}

#[tokio::test]
async fn username_is_unique_regardless_of_case_and_width() {
    let app = TestApp::start().await;
    app.alice().await;
    for name in ["alice", "ALICE", "ａｌｉｃｅ"] {
        let reply = app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
        assert_eq!(reply.error(), (409, "username_taken".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn user_can_sign_in_with_the_name_as_another_keyboard_writes_it() {
    let app = TestApp::start().await;
    for (signed_up, stored, others) in [
        ("Ada ", "Ada", ["ada", "\u{3000}ADA\n"]),
        ("O\u{2019}Brien", "O\u{2019}Brien", ["o'brien", "O\u{2018}BRIEN "]),
        ("anna-lena", "anna-lena", ["Anna\u{2011}Lena", "anna\u{2013}lena"]),
        ("ışık", "ışık", ["Işık", "IŞIK"]),
        ("İbrahim", "İbrahim", ["ibrahim", "Ibrahim"]),
        ("می\u{200c}خواهم", "می\u{200c}خواهم", ["میخواهم", "می\u{200c}خواهم"]),
        ("❤\u{fe0f}", "❤\u{fe0f}", ["❤", "❤\u{fe0e}"]),
        ("山田\u{3000}太郎", "山田\u{3000}太郎", ["山田 太郎", "山田\u{3000}太郎"]),
    ] {
        let body = |name: &str| json!({"username": name, "password": PASSWORD});
        let created = app.anon.post("/api/users", body(signed_up)).await;
        assert_eq!((created.status(), created.json()["user"]["username"].as_str()), (201, Some(stored)), "{signed_up}");
        let row = user::find_by_username(&app.app.db, stored).await.unwrap().unwrap();
        assert_eq!(row.username, stored, "in the database");
        for name in others {
            assert_eq!(app.anon.post("/api/sessions", body(name)).await.status(), 201, "{signed_up} as {name}");
            assert_eq!(app.anon.post("/api/users", body(name)).await.error().1, "username_taken", "{name}");
        }
    }
}

#[tokio::test]
async fn concurrent_sign_ups_with_one_username_create_one_user() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": "wanted", "password": format!("password number {number}")});
        let anon = app.anon.clone();
        tokio::spawn(async move { until_available(|| anon.post("/api/users", body.clone())).await.status() })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn concurrent_sign_ups_with_different_usernames_all_succeed() {
    let app = TestApp::start().await;
    let attempts = (0..40).map(|number| {
        let body = json!({"username": format!("user {number}"), "password": PASSWORD});
        let anon = app.anon.clone();
        tokio::spawn(async move { until_available(|| anon.post("/api/users", body.clone())).await.status() })
    });
    for attempt in attempts.collect::<Vec<_>>() {
        assert_eq!(attempt.await.unwrap(), 201);
    }
}

#[tokio::test]
async fn every_invalid_field_is_reported() {
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
async fn password_may_be_long_and_in_any_script() {
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
async fn password_minimum_length_is_configurable() {
    let app = TestApp::start_with(&["--password-min-length=15"]).await;
    let body = json!({"username": "ada", "password": "fourteen chars"});
    let reply = app.anon.post("/api/users", body).await;
    assert_eq!(reply.field_errors(), [("/password".to_owned(), "password_too_short".to_owned())]);
    assert!(reply.json()["errors"][0]["detail"].as_str().unwrap().contains("15"));
}

#[tokio::test]
async fn server_fields_cannot_be_set_at_sign_up() {
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
async fn stored_passwords_are_salted_argon2id_hashes() {
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
async fn user_can_read_and_rename_themselves() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    assert_eq!(alice.get("/api/users/me").await.json()["username"], "alice");
    app.advance_clock(chrono::TimeDelta::seconds(5));
    let reply = alice.patch("/api/users/me", json!({"username": "Alice Liddell", "id": 9})).await;
    assert_json_snapshot!(reply.json(), @r#"
    {
      "createdAt": "2026-11-20T12:00:00.250Z",
      "hasPassword": true,
      "id": 1,
      "roles": [],
      "updatedAt": "2026-11-20T12:00:05.250Z",
      "username": "Alice Liddell"
    }
    "#);
    let sign_in = json!({"username": "alice liddell", "password": PASSWORD});
    assert_eq!(app.anon.post("/api/sessions", sign_in).await.status(), 201);
}

#[tokio::test]
async fn rename_may_change_the_case_but_not_take_a_used_username() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.bob().await;
    assert_eq!(alice.patch("/api/users/me", json!({"username": "ALICE"})).await.status(), 200);
    let reply = alice.patch("/api/users/me", json!({"username": "Bob"})).await;
    assert_eq!(reply.error(), (409, "username_taken".to_owned()));
}

#[tokio::test]
async fn user_responses_do_not_contain_the_hash() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/api/users/me", "/api/sessions/current"] {
        let text = alice.get(path).await.text().to_lowercase();
        assert!(!text.contains("argon2") && !text.contains("hash") && !text.contains("key"), "{text}");
    }
}
