//! Sign-out on one of two replicas. The other one gets the revocation with its next poll.

use crate::recorder::{CLIENT, DATABASE, Flow, REPLICA_A, REPLICA_B};

#[tokio::test]
async fn sign_out_on_two_replicas_is_recorded() {
    let flow = Flow::record("sign-out", "sign_out", &[CLIENT, REPLICA_A, DATABASE, REPLICA_B]);
    let a = flow.service(&[]).await;
    let b = a.replica().await;
    let alice = a.alice().await;
    let at_a = flow.client(CLIENT, REPLICA_A, &a.anon).with_token(alice.token());
    let at_b = flow.client(CLIENT, REPLICA_B, &b.anon).with_token(alice.token());

    flow.note(&[CLIENT, REPLICA_B], "Both replicas accept the token.");
    assert_eq!(at_a.get("/api/verify").await.status(), 204);
    assert_eq!(at_b.get("/api/verify").await.status(), 204);

    flow.note(&[CLIENT, REPLICA_B], "Replica A rejects the token immediately, replica B after its next poll.");
    assert_eq!(at_a.delete("/api/sessions/current").await.status(), 204);
    assert_eq!(at_a.get("/api/verify").await.error().1, "revoked");
    assert_eq!(at_b.get("/api/verify").await.status(), 204);

    flow.note(&[DATABASE, REPLICA_B], "every 250 ms");
    flow.poll(REPLICA_B, &b).await;
    assert_eq!(at_b.get("/api/verify").await.error().1, "revoked");
    assert_eq!(at_b.delete("/api/sessions/current").await.error().1, "revoked");
    flow.finish();
}
