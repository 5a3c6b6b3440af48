//! The shapes of the course: rows by the names of its columns, and a new session with its token.

use axum::Json;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Serialize;

use crate::models::{item, test_row, workout_log};
use crate::views::credentials::expose;
use crate::views::{Credentials, User, moment};

/// What signing up and in give.
pub(super) struct Account(pub(super) Credentials);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountBody {
    user: User,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    session_token: Option<SecretString>,
    /// The same, where some clients look for it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    token: Option<SecretString>,
}

impl IntoResponse for Account {
    fn into_response(self) -> Response {
        let Self(mut credentials) = self;
        let headers = credentials.headers();
        let Credentials { user, message, session_token, .. } = credentials;
        let token = session_token.clone();
        (headers, Json(AccountBody { user, message, session_token, token })).into_response()
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

/// A workout log as a row of the course's table `logs`. Its editions call the owner by two names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    id: i64,
    description: String,
    definition: String,
    /// The same, where some clients look for it.
    def: String,
    result: String,
    owner: i64,
    #[serde(rename = "owner_id")]
    owner_id: i64,
    created_at: String,
    updated_at: String,
}

impl From<&workout_log::Model> for Log {
    fn from(log: &workout_log::Model) -> Self {
        Self {
            id: log.id,
            description: log.description.clone(),
            definition: log.definition.clone(),
            def: log.definition.clone(),
            result: log.result.clone(),
            owner: log.owner_id,
            owner_id: log.owner_id,
            created_at: moment(log.created_at.0),
            updated_at: moment(log.updated_at.0),
        }
    }
}

/// A line for people, where a client expects JSON.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) message: &'static str,
}

/// A row of the course's table `tests`, just created.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestRow {
    id: i64,
    testdata: String,
    first_name: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<&test_row::Model> for TestRow {
    fn from(row: &test_row::Model) -> Self {
        Self {
            id: row.id,
            testdata: row.testdata.clone(),
            first_name: row.first_name.clone(),
            created_at: moment(row.created_at.0),
            updated_at: moment(row.updated_at.0),
        }
    }
}

/// What the list of those rows shows.
#[derive(Serialize)]
pub(super) struct ListedTestRow {
    id: i64,
    testdata: String,
}

impl From<test_row::Model> for ListedTestRow {
    fn from(row: test_row::Model) -> Self {
        Self { id: row.id, testdata: row.testdata }
    }
}

/// A row of the course's table `tests` in its wrapping.
#[derive(Serialize)]
pub(super) struct WrappedTestRow {
    pub(super) testdata: TestRow,
}
