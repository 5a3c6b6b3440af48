//! `/metrics`: what an operator watches.

use daypass::telemetry;
use daypass::{background, router};

use crate::support::{Client, TestApp};

fn value(text: &str, metric: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(metric) && !line.starts_with('#'));
    line.unwrap_or_else(|| panic!("{metric} is missing in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn sessions_and_the_feed_can_be_watched() {
    telemetry::metrics();
    let here = TestApp::start().await;
    let there = here.replica().await;
    let mut feed = background::Feed::load(&there.app).await.unwrap();
    let alice = here.alice().await;
    alice.delete("/api/sessions/current").await;
    here.pass(chrono::TimeDelta::milliseconds(100));
    feed.catch_up(&there.app).await.unwrap();
    let reply = there.anon.get("/metrics").await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    // Counters are of the process, which other tests share; gauges are set by the request.
    assert!(value(reply.text(), "daypass_sessions_created_total") >= 1.0);
    assert!(value(reply.text(), "daypass_sessions_ended_total{reason=\"sign-out\"}") >= 1.0);
    assert!(value(reply.text(), "daypass_revocation_propagation_seconds_count") >= 1.0);
    assert!(value(reply.text(), "daypass_revocations ") >= 0.0);
    assert!(value(reply.text(), "daypass_revocation_feed_age_seconds") >= 0.0);
    assert!(!reply.text().contains("alice"));
}

#[tokio::test]
async fn in_production_metrics_have_an_address_of_their_own_or_none() {
    for flags in [&["--daypass-env=production"][..], &["--metrics-listen=127.0.0.1:9090"]] {
        let app = TestApp::start_with(flags).await;
        assert_eq!(app.anon.get("/metrics").await.status(), 404, "{flags:?}");
        let own = Client::new(router::metrics(&app.app));
        assert_eq!(own.get("/metrics").await.status(), 200);
        assert_eq!(own.get("/api/verify").await.status(), 404, "nothing else is there");
    }
}
