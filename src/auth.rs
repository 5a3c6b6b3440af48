//! Authentication itself: usernames, passwords, keys, tokens and why one is refused. Knows no HTTP.

pub mod address_prefix;
mod argon2id;
pub mod claims;
mod common_passwords;
pub mod device;
mod hash_pool;
pub mod keys;
pub mod limits;
pub mod password;
pub mod password_hasher;
pub mod reason;
pub mod refusal;
pub mod revocations;
mod rule;
pub mod session_id;
pub mod stored_hash;
pub mod token;
pub mod username;

pub use rule::Rule;
