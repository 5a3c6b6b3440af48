//! Two processes on one database.

use std::iter::{repeat_n, repeat_with};
use std::thread;

use crate::place::Place;
use crate::running::Running;

const N: &str = "/api/sessions/current/variables/n";

#[tokio::test]
async fn a_thousand_increments_through_two_processes_are_a_thousand() {
    for place in Place::each("a thousand increments through two processes").await {
        let (here, there) = (place.start(), place.start());
        let token = here.sign_up();
        let token = token.as_str();
        // The processes have no line in common in front of a SQLite file: each asks now and then whether it is free.
        let at_once = if place.has_server() { 4 } else { 1 };
        let mut counts: Vec<_> = thread::scope(|scope| {
            let clients = [&here, &there].into_iter().flat_map(|service| repeat_n(service, at_once));
            let clients = clients.map(|service| scope.spawn(move || increments(service, token, 500 / at_once)));
            let clients: Vec<_> = clients.collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        counts.sort_unstable();
        counts.dedup();
        assert_eq!((counts.len(), counts.last()), (1000, Some(&1000)), "no count was given twice");
        for service in [&here, &there] {
            assert_eq!(value(&service.request("GET", N, token, "")), 1000);
        }
    }
}

/// The answers to so many increments, one after the other.
fn increments(service: &Running, token: &str, so_many: usize) -> Vec<i64> {
    let increment = || value(&service.request("POST", &format!("{N}/increment"), token, "{}"));
    repeat_with(increment).take(so_many).collect()
}

fn value(answer: &str) -> i64 {
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let value = answer.split(r#""value":"#).nth(1).unwrap();
    value.split([',', '}']).next().unwrap().parse().unwrap()
}
