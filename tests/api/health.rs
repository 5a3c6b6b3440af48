//! `/health`: alive and ready are two questions.

use crate::support::TestApp;

#[tokio::test]
async fn a_service_with_its_database_is_alive_and_ready() {
    let app = TestApp::start().await;
    assert_eq!(app.anon.get("/health/live").await.status(), 204);
    assert_eq!(app.anon.get("/health/ready").await.status(), 204);
}

#[tokio::test]
async fn a_service_without_its_database_is_alive_but_not_ready() {
    let app = TestApp::start().await;
    app.app.db.close_by_ref().await.unwrap();
    assert_eq!(app.anon.get("/health/live").await.status(), 204);
    let ready = app.anon.get("/health/ready").await;
    assert_eq!(ready.refusal(), (503, "unavailable".to_owned()));
    assert!(!ready.text().contains("pool"), "causes stay in the log: {}", ready.text());
}
