//! The shapes of the course: rows by the names of its columns, and a new session with its token.

use axum::Json;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Serialize;

use crate::models::item;
use crate::views::credentials::expose;
use crate::views::{Credentials, User, moment};

/// What signing up and in give.
pub(super) struct Account(pub(super) Credentials);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountBody {
    user: User,
    message: &'static str,
    #[serde(serialize_with = "expose")]
    session_token: SecretString,
    /// The same, where some clients look for it.
    #[serde(serialize_with = "expose")]
    token: SecretString,
}

impl IntoResponse for Account {
    fn into_response(self) -> Response {
        let header = self.0.device_header();
        let Credentials { user, message, session_token, .. } = self.0;
        let token = session_token.clone();
        (header, Json(AccountBody { user, message, session_token, token })).into_response()
    }
}

/// An item, or its text, in the course's wrapping.
#[derive(Serialize)]
pub(super) struct Wrapped<T> {
    pub(super) authtestdata: T,
}

/// An item as a row of the course's table `authtestdata`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authtest {
    id: i64,
    authtestdata: String,
    owner: i64,
    created_at: String,
    updated_at: String,
}

impl From<&item::Model> for Authtest {
    fn from(item: &item::Model) -> Self {
        Self {
            id: item.id,
            authtestdata: item.name.clone(),
            owner: item.owner_id,
            created_at: moment(item.created_at.0),
            updated_at: moment(item.updated_at.0),
        }
    }
}
