//! P2: validating a session costs no SQL statement and no I/O.

use crate::support::TestApp;

#[tokio::test]
async fn a_thousand_validated_requests_send_not_one_statement() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert!(before > 0, "the counter counts");
    for _ in 0..1000 {
        assert_eq!(alice.get("/api/verify").await.status(), 204);
    }
    assert_eq!(app.statements(), before);
}

#[tokio::test]
async fn listing_items_sends_one_statement_the_list() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let before = app.statements();
    assert_eq!(alice.get("/api/items").await.status(), 200);
    assert_eq!(app.statements(), before + 1);
}

#[tokio::test]
async fn a_session_is_validated_while_the_database_is_gone() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(alice.get("/api/items").await.refusal(), (503, "unavailable".to_owned()));
    assert_eq!(alice.get("/api/items").await.header("retry-after"), "1");
}
