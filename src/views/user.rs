//! A user as others may see one: no key, no hash.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::user;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Never given to another user.
    #[schema(example = 1)]
    pub id: i64,
    /// As typed at sign-up.
    #[schema(example = "ada")]
    pub username: String,
    /// When the user signed up.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// When the name or the password last changed.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

impl From<&user::Model> for User {
    fn from(user: &user::Model) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            created_at: moment(user.created_at.0),
            updated_at: moment(user.updated_at.0),
        }
    }
}
