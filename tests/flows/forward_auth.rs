//! The requests that a proxy sends before it forwards a request of a client.

use axum::http::Method;
use chrono::TimeDelta;

use crate::recorder::{Ask, Caller, DATABASE, DAYPASS, Flow, Party};
use crate::support::{Reply, TestApp};

const NGINX: Party = Party { id: "N", title: "nginx" };

#[tokio::test]
async fn forward_authentication_is_recorded() {
    let flow = Flow::record("forward-auth", "forward_auth", &[NGINX, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let alice = app.alice().await;
    let proxy = flow.client(NGINX, DAYPASS, &app.anon);
    let with_token = proxy.with_token(alice.token());

    flow.note(&[NGINX, DAYPASS], "GET /reports of a client: the session is active.");
    assert_eq!(ask(&with_token, "/api/verify", "GET").await.status(), 204);

    flow.note(&[NGINX, DAYPASS], "POST /reports of a client: the user does not have the role.");
    assert_eq!(ask(&with_token, "/api/verify?role=editor", "POST").await.error(), (403, "missing_role".to_owned()));

    flow.note(&[NGINX, DAYPASS], "GET /reports of a client without a token.");
    assert_eq!(ask(&proxy, "/api/verify", "GET").await.error(), (401, "no_token".to_owned()));

    flow.note(&[NGINX, DAYPASS], "GET /reports of a client after its sign-out.");
    sign_out(&app, alice.token()).await;
    assert_eq!(ask(&with_token, "/api/verify", "GET").await.error(), (401, "revoked".to_owned()));

    flow.note(&[NGINX, DATABASE], "The revocations are out of date, and the database does not respond.");
    let bob = app.bob().await;
    app.advance_clock(TimeDelta::milliseconds(5001));
    app.app.db.close_by_ref().await.unwrap();
    let refused = ask(&proxy.with_token(bob.token()), "/api/verify", "GET").await;
    assert_eq!(refused.error(), (503, "unavailable".to_owned()));
    flow.finish();
}

/// Asks as nginx does: always with `GET`, and with the method of the client in a header.
async fn ask(proxy: &Caller<'_>, path: &str, method: &str) -> Reply {
    proxy.send(Ask::new(Method::GET, path).header("x-original-method", method)).await
}

async fn sign_out(app: &TestApp, token: &str) {
    assert_eq!(app.anon.with_token(token).delete("/api/sessions/current").await.status(), 204);
}
