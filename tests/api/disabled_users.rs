//! Disabled users: their sessions end, and sign-in does not reveal that they are disabled.

use daypass::auth::revocation::reason::Reason;
use daypass::models::session;
use daypass::models::user;
use serde_json::json;

use crate::support::{Client, PASSWORD, Reply, TestApp, until_available};

impl TestApp {
    /// Disables a user as the command line does.
    pub(crate) async fn disable(&self, name: &str) {
        let user = user::find_by_username(&self.app.db, name).await.unwrap().unwrap();
        let transaction = self.app.db.begin_write().await.unwrap();
        let now = self.clock.now();
        let user = user::lock(&transaction, user.id).await.unwrap().disable(&transaction, now).await.unwrap();
        let ended =
            session::end_all(&transaction, user.id, None, Reason::AccountDisabled, self.app.ended_at()).await.unwrap();
        transaction.commit().await.unwrap();
        self.app.ended(&ended).await;
    }
}

async fn sign_in(anon: &Client, password: &str) -> Reply {
    anon.post("/api/sessions", json!({"username": "alice", "password": password})).await
}

#[tokio::test]
async fn disabled_user_cannot_sign_in_until_enabled() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    app.disable("alice").await;
    let refused = alice.get("/api/verify").await;
    assert_eq!(refused.error(), (401, "revoked".to_owned()));
    assert!(refused.text().contains("disabled"));
    assert_eq!(bob.get("/api/verify").await.status(), 204);
    assert_eq!(sign_in(&app.anon, PASSWORD).await.error(), (401, "bad_credentials".to_owned()));

    let user = user::find_by_username(&app.app.db, "alice").await.unwrap().unwrap();
    user.enable(&app.app.db).await.unwrap();
    assert_eq!(sign_in(&app.anon, PASSWORD).await.status(), 201);
    assert_eq!(alice.get("/api/verify").await.status(), 401, "ended sessions stay ended");
}

#[tokio::test]
async fn sign_in_response_does_not_reveal_that_a_user_is_disabled() {
    let app = TestApp::start().await;
    app.alice().await;
    let mut before = sign_in(&app.anon, "not her password").await.json();
    app.disable("alice").await;
    for password in [PASSWORD, "not her password"] {
        let mut after = sign_in(&app.anon, password).await.json();
        for answer in [&mut before, &mut after] {
            answer["requestId"] = json!(null);
        }
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn user_disabled_during_password_verification_cannot_sign_in() {
    let app = TestApp::start().await;
    app.alice().await;
    let verified = user::find_by_username(&app.app.db, "alice").await.unwrap().unwrap();
    assert!(verified.may_sign_in());
    app.disable("alice").await;
    let transaction = app.app.db.begin_write().await.unwrap();
    assert_eq!(user::lock_unchanged(&transaction, &verified).await.unwrap(), None);
}

#[tokio::test]
async fn concurrent_sign_in_does_not_survive_disabling_the_user() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let signing_in: Vec<_> = (0..8)
        .map(|_| {
            let anon = app.anon.clone();
            tokio::spawn(async move { until_available(|| sign_in(&anon, PASSWORD)).await })
        })
        .collect();
    app.disable("alice").await;
    for attempt in signing_in {
        let reply = attempt.await.unwrap();
        if reply.status() == 201 {
            let late = app.anon.with_token(reply.json()["sessionToken"].as_str().unwrap());
            assert_eq!(late.get("/api/verify").await.error(), (401, "revoked".to_owned()));
        } else {
            assert_eq!(reply.error(), (401, "bad_credentials".to_owned()));
        }
    }
    assert_eq!(alice.get("/api/verify").await.status(), 401);
}
