//! A change of the password ends all sessions of the user and starts a new one.

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow, NEW_PASSWORD, Party, WRONG_PASSWORD, token_of};
use crate::support::PASSWORD;

const OTHER_CLIENT: Party = Party { id: "X", title: "other client of the user" };

#[tokio::test]
async fn password_change_is_recorded() {
    let flow = Flow::record("password-change", "password_change", &[CLIENT, DAYPASS, DATABASE, OTHER_CLIENT]);
    let app = flow.service(&[]).await;
    let (here, there) = (app.alice().await, app.sign_in("alice").await);
    let anon = flow.client(CLIENT, DAYPASS, &app.anon);
    let client = anon.with_token(here.token());
    let other = flow.client(OTHER_CLIENT, DAYPASS, &app.anon);

    let wrong = [("currentPassword", WRONG_PASSWORD), ("newPassword", NEW_PASSWORD)];
    assert_eq!(client.put("/api/users/me/password", &wrong).await.error().1, "wrong_password");
    let right = [("currentPassword", PASSWORD), ("newPassword", NEW_PASSWORD)];
    let changed = client.put("/api/users/me/password", &right).await;
    assert_eq!(changed.status(), 200);

    flow.note(&[CLIENT, OTHER_CLIENT], "The earlier tokens are rejected, the new one is accepted.");
    assert_eq!(client.get("/api/verify").await.error().1, "revoked");
    assert_eq!(other.with_token(there.token()).get("/api/verify").await.error().1, "revoked");
    assert_eq!(anon.with_token(&token_of(&changed)).get("/api/verify").await.status(), 204);

    flow.note(&[DAYPASS, OTHER_CLIENT], "Only the new password works.");
    let old = [("username", "alice"), ("password", PASSWORD)];
    assert_eq!(other.post("/api/sessions", &old).await.error().1, "bad_credentials");
    let new = [("username", "alice"), ("password", NEW_PASSWORD)];
    assert_eq!(other.post("/api/sessions", &new).await.status(), 201);
    flow.finish();
}
