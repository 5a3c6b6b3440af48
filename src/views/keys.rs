//! Responses for services that verify tokens themselves: public keys and revocations.

use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::auth::revocation::RolesChanged;
use crate::models::revocation;
use crate::models::revocation_cursor::RevocationCursor;
use crate::types::UserId;
use crate::types::generation::Generation;

/// A JWK Set (RFC 7517 §5).
#[derive(Debug, Serialize, ToSchema)]
pub struct KeySet {
    /// Public keys only.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Jwk>,
}

/// A page of revocations: sessions that ended before their tokens expired.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevocationList {
    /// The generation of the database. If it changes, discard all revocations and start without a cursor. Tokens with
    /// another `gen` are revoked.
    #[schema(example = "b2xkIGhvcnM")]
    pub generation: String,
    /// Sessions whose tokens have not expired.
    pub revocations: Vec<Revocation>,
    /// Users whose sessions all ended, including sessions that the database does not have.
    pub users: Vec<RevokedUser>,
    /// Users whose roles changed. The roles in their older tokens are out of date.
    pub role_changes: Vec<RoleChange>,
    /// The `since` of the next request.
    #[schema(example = "42")]
    pub cursor: String,
    /// Whether the next page is available now.
    pub more: bool,
}

/// A session that ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revocation {
    /// The `sid` of its token.
    #[schema(example = "Yt3bOGpKq0mXl2yZ1n5c4A")]
    pub session_id: String,
    /// When its token expires. The revocation can be deleted then.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
}

/// A user whose sessions ended together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokedUser {
    /// The `sub` of their tokens, as a number.
    #[schema(value_type = i64)]
    pub user_id: UserId,
    /// Sessions that began earlier have ended. A session began at `session_iat`, or else at `auth_time`, in seconds.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub before: String,
    /// The `sid` of a session that remains active.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "Yt3bOGpKq0mXl2yZ1n5c4A")]
    pub except_session_id: Option<String>,
    /// When the last of their tokens expires.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
}

/// A user whose roles changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleChange {
    /// The `sub` of their tokens, as a number.
    #[schema(value_type = i64)]
    pub user_id: UserId,
    /// Tokens with a lower `roles_version` are out of date. A token without this claim has version 0.
    #[schema(example = 3)]
    pub roles_version: i64,
    /// When the last of these tokens expires.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
}

impl RevocationList {
    /// Creates a page from these rows. Leaves out rows whose tokens have expired.
    #[must_use]
    pub fn of(
        generation: Generation,
        rows: &[revocation::Model],
        (cursor, more): (&RevocationCursor, bool),
        now: DateTime<Utc>,
    ) -> Self {
        let mut list = Self {
            generation: generation.to_string(),
            revocations: Vec::new(),
            users: Vec::new(),
            role_changes: Vec::new(),
            cursor: cursor.to_string(),
            more,
        };
        for row in rows.iter().filter(|row| row.expires_at.0 > now) {
            let expires_at = moment(row.expires_at.0);
            if let Some(RolesChanged { user_id, version, .. }) = row.roles_changed() {
                list.role_changes.push(RoleChange { user_id, roles_version: version, expires_at });
                continue;
            }
            match row.user_id {
                None => list.revocations.push(Revocation { session_id: row.session_id.clone(), expires_at }),
                Some(user_id) => list.users.push(RevokedUser {
                    user_id,
                    before: moment(row.revoked_at.0),
                    except_session_id: row.spared_session_id.clone(),
                    expires_at,
                }),
            }
        }
        list
    }
}
