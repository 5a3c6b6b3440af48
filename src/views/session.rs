//! A session as its user may see it.

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
    /// When it began.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// When its token expires.
    #[schema(format = DateTime, example = "2026-11-21T12:00:00.000Z")]
    pub expires_at: String,
    /// What the browser or program called itself at sign-in.
    #[schema(example = "curl/8.5.0")]
    pub user_agent: Option<String>,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// The sessions of a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// Newest first.
    pub items: Vec<Session>,
}

/// How many sessions ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct EndedSessions {
    /// Those that lived until now.
    #[schema(example = 2)]
    pub ended: usize,
}

impl Session {
    /// The view of `session`, seen from the session of the request.
    #[must_use]
    pub fn of(session: &session::Model, current: bool) -> Self {
        Self {
            id: session.id.clone(),
            created_at: moment(session.created_at.0),
            expires_at: moment(session.expires_at.0),
            user_agent: session.user_agent.clone(),
            current,
        }
    }
}
