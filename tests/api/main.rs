//! The API as its users see it: status, headers, body. One module a resource or a concern.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod authorization;
mod bodies;
mod browsers;
mod clearing_up;
mod cookies;
mod disabled_users;
mod documents;
mod errors;
mod health;
mod item_pages;
mod items;
mod keys;
mod limits;
mod lookalikes;
mod metrics;
mod ownership;
mod passwords;
mod replicas;
mod rolling;
mod seeds;
mod sessions;
mod sign_in;
mod signing_out;
mod statelessness;
mod tokens;
mod users;
mod variables;
mod workout_log_pages;
mod workout_logs;
