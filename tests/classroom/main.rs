//! The classroom as the course's clients see it: the exchanges of `exchanges.json`, replayed; the table of routes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;

mod aliases;
mod exchanges;
mod lessons;
mod routes;
mod rules;
