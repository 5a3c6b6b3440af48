//! The account: password change and deletion.

use axum::http::Method;
use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp};

const NEW_PASSWORD: &str = "another horse, another staple";

async fn sign_in(app: &TestApp, password: &str) -> u16 {
    app.anon.post("/api/sessions", json!({"username": "alice", "password": password})).await.status()
}

async fn change(client: &Client, current: &str, new: &str) -> crate::support::Reply {
    client.put("/api/users/me/password", json!({"currentPassword": current, "newPassword": new})).await
}

/// Deletes the account. Retries while the service is busy.
async fn delete(client: &Client, current: &str) -> crate::support::Reply {
    let body = json!({"currentPassword": current});
    for _ in 0..10 {
        let reply = client.request(Method::DELETE, "/api/users/me").json(&body).send().await;
        if reply.status() != 503 {
            return reply;
        }
    }
    panic!("busy ten times");
}

#[tokio::test]
async fn password_change_ends_every_session_and_starts_a_new_one() {
    let app = TestApp::start().await;
    let (here, bob) = (app.alice().await, app.bob().await);
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": PASSWORD})).await;
    let other = app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap());

    let changed = change(&here, PASSWORD, NEW_PASSWORD).await;
    assert_eq!(changed.status(), 200, "{}", changed.text());
    assert_eq!(changed.header("cache-control"), "no-store");
    for former in [&here, &other] {
        let refused = former.get("/api/verify").await;
        assert_eq!(refused.error(), (401, "revoked".to_owned()));
        assert!(refused.text().contains("password was changed"));
    }
    let renewed = app.anon.with_token(changed.json()["sessionToken"].as_str().unwrap());
    for client in [&renewed, &bob] {
        assert_eq!(client.get("/api/verify").await.status(), 204);
    }
    assert_eq!(renewed.get("/api/sessions").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!((sign_in(&app, PASSWORD).await, sign_in(&app, NEW_PASSWORD).await), (401, 201));
}

#[tokio::test]
async fn password_change_requires_the_current_and_a_valid_new_password() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    assert_eq!(change(&alice, "not her password", NEW_PASSWORD).await.error(), (403, "wrong_password".to_owned()));
    let short = change(&alice, PASSWORD, "short").await;
    assert_eq!(short.field_errors(), [("/newPassword".to_owned(), "password_too_short".to_owned())]);
    let empty = alice.put("/api/users/me/password", json!({})).await;
    assert_eq!(empty.field_errors(), [("/newPassword".to_owned(), "required".to_owned())]);
    let without_current = alice.put("/api/users/me/password", json!({"newPassword": NEW_PASSWORD})).await;
    assert_eq!(without_current.field_errors(), [("/currentPassword".to_owned(), "required".to_owned())]);
    assert_eq!(alice.get("/api/verify").await.status(), 204, "nothing changed");
    assert_eq!(sign_in(&app, PASSWORD).await, 201);
}

#[tokio::test]
async fn account_deletion_deletes_items_and_sessions() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    alice.post("/api/items", json!({"name": "alice's"})).await;
    bob.post("/api/items", json!({"name": "bob's"})).await;
    assert_eq!(delete(&alice, "not her password").await.error(), (403, "wrong_password".to_owned()));
    assert_eq!(delete(&alice, PASSWORD).await.status(), 204);

    let refused = alice.get("/api/verify").await;
    assert_eq!(refused.error(), (401, "revoked".to_owned()));
    assert!(refused.text().contains("account"));
    assert_eq!(sign_in(&app, PASSWORD).await, 401);
    assert_eq!(bob.get("/api/items").await.json()["items"].as_array().unwrap().len(), 1);

    let again = app.alice().await;
    assert_eq!(again.get("/api/users/me").await.json()["id"], 3, "ids are not reused");
    assert_eq!(again.get("/api/items").await.json()["items"], json!([]));
    assert_eq!(alice.get("/api/verify").await.status(), 401, "the old token is not valid for the new user");
}

#[tokio::test]
async fn concurrent_account_deletion_leaves_no_items() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let client = app.sign_up(&format!("user {round}")).await;
        let creating: Vec<_> = (0..8)
            .map(|number| {
                let client = client.clone();
                tokio::spawn(async move {
                    client.post("/api/items", json!({"name": format!("item {number}")})).await.status()
                })
            })
            .collect();
        assert_eq!(delete(&client, PASSWORD).await.status(), 204);
        for created in creating {
            let status = created.await.unwrap();
            assert!([201, 401, 503].contains(&status), "{status}");
        }
    }
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    assert_eq!(daypass::models::item::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn sign_in_during_account_deletion_returns_bad_credentials() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let name = format!("user {round}");
        let client = app.sign_up(&name).await;
        let signing_in: Vec<_> = (0..8)
            .map(|_| {
                let (anon, body) = (app.anon.clone(), json!({"username": name, "password": PASSWORD}));
                tokio::spawn(async move { anon.post("/api/sessions", body).await })
            })
            .collect();
        assert_eq!(delete(&client, PASSWORD).await.status(), 204);
        for reply in signing_in {
            let reply = reply.await.unwrap();
            if ![201, 503].contains(&reply.status()) {
                assert_eq!(reply.error(), (401, "bad_credentials".to_owned()));
            }
        }
    }
}

#[tokio::test]
async fn concurrent_sign_in_with_the_old_password_does_not_survive_a_password_change() {
    let app = TestApp::start().await;
    let mut password = PASSWORD.to_owned();
    let mut alice = app.alice().await;
    for round in 0..5 {
        let new = format!("password of round {round}");
        let signing_in: Vec<_> = (0..6)
            .map(|_| {
                let (anon, body) = (app.anon.clone(), json!({"username": "alice", "password": password}));
                tokio::spawn(async move { anon.post("/api/sessions", body).await })
            })
            .collect();
        let changed = loop {
            let changed = change(&alice, &password, &new).await;
            if changed.status() != 503 {
                break changed;
            }
        };
        assert_eq!(changed.status(), 200, "{}", changed.text());
        alice = app.anon.with_token(changed.json()["sessionToken"].as_str().unwrap());
        for attempt in signing_in {
            let reply = attempt.await.unwrap();
            if reply.status() == 201 {
                let made_before = app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap());
                assert_eq!(made_before.get("/api/verify").await.error(), (401, "revoked".to_owned()));
            } else if reply.status() != 503 {
                assert_eq!(reply.error(), (401, "bad_credentials".to_owned()));
            }
        }
        password = new;
    }
}
