//! Authentication: passwords, tokens, revocation and rate limits. Independent of HTTP.

pub mod password;
pub mod rate_limit;
pub mod revocation;
pub mod token;
