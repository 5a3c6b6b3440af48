//! Two processes on one database.

use std::iter::{repeat_n, repeat_with};
use std::thread;

use crate::installation::Installation;
use crate::running::Running;

const N: &str = "/api/sessions/current/variables/n";

#[tokio::test]
async fn a_thousand_increments_through_two_processes_lose_nothing() {
    for installation in Installation::each("a thousand increments through two processes").await {
        let (here, there) = (installation.start(), installation.start());
        let token = here.sign_up();
        let token = token.as_str();
        // Two processes share no queue for writes to a SQLite file: each retries until it is free.
        let clients_per_process = if installation.has_server() { 4 } else { 1 };
        let mut counts: Vec<_> = thread::scope(|scope| {
            let clients = [&here, &there].into_iter().flat_map(|service| repeat_n(service, clients_per_process));
            let clients =
                clients.map(|service| scope.spawn(move || increments(service, token, 500 / clients_per_process)));
            let clients: Vec<_> = clients.collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        counts.sort_unstable();
        counts.dedup();
        assert_eq!((counts.len(), counts.last()), (1000, Some(&1000)), "each count is returned once");
        for service in [&here, &there] {
            assert_eq!(value(&service.request("GET", N, token, "")), 1000);
        }
    }
}

/// Sends `count` increments one after the other. Returns the values. A rejected increment changes nothing and is
/// repeated: on a busy machine one process can keep the other from the SQLite file for seconds.
fn increments(service: &Running, token: &str, count: usize) -> Vec<i64> {
    let increment = || service.request("POST", &format!("{N}/increment"), token, "{}");
    let rejected = |answer: &String| answer.starts_with("HTTP/1.1 503") && !answer.contains("outcome_unknown");
    repeat_with(increment).filter(|answer| !rejected(answer)).take(count).map(|answer| value(&answer)).collect()
}

fn value(answer: &str) -> i64 {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let value = answer.split(r#""value":"#).nth(1).unwrap();
    value.split([',', '}']).next().unwrap().parse().unwrap()
}
