//! Sign-in: with the right password, with a device token, with a wrong password, and with an unknown name.

use axum::http::Method;

use crate::recorder::{Ask, CLIENT, DATABASE, DAYPASS, Flow, WRONG_PASSWORD};
use crate::support::PASSWORD;

#[tokio::test]
async fn sign_in_is_recorded() {
    let flow = Flow::record("sign-in", "sign_in", &[CLIENT, DAYPASS, DATABASE]);
    let app = flow.service(&["--max-sessions=2"]).await;
    app.alice().await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon);

    let credentials = [("username", "alice"), ("password", PASSWORD)];
    let created = client.post("/api/sessions", &credentials).await;
    assert_eq!(created.status(), 201);

    flow.note(
        &[CLIENT, DATABASE],
        "A wrong password and an unknown name have the same answer after the same statements.",
    );
    for name in ["alice", "mallory"] {
        let rejected = client.post("/api/sessions", &[("username", name), ("password", WRONG_PASSWORD)]).await;
        assert_eq!(rejected.error(), (401, "bad_credentials".to_owned()));
    }

    flow.note(&[CLIENT, DATABASE], "With MAX_SESSIONS=2, a third session ends the oldest one.");
    let device = created.header("daypass-device");
    let again = Ask::with_members(Method::POST, "/api/sessions", &credentials).header("daypass-device", device);
    assert_eq!(client.send(again).await.status(), 201);
    flow.finish();
}
