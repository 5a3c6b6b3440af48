//! Authenticated requests: no SQL while the revocations in memory are up to date, one query afterwards.

use chrono::TimeDelta;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow};

#[tokio::test]
async fn authenticated_request_is_recorded() {
    let flow = Flow::record("a-request", "a_request", &[CLIENT, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let alice = app.alice().await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon).with_token(alice.token());

    assert_eq!(client.get("/api/verify").await.status(), 204);

    flow.note(&[CLIENT, DATABASE], "A route that needs rows sends one query for them, and none for the session.");
    assert_eq!(client.get("/api/items").await.status(), 200);

    app.advance_clock(TimeDelta::milliseconds(5001));
    flow.note(&[CLIENT, DATABASE], "The revocations in memory are older than 5 s, because the feed has stopped.");
    assert_eq!(client.get("/api/verify").await.status(), 204);
    assert_eq!(client.get("/api/verify").await.status(), 204);

    app.advance_clock(TimeDelta::milliseconds(5001));
    app.app.db.close_by_ref().await.unwrap();
    flow.note(&[CLIENT, DATABASE], "They are older than 5 s again, and the database does not respond.");
    assert_eq!(client.get("/api/verify").await.error(), (503, "unavailable".to_owned()));
    flow.finish();
}
