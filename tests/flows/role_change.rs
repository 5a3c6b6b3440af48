//! A change of roles on two replicas: one query for each replica, and a renewed token.

use daypass::accounts::administration;
use daypass::types::role::{Role, Roles};

use crate::recorder::{CLIENT, DATABASE, Flow, OPERATOR, Party, REPLICA_A, REPLICA_B};
use crate::support::TestApp;

const VERIFIER: Party = Party { id: "V", title: "service that verifies tokens itself" };

#[tokio::test]
async fn change_of_roles_is_recorded() {
    let parties = [OPERATOR, CLIENT, REPLICA_A, DATABASE, REPLICA_B, VERIFIER];
    let flow = Flow::record("role-change", "role_change", &parties);
    let a = flow.service(&[]).await;
    let b = a.replica().await;
    let alice = a.alice().await;
    let client = flow.client(CLIENT, REPLICA_A, &a.anon);
    let (old, at_b) = (client.with_token(alice.token()), flow.client(CLIENT, REPLICA_B, &b.anon));

    assert_eq!(old.get("/api/verify?role=admin").await.error().1, "missing_role");
    flow.act(OPERATOR, "daypass user grant alice admin", grant(&a, "admin")).await;
    flow.note(&[CLIENT, REPLICA_B], "Each replica polls every 250 ms.");
    flow.poll(REPLICA_A, &a).await;
    flow.poll(REPLICA_B, &b).await;

    flow.note(
        &[CLIENT, REPLICA_B],
        "The first request reads the roles. Later requests with the old token need no query.",
    );
    let first = old.get("/api/verify?role=admin").await;
    assert_eq!(first.status(), 204);
    let renewed = first.header("daypass-session-token");
    assert_eq!(old.get("/api/verify?role=admin").await.status(), 204);

    flow.note(&[CLIENT, REPLICA_B], "The renewed token has the new roles, so other replicas need no query either.");
    assert_eq!(client.with_token(renewed).get("/api/verify?role=admin").await.status(), 204);
    assert_eq!(at_b.with_token(renewed).get("/api/verify?role=admin").await.status(), 204);

    let verifier = flow.client(VERIFIER, REPLICA_B, &b.anon);
    let feed = verifier.get("/api/revocations").await.json();
    assert_eq!(feed["roleChanges"].as_array().unwrap().len(), 1);
    flow.finish();
}

/// Does what the command `daypass user grant` does.
async fn grant(app: &TestApp, role: &str) {
    let user = administration::lock_user(&app.app.db, "alice").await.unwrap().unwrap();
    let role: Role = role.parse().unwrap();
    user.set_roles(&Roles::new([role]).unwrap(), app.app.ended_at()).await.unwrap();
}
