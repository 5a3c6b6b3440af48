//! A user signs out at the provider. The provider tells one replica, and all replicas reject the session.

use crate::recorder::{Ask, BROWSER, DATABASE, Flow, PROVIDER, REPLICA_A, REPLICA_B};
use crate::support::{Browser, LogoutClaims, Person, Provider};

const PATH: &str = "/api/oidc/acme/backchannel-logout";

#[tokio::test]
async fn backchannel_logout_is_recorded() {
    let parties = [PROVIDER, BROWSER, REPLICA_A, DATABASE, REPLICA_B];
    let flow = Flow::record("backchannel-logout", "backchannel_logout", &parties);
    let provider = Provider::start().await;
    let a = flow.service_with(&[&provider], &[]).await;
    let b = a.replica().await;
    let at_a = Browser::new(&a.anon);
    let ada = Person { sid: Some("session-at-the-provider".to_owned()), ..Person::named("ada") };
    assert_eq!(at_a.sign_in_at(&provider, &ada).await.status(), 303);
    let at_b = Browser::new(&b.anon);
    at_b.plant("__Host-daypass", &at_a.cookie("__Host-daypass").unwrap());
    let (at_a, at_b) = (flow.browser(BROWSER, REPLICA_A, at_a), flow.browser(BROWSER, REPLICA_B, at_b));

    assert_eq!(at_a.get("/api/verify").await.status(), 204);
    flow.note(&[PROVIDER, REPLICA_B], "The user signs out at the provider.");
    let claims = LogoutClaims { sid: ada.sid.clone(), ..LogoutClaims::default() };
    let token = provider.logout_token(&claims);
    flow.name(&token, "logout token");
    let service = flow.client(PROVIDER, REPLICA_A, &a.anon);
    assert_eq!(service.send(Ask::form(PATH, "logout_token", &token)).await.status(), 200);
    assert_eq!(at_a.get("/api/verify").await.error().1, "revoked");

    flow.note(&[DATABASE, REPLICA_B], "every 250 ms");
    flow.poll(REPLICA_B, &b).await;
    assert_eq!(at_b.get("/api/verify").await.error().1, "revoked");

    flow.note(&[PROVIDER, REPLICA_B], "A token that is not a logout token is rejected.");
    let other = provider.logout_token(&LogoutClaims::default());
    flow.name(&other, "token without sub and sid");
    assert_eq!(service.send(Ask::form(PATH, "logout_token", &other)).await.error().1, "logout_token_invalid");
    flow.finish();
}
