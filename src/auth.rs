//! Authentication itself: usernames, passwords, keys, tokens and why one is refused. Knows no HTTP.

pub mod claims;
pub mod keys;
pub mod password;
pub mod refusal;
mod rule;
pub mod session_id;
pub mod token;
pub mod username;

pub use rule::Rule;
