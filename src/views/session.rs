//! Responses about sessions.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::session;

/// A session of a user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The `sid` of its token.
    #[schema(example = "Yt3bOGpKq0mXl2yZ1n5c4A")]
    pub id: String,
    /// The time of sign-in.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
    /// The `User-Agent` at sign-in.
    #[schema(example = "curl/8.5.0")]
    pub user_agent: Option<String>,
    /// The provider at which the user signed in. Missing if the user signed in with a password.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "acme")]
    pub provider: Option<String>,
    /// Whether this is the session of the request.
    pub current: bool,
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// Newest first.
    pub items: Vec<Session>,
}

/// The result of ending sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedSessions {
    /// The number of active sessions that ended.
    #[schema(example = 2)]
    pub ended: usize,
}

impl Session {
    #[must_use]
    pub fn of(session: &session::Model, current: bool) -> Self {
        Self {
            id: session.id.clone(),
            created_at: moment(session.created_at.0),
            expires_at: moment(session.expires_at.0),
            user_agent: session.user_agent.clone(),
            provider: session.provider.clone(),
            current,
        }
    }
}
