//! The dashboard and the alert rules in `ops/` match the metrics of the service.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::documents::file;
use crate::promql;
use crate::promql::Selector;
use crate::scrape;
use crate::scrape::{Sample, Scrape};

/// The labels that Prometheus adds to each sample.
const TARGET_LABELS: [&str; 2] = ["instance", "job"];
/// The metric that Prometheus adds for each target.
const TARGET_METRIC: &str = "up";
/// The width of a dashboard, in its own unit.
const WIDTH: u64 = 24;

fn dashboard() -> Value {
    serde_json::from_str(&file("ops/grafana-dashboard.json")).unwrap()
}

fn panels() -> Vec<Value> {
    dashboard()["panels"].as_array().unwrap().clone()
}

fn dashboard_expressions() -> Vec<String> {
    let targets = panels().into_iter().filter_map(|panel| panel["targets"].as_array().cloned()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The value of `expr` of each rule: the rest of the line, or the indented lines after `|`.
fn alert_expressions() -> Vec<String> {
    let text = file("ops/alerts.yaml");
    let rules = text.split("\n        expr: ").skip(1);
    let expression = |rule: &str| match rule.strip_prefix("|\n") {
        None => rule.lines().next().unwrap().to_owned(),
        Some(lines) => lines.lines().take_while(|line| line.starts_with("          ")).collect::<Vec<_>>().join("\n"),
    };
    rules.map(expression).collect()
}

fn alerts() -> BTreeSet<String> {
    let text = file("ops/alerts.yaml");
    text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect()
}

/// Fails if the service has no such metric, label or value.
fn check(expression: &str, served: &Scrape) {
    let found = promql::read(expression).unwrap_or_else(|error| panic!("{error}: {expression}"));
    assert!(!found.selectors.is_empty(), "{expression}");
    let mut labels: BTreeSet<_> = TARGET_LABELS.map(str::to_owned).into();
    for selector in found.selectors.iter().filter(|selector| selector.metric != TARGET_METRIC) {
        let samples: Vec<_> = served.samples.iter().filter(|sample| sample.name == selector.metric).collect();
        assert!(!samples.is_empty(), "the service has no {}: {expression}", selector.metric);
        check_matchers(selector, &samples);
        labels.extend(samples.iter().flat_map(|sample| sample.labels.keys().cloned()));
    }
    assert!(found.listed.is_subset(&labels), "{:?} are not all in {labels:?}: {expression}", found.listed);
}

fn check_matchers(selector: &Selector, samples: &[&Sample]) {
    for matcher in &selector.matchers {
        if TARGET_LABELS.contains(&matcher.label.as_str()) {
            continue;
        }
        let mut values = samples.iter().filter_map(|sample| sample.labels.get(&matcher.label)).peekable();
        assert!(values.peek().is_some(), "{} has no label {}", selector.metric, matcher.label);
        let exists = matcher.operator != "=" || values.any(|value| *value == matcher.value);
        assert!(exists, "no {} has {}={}", selector.metric, matcher.label, matcher.value);
    }
}

/// Returns the metric to which a sample belongs.
fn metric_of<'a>(name: &'a str, served: &Scrape) -> &'a str {
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
    base.filter(|base| served.metrics.contains_key(*base)).unwrap_or(name)
}

#[tokio::test]
async fn metrics_and_labels_of_the_dashboard_exist() {
    let (served, expressions) = (scrape::of_a_used_service().await, dashboard_expressions());
    assert!(expressions.len() > 20, "{expressions:?}");
    for expression in expressions {
        check(&expression, &served);
    }
}

#[tokio::test]
async fn metrics_and_labels_of_the_alert_rules_exist() {
    let (served, expressions) = (scrape::of_a_used_service().await, alert_expressions());
    assert_eq!(expressions.len(), alerts().len());
    for expression in expressions {
        check(&expression, &served);
    }
}

#[tokio::test]
async fn every_metric_is_in_the_dashboard() {
    let served = scrape::of_a_used_service().await;
    let shown: BTreeSet<_> = dashboard_expressions()
        .iter()
        .flat_map(|expression| promql::read(expression).unwrap().selectors)
        .map(|selector| metric_of(&selector.metric, &served).to_owned())
        .collect();
    assert_eq!(shown, served.metrics.keys().cloned().collect());
}

#[test]
fn dashboard_has_variables_for_the_data_source_and_the_replica() {
    let dashboard = dashboard();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36, "the schema with data sources as objects");
    assert!(dashboard["uid"].is_string() && dashboard["title"].is_string());
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    assert_eq!(variables[0]["name"], "datasource");
    assert_eq!((&variables[0]["type"], &variables[0]["query"]), (&json!("datasource"), &json!("prometheus")));
    assert_eq!(variables[1]["name"], "instance");
    assert_eq!(variables[1]["datasource"]["uid"], "${datasource}");
    for expression in dashboard_expressions() {
        assert!(expression.contains(r#"instance=~"$instance""#), "{expression}");
    }
}

#[test]
fn panels_of_the_dashboard_are_complete_and_do_not_overlap() {
    let (mut ids, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels() {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "the id of {title} is repeated");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|name| panel["gridPos"][name].as_u64().unwrap());
        assert!(x + w <= WIDTH, "{title} is too wide");
        for cell in (x..x + w).flat_map(|column| (y..y + h).map(move |line| (column, line))) {
            assert!(cells.insert(cell), "{title} covers another panel");
        }
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"], json!({"type": "prometheus", "uid": "${datasource}"}), "{title}");
        assert!(panel["description"].as_str().unwrap().ends_with('.'), "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        let targets = panel["targets"].as_array().unwrap();
        let names: BTreeSet<_> = targets.iter().map(|target| target["refId"].as_str().unwrap()).collect();
        assert!(!names.is_empty() && names.len() == targets.len(), "{title}");
        for target in targets {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            assert!(!target["legendFormat"].as_str().unwrap().is_empty(), "{title}");
        }
    }
}

#[test]
fn every_alert_is_explained_in_the_docs() {
    let docs = file("docs/observability.md");
    let documented: BTreeSet<_> = docs
        .lines()
        .filter_map(|line| line.strip_prefix("| `Daypass"))
        .map(|rest| format!("Daypass{}", rest.split('`').next().unwrap()))
        .collect();
    assert_eq!(documented, alerts());
}
