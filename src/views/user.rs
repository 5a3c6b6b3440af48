//! Responses about users.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::user;
use crate::types::UserId;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Never reused.
    #[schema(value_type = i64, example = 1)]
    pub id: UserId,
    /// As typed at sign-up.
    #[schema(example = "ada")]
    pub username: String,
    /// Sorted. An operator grants and revokes roles.
    #[schema(example = json!(["editor"]))]
    pub roles: Vec<String>,
    /// The time of sign-up.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// The time of the last change of username or password.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

impl From<&user::Model> for User {
    fn from(user: &user::Model) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            roles: user.roles().roles.names().map(str::to_owned).collect(),
            created_at: moment(user.created_at.0),
            updated_at: moment(user.updated_at.0),
        }
    }
}
