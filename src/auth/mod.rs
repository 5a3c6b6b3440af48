//! Authentication: passwords, tokens, revocation and rate limits. This module does not depend on HTTP.

pub mod password;
pub mod rate_limit;
pub mod revocation;
pub mod token;
