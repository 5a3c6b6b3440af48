//! What services that verify by themselves need to see.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::revocation;

/// A JWK Set (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// Public keys alone.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Jwk>,
}

/// Sessions that ended before their tokens expired.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevocationList {
    /// Those that can still be presented.
    pub revocations: Vec<Revocation>,
    /// Ask again with it.
    #[schema(example = "42")]
    pub cursor: String,
    /// Whether there is more to ask for at once.
    pub more: bool,
}

/// A session that ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The `sid` of its token.
    #[schema(example = "Yt3bOGpKq0mXl2yZ1n5c4A")]
    pub session_id: String,
    /// When its token expires and need no longer be remembered.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
}

impl RevocationList {
    /// The view of `rows`, without those whose tokens have expired.
    #[must_use]
    pub fn of(rows: &[revocation::Model], (cursor, more): (i64, bool), now: DateTime<Utc>) -> Self {
        let live = rows.iter().filter(|row| row.expires_at.0 > now);
        let revocations =
            live.map(|row| Revocation { session_id: row.session_id.clone(), expires_at: moment(row.expires_at.0) });
        Self { revocations: revocations.collect(), cursor: cursor.to_string(), more }
    }
}
