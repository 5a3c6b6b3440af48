//! Authentication itself: usernames, passwords, keys, tokens and why one is refused. Knows no HTTP.

mod argon2id;
pub mod claims;
pub mod keys;
pub mod password;
pub mod reason;
pub mod refusal;
pub mod revocations;
mod rule;
pub mod session_id;
pub mod stored_hash;
pub mod token;
pub mod username;

pub use rule::Rule;
