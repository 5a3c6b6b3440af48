//! A password reset with the code of a message.

use std::rc::Rc;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow, MAIL_JOB, MAIL_SERVER, NEW_PASSWORD};
use crate::support::Outbox;

#[tokio::test]
async fn password_reset_is_recorded() {
    let parties = [CLIENT, DAYPASS, DATABASE, MAIL_JOB, MAIL_SERVER];
    let flow = Flow::record("password-reset", "password_reset", &parties);
    let outbox = Rc::new(Outbox::new());
    let app = flow.service_with_mail(&outbox).await;
    let alice = outbox.sign_up(&app, "alice").await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon);

    assert_eq!(client.post("/api/password-resets", &[("username", "alice")]).await.status(), 202);
    flow.note(&[DATABASE, MAIL_JOB], "every second");
    let mail = flow.deliver_one(&app).await;
    assert_eq!(mail.to, "alice@example.com");

    flow.note(&[CLIENT, DAYPASS], "The person opens the link of the message and enters a new password.");
    let reset = [("code", &*mail.code), ("newPassword", NEW_PASSWORD)];
    assert_eq!(client.put("/api/password-resets", &reset).await.status(), 200);
    assert_eq!(client.with_token(alice.token()).get("/api/verify").await.error().1, "revoked");
    assert_eq!(client.put("/api/password-resets", &reset).await.error().1, "code_invalid");

    flow.note(&[CLIENT, DATABASE], "For an unknown account, the answer and the statements are the same.");
    assert_eq!(client.post("/api/password-resets", &[("username", "nobody")]).await.status(), 202);
    flow.finish();
}
