//! What a new password may be, at sign-up and when it is changed.

use serde_json::json;

use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn a_password_that_breaks_a_rule_is_told_which_at_its_field() {
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
async fn a_rule_of_the_name_and_one_of_the_password_are_told_together() {
    let app = TestApp::start().await;
    let reply = app.anon.post("/api/users", json!({"username": "", "password": "iloveyou"})).await;
    let expected = [("/username", "username_empty"), ("/password", "password_too_common")];
    assert_eq!(reply.field_errors(), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

#[tokio::test]
async fn any_script_any_blank_and_sixty_four_characters_of_four_bytes_are_a_password() {
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
async fn an_old_password_that_would_break_todays_rules_still_opens_the_door() {
    let app = TestApp::start().await;
    app.alice().await;
    // What a rule says of a password at sign-in would say something of the stored one.
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": "x"})).await;
    assert_eq!(reply.refusal(), (401, "bad_credentials".to_owned()));
}
