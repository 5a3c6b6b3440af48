//! Sign-up, with and without an invitation, and two sign-ups that are rejected.

use chrono::TimeDelta;
use daypass::accounts::administration;
use daypass::models::invitation::NewInvitation;
use daypass::platform::random;
use daypass::types::role::Roles;
use daypass::types::secret_code::SecretCode;

use crate::recorder::{CLIENT, DATABASE, DAYPASS, Flow};
use crate::support::{PASSWORD, TestApp};

#[tokio::test]
async fn sign_up_is_recorded() {
    let flow = Flow::record("sign-up", "sign_up", &[CLIENT, DAYPASS, DATABASE]);
    let app = flow.service(&[]).await;
    let client = flow.client(CLIENT, DAYPASS, &app.anon);

    let created = client.post("/api/users", &[("username", "ada"), ("password", PASSWORD)]).await;
    assert_eq!(created.status(), 201);

    flow.note(&[CLIENT, DATABASE], "Another user has the name already. It differs only in case.");
    let taken = client.post("/api/users", &[("username", "Ada"), ("password", PASSWORD)]).await;
    assert_eq!(taken.error(), (409, "username_taken".to_owned()));

    flow.note(&[CLIENT, DATABASE], "All errors of the fields are reported together.");
    let invalid = client.post("/api/users", &[("username", " "), ("password", "short")]).await;
    assert_eq!(invalid.field_errors().len(), 2);

    flow.note(&[CLIENT, DATABASE], "A sign-up with an invitation, which can be used once.");
    let code = invite(&app).await;
    flow.name(&code, "code of the invitation");
    let invited = [("username", "bob"), ("password", PASSWORD), ("invitation", &*code)];
    assert_eq!(client.post("/api/users", &invited).await.status(), 201);
    let late = [("username", "carol"), ("password", PASSWORD), ("invitation", &*code)];
    assert_eq!(client.post("/api/users", &late).await.error(), (403, "invitation_used_up".to_owned()));
    flow.finish();
}

async fn invite(app: &TestApp) -> String {
    let (code, now) = (SecretCode::random(&mut random::secure()), app.clock.now());
    let expires_at = now + TimeDelta::days(7);
    let new = NewInvitation { max_uses: 1, roles: Roles::from_stored(""), note: None, expires_at };
    let (transaction, _) = administration::create_invitation(&app.app.db, &code, new, now).await.unwrap();
    transaction.commit().await.unwrap();
    code.expose().to_owned()
}
