//! `/metrics`: metrics for operators.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use daypass::platform::telemetry;
use daypass::router;

use crate::documents::file;
use crate::scrape;
use crate::scrape::Metric;
use crate::support::{Client, TestApp};

/// The rows of the table in the docs: name, type, labels, meaning.
fn documented() -> BTreeMap<String, Metric> {
    let docs = file("docs/metrics.md");
    let rows = docs.lines().filter(|line| line.starts_with("| `daypass_"));
    let row = |line: &str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let labels = cells[3].split(", ").map(|label| label.trim_matches('`').to_owned());
        let labels = labels.filter(|label| !label.is_empty()).collect();
        (cells[1].trim_matches('`').to_owned(), Metric { kind: cells[2].to_owned(), labels })
    };
    rows.map(row).collect()
}

/// Adds the names of metrics in the source files of a folder.
fn collect_names(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_names(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            let literals = source.split("\"daypass_").skip(1).map(|rest| rest.split('"').next().unwrap());
            names.extend(literals.map(|rest| format!("daypass_{rest}")));
        }
    }
}

#[tokio::test]
async fn documented_metrics_are_those_of_a_service_with_the_same_types_and_labels() {
    let served = scrape::of_a_used_service().await;
    assert_eq!(documented(), served.metrics);
    assert_eq!(served.explained, served.metrics.keys().cloned().collect(), "metrics with a description");
}

#[test]
fn every_metric_in_the_source_is_documented() {
    let mut names = BTreeSet::new();
    collect_names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    assert_eq!(names, documented().into_keys().collect());
}

fn value(text: &str, metric: &str) -> f64 {
    let line = text.lines().find(|line| line.starts_with(metric) && !line.starts_with('#'));
    line.unwrap_or_else(|| panic!("{metric} is missing in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn metrics_cover_sessions_and_the_revocation_feed() {
    telemetry::metrics();
    let here = TestApp::start().await;
    let there = here.replica().await;
    there.app.revocation_feed.poll().await.unwrap();
    let alice = here.alice().await;
    alice.delete("/api/sessions/current").await;
    here.advance_clock(chrono::TimeDelta::milliseconds(100));
    there.app.revocation_feed.poll().await.unwrap();
    let reply = there.anon.get("/metrics").await;
    assert_eq!(reply.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    // Other tests of this process share the counters. The request sets the gauges.
    assert!(value(reply.text(), "daypass_sessions_created_total") >= 1.0);
    assert!(value(reply.text(), "daypass_sessions_ended_total{reason=\"sign-out\"}") >= 1.0);
    assert!(value(reply.text(), "daypass_revocation_propagation_seconds_count") >= 1.0);
    assert!(value(reply.text(), "daypass_revocations ") >= 0.0);
    assert!(value(reply.text(), "daypass_revocation_feed_age_seconds") >= 0.0);
    assert!(!reply.text().contains("alice"));
}

#[tokio::test]
async fn production_serves_metrics_only_on_their_own_address() {
    for flags in [&["--daypass-env=production"][..], &["--metrics-listen=127.0.0.1:9090"]] {
        let app = TestApp::start_with(flags).await;
        assert_eq!(app.anon.get("/metrics").await.status(), 404, "{flags:?}");
        let own = Client::new(router::metrics(&app.app));
        assert_eq!(own.get("/metrics").await.status(), 200);
        assert_eq!(own.get("/api/verify").await.status(), 404, "there are no other routes");
    }
}

#[tokio::test]
async fn counters_exist_before_their_first_increment() {
    telemetry::metrics();
    let app = TestApp::start().await;
    let reply = app.anon.get("/metrics").await;
    for counter in [
        "daypass_sessions_created_total",
        "daypass_anonymous_sessions_created_total",
        "daypass_hash_shed_total",
        "daypass_hash_dropped_total",
        "daypass_revocations_purged_total",
        "daypass_events_dropped_total",
        "daypass_log_lines_dropped_total",
        "daypass_untrusted_proxy_requests_total",
        "daypass_rejected_requests_total{code=\"wrong_audience\"}",
        "daypass_rejected_requests_total{code=\"too_many_attempts\"}",
        "daypass_limited_total{limit=\"password-change\"}",
        "daypass_sessions_ended_total{reason=\"account-disabled\"}",
        "daypass_mails_sent_total",
        "daypass_mails_failed_total{reason=\"rejected\"}",
    ] {
        assert!(value(reply.text(), counter) >= 0.0, "{counter}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_class_of_status() {
    telemetry::metrics();
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let count = |text: &str, labels: &str| {
        let metric = format!("daypass_http_requests_total{{{labels}}}");
        if text.contains(&metric) { value(text, &metric) } else { 0.0 }
    };
    let labels = [
        r#"route="/api/items/{id}",method="DELETE",status="4xx""#,
        r#"route="/api/verify",method="GET",status="2xx""#,
        r#"route="/api/verify/{*rest}",method="POST",status="2xx""#,
        r#"route="/api/items",method="GET",status="2xx""#,
        r#"route="/healthz",method="GET",status="2xx""#,
        r#"route="/client/{file}",method="GET",status="4xx""#,
        r#"route="/api/log/{id}",method="GET",status="4xx""#,
        r#"route="none",method="GET",status="4xx""#,
        r#"route="none",method="other",status="4xx""#,
    ];
    let before = app.anon.get("/metrics").await;
    assert_eq!(alice.delete("/api/items/12345").await.status(), 404);
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    assert_eq!(alice.post("/api/verify/12345", serde_json::json!({})).await.status(), 200);
    assert_eq!(alice.get("/api/items/").await.status(), 200, "one trailing slash belongs to the same route");
    assert_eq!(app.anon.get("/healthz").await.status(), 200);
    assert_eq!(app.anon.get("/client/12345").await.status(), 404);
    assert_eq!(alice.get("/api/log/12345").await.status(), 404);
    assert_eq!(app.anon.get("/nothing/here/12345").await.status(), 404);
    app.anon.request("BREW".parse().unwrap(), "/nothing").send().await;
    let after = app.anon.get("/metrics").await;
    for labels in labels {
        assert!(count(after.text(), labels) >= count(before.text(), labels) + 1.0, "{labels}: {}", after.text());
    }
    assert!(!after.text().contains("12345") && !after.text().contains("BREW"), "labels have no text of clients");
}

#[tokio::test]
async fn durations_of_requests_are_counted_in_buckets_by_route() {
    telemetry::metrics();
    let app = TestApp::start().await;
    app.alice().await;
    let text = app.anon.get("/metrics").await;
    let value = |suffix: &str| value(text.text(), &format!("daypass_http_request_duration_seconds{suffix}"));
    let all = value(r#"_count{route="/api/users"}"#);
    assert!(all >= 1.0);
    assert_eq!(value(r#"_bucket{route="/api/users",le="+Inf"}"#), all);
    assert!(value(r#"_bucket{route="/api/users",le="0.001"}"#) <= value(r#"_bucket{route="/api/users",le="5"}"#));
    assert!(value(r#"_sum{route="/api/users"}"#) > 0.0);
}

#[tokio::test]
async fn use_of_the_pool_is_reported() {
    telemetry::metrics();
    let app = TestApp::start().await;
    let transaction = app.app.db.begin_write().await.unwrap();
    let reply = app.anon.get("/metrics").await;
    transaction.roll_back().await.unwrap();
    let used = value(reply.text(), "daypass_database_connections{state=\"used\"}");
    let maximum = value(reply.text(), "daypass_database_connections_max");
    assert!(used >= 1.0 && used <= maximum, "{used} of {maximum}");
    assert_eq!(app.app.db.connections().maximum, maximum as u32);
}
