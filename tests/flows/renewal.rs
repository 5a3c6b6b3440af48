//! Renewal of a token that has expired, by two tabs of one browser.

use chrono::TimeDelta;

use crate::recorder::{Caller, DATABASE, DAYPASS, Flow, Party, token_of};

const TAB_A: Party = Party { id: "A", title: "tab A" };
const TAB_B: Party = Party { id: "T", title: "tab B" };
const NOTHING: &[(&str, &str)] = &[];

#[tokio::test]
async fn renewal_is_recorded() {
    let flow = Flow::record("renewal", "renewal", &[TAB_A, TAB_B, DAYPASS, DATABASE]);
    let app = flow.service(&["--jwt-ttl=1h", "--session-max=30d"]).await;
    let alice = app.alice().await;
    app.advance_clock(TimeDelta::hours(2));
    app.app.revocation_feed.poll().await.unwrap();
    let anon = |tab| flow.client(tab, DAYPASS, &app.anon);
    let (a, b) = (anon(TAB_A).with_token(alice.token()), anon(TAB_B).with_token(alice.token()));

    flow.note(&[TAB_A, DATABASE], "The token has expired, but its session has not.");
    assert_eq!(a.get("/api/verify").await.error().1, "expired");
    assert_eq!(b.get("/api/verify").await.error().1, "expired");

    flow.note(&[TAB_A, DATABASE], "Each tab gets a token of its own for the same session.");
    let first = renewed(&a).await;
    let second = renewed(&b).await;
    assert_eq!(anon(TAB_A).with_token(&first).get("/api/verify").await.status(), 204);
    assert_eq!(anon(TAB_B).with_token(&second).get("/api/verify").await.status(), 204);

    flow.note(&[TAB_A, DATABASE], "Sign-out in one tab ends the session, so no token can be renewed any more.");
    assert_eq!(anon(TAB_A).with_token(&first).delete("/api/sessions/current").await.status(), 204);
    assert_eq!(b.post("/api/sessions/current/renew", NOTHING).await.error().1, "revoked");
    flow.finish();
}

async fn renewed(tab: &Caller<'_>) -> String {
    let reply = tab.post("/api/sessions/current/renew", NOTHING).await;
    assert_eq!(reply.status(), 200);
    token_of(&reply)
}
