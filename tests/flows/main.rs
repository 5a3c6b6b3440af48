//! The flows of `docs/flows`: each test runs one flow against the service in this process, and records it as a diagram.
//!
//! A test fails if its recording differs from the diagram in the page. `UPDATE_FLOWS=1 cargo test --test flows` writes
//! the recordings to the pages. The service always uses SQLite here, because other databases get other statements.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![cfg(feature = "sqlite")]

#[path = "../support/mod.rs"]
#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;

mod a_request;
mod anonymous_variable;
mod backchannel_logout;
mod email_change;
mod forward_auth;
mod key_rotation;
mod password_change;
mod password_reset;
mod recorder;
mod refusal;
mod renewal;
mod role_change;
mod sign_in;
mod sign_in_at_a_provider;
mod sign_in_at_a_provider_with_a_code;
mod sign_in_by_cookie;
mod sign_out;
mod sign_up;
