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
    /// The e-mail address. Missing if the user has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "ada@example.com")]
    pub email: Option<String>,
    /// Whether the user has verified `email`. Only a verified address gets a message for a password reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = true)]
    pub email_verified: Option<bool>,
    /// An address that replaces `email` when the user verifies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "ada@example.org")]
    pub pending_email: Option<String>,
    /// Whether the user can sign in with a password. Others sign in at a provider.
    #[schema(example = true)]
    pub has_password: bool,
    /// The time of sign-up.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// The time of the last change of username, password or e-mail address.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

impl From<&user::Model> for User {
    fn from(user: &user::Model) -> Self {
        let (verified, pending) = (user.email.clone(), user.pending_email.clone());
        let email = verified.clone().or_else(|| pending.clone());
        Self {
            id: user.id,
            username: user.username.clone(),
            roles: user.roles().roles.names().map(str::to_owned).collect(),
            email_verified: email.is_some().then_some(verified.is_some()),
            pending_email: pending.filter(|pending| verified.as_ref().is_some_and(|verified| verified != pending)),
            email,
            has_password: user.has_password(),
            created_at: moment(user.created_at.0),
            updated_at: moment(user.updated_at.0),
        }
    }
}
