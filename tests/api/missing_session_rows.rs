//! Tokens without a row in the table of sessions, for example after rows were deleted manually.

use daypass::models::session;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use serde_json::json;

use crate::support::{Client, PASSWORD, TestApp};

impl TestApp {
    async fn lose_sessions(&self) {
        session::Entity::delete_many().exec(&self.app.db).await.unwrap();
    }

    /// The token is rejected here, by a replica that polls the feed, and by one that starts later.
    async fn assert_rejected_by_all(&self, follower: &TestApp, token: &str) {
        follower.app.revocation_feed.poll().await.unwrap();
        let late = self.replica().await;
        for replica in [self, follower, &late] {
            let reply = replica.anon.with_token(token).get("/api/verify").await;
            assert_eq!(reply.error(), (401, "revoked".to_owned()));
        }
    }
}

#[tokio::test]
async fn sign_out_revokes_the_presented_token_without_its_row() {
    let app = TestApp::start().await;
    let follower = app.replica().await;
    let alice = app.alice().await;
    app.lose_sessions().await;
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
    app.assert_rejected_by_all(&follower, alice.token()).await;
}

#[tokio::test]
async fn sign_out_revokes_the_presented_token_without_the_users_row() {
    let app = TestApp::start().await;
    let follower = app.replica().await;
    for everywhere in [false, true] {
        let alice = app.alice().await;
        daypass::models::user::Entity::delete_many().exec(&app.app.db).await.unwrap();
        let path = if everywhere { "/api/sessions" } else { "/api/sessions/current" };
        let status = alice.delete(path).await.status();
        assert_eq!(status, if everywhere { 200 } else { 204 });
        app.assert_rejected_by_all(&follower, alice.token()).await;
    }
}

#[tokio::test]
async fn ending_all_sessions_covers_tokens_without_a_row() {
    type Operation = fn(&TestApp, Client) -> std::pin::Pin<Box<dyn Future<Output = ()> + '_>>;
    let operations: [Operation; 4] = [
        |_, alice| Box::pin(async move { assert_eq!(alice.delete("/api/sessions").await.status(), 200) }),
        |_, alice| {
            Box::pin(async move {
                let body = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
                assert_eq!(alice.put("/api/users/me/password", body).await.status(), 200);
            })
        },
        |_, alice| {
            Box::pin(async move {
                let body = json!({"currentPassword": PASSWORD});
                let deleted = alice.request(axum::http::Method::DELETE, "/api/users/me").json(&body).send().await;
                assert_eq!(deleted.status(), 204);
            })
        },
        |app, _| Box::pin(async move { app.disable("alice").await }),
    ];
    for operation in operations {
        let app = TestApp::start().await;
        let follower = app.replica().await;
        let lost = app.alice().await;
        app.lose_sessions().await;
        app.advance_clock(chrono::TimeDelta::minutes(2));
        let alice = app.sign_in("alice").await;
        operation(&app, alice).await;
        app.app.revocation_feed.poll().await.unwrap();
        app.assert_rejected_by_all(&follower, lost.token()).await;
    }
}

#[tokio::test]
async fn excluded_session_and_later_sessions_stay_active() {
    let app = TestApp::start().await;
    let follower = app.replica().await;
    let spared = app.alice().await;
    app.advance_clock(chrono::TimeDelta::minutes(2));
    assert_eq!(spared.delete("/api/sessions?except=current").await.json()["ended"], 0);
    let later = app.sign_in("alice").await;
    follower.app.revocation_feed.poll().await.unwrap();
    for client in [&spared, &later] {
        assert_eq!(client.get("/api/verify").await.status(), 204);
        assert_eq!(follower.anon.with_token(client.token()).get("/api/verify").await.status(), 204);
    }
    assert_eq!(session::Entity::find().count(&app.app.db).await.unwrap(), 2);
}
