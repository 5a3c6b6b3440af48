//! A change of the e-mail address, and how the owner of the previous address undoes it.

use std::rc::Rc;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow, MAIL_JOB, MAIL_SERVER};
use crate::support::{Outbox, PASSWORD};

#[tokio::test]
async fn change_of_the_address_is_recorded() {
    let parties = [CLIENT, DAYPASS, DATABASE, MAIL_JOB, MAIL_SERVER];
    let flow = Flow::record("email-change", "email_change", &parties);
    let outbox = Rc::new(Outbox::new());
    let app = flow.service_with_mail(&outbox).await;
    let alice = outbox.sign_up(&app, "alice").await;
    let anon = flow.client(CLIENT, DAYPASS, &app.anon);
    let client = anon.with_token(alice.token());

    let change = [("email", "new@example.com"), ("currentPassword", PASSWORD)];
    assert_eq!(client.put("/api/users/me/email", &change).await.status(), 202);
    let mail = flow.deliver_one(&app).await;
    assert_eq!(mail.to, "new@example.com");

    flow.note(
        &[CLIENT, DAYPASS],
        "The person enters the code, which shows that they read the messages to the address.",
    );
    assert_eq!(anon.post("/api/email-verifications", &[("code", &*mail.code)]).await.status(), 200);
    let notice = flow.deliver_one(&app).await;
    assert_eq!(notice.to, "alice@example.com");

    flow.note(&[CLIENT, MAIL_SERVER], "The owner did not make the change. They open the link of the notice.");
    assert_eq!(anon.post("/api/email-verifications", &[("code", &*notice.code)]).await.status(), 200);
    assert_eq!(client.get("/api/verify").await.error().1, "revoked");
    assert_eq!(flow.deliver_one(&app).await.to, "alice@example.com");
    flow.finish();
}
