//! The classroom as the clients of the course see it: recorded exchanges, routes and lessons.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;

mod aliases;
mod exchanges;
mod lessons;
mod routes;
mod shared_behaviour;
