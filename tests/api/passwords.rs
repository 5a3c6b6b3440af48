//! The password policy, at sign-up and at a password change.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn invalid_password_names_the_constraint_and_the_field() {
    let app = TestApp::start().await;
    let alice = app.sign_up("alice liddell").await;
    for (password, code) in [
        ("seven77", "password_too_short"),
        ("Password123", "password_too_common"),
        ("daypass!", "password_too_common"),
        ("alice liddell", "password_like_username"),
        ("ALICE LIDDELL 99", "password_like_username"),
        ("lleddil ecila", "password_like_username"),
    ] {
        let body = json!({"username": "Alice Liddell", "password": password});
        let refused = app.anon.post("/api/users", body).await.field_errors();
        assert_eq!(refused, [("/password".to_owned(), code.to_owned())], "{password}");
        let body = json!({"currentPassword": PASSWORD, "newPassword": password});
        let refused = alice.put("/api/users/me/password", body).await.field_errors();
        assert_eq!(refused, [("/newPassword".to_owned(), code.to_owned())], "{password}");
    }
}

#[tokio::test]
async fn username_and_password_errors_are_reported_together() {
    let app = TestApp::start().await;
    let reply = app.anon.post("/api/users", json!({"username": "", "password": "iloveyou"})).await;
    let expected = [("/username", "username_empty"), ("/password", "password_too_common")];
    assert_eq!(reply.field_errors(), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn any_script_and_spaces_are_allowed_in_a_password() {
    let app = TestApp::start().await;
    for (number, password) in
        ["пароль от души", "  leading and trailing  ", &"🗝".repeat(64), "only lower case"].iter().enumerate()
    {
        let body = json!({"username": format!("user{number}"), "password": password});
        assert_eq!(app.anon.post("/api/users", body.clone()).await.status(), 201, "{password}");
        assert_eq!(app.anon.post("/api/sessions", body).await.status(), 201, "{password}");
    }
}

#[tokio::test]
async fn sign_in_does_not_apply_the_password_policy() {
    let app = TestApp::start().await;
    app.alice().await;
    // A validation error at sign-in would reveal something about the stored password.
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": "x"})).await;
    assert_eq!(reply.error(), (401, "bad_credentials".to_owned()));
}
