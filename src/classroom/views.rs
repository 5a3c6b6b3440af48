//! Responses in the JSON format of the course: rows with the course's column names, and a new session with its token.

use std::collections::BTreeMap;

use axum::Json;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::Serialize;

use super::body::Plurals;
use crate::accounts::NewSession;
use crate::models::{item, test_row, workout_log};
use crate::types::{ItemId, TestRowId, UserId};
use crate::views::credentials::expose;
use crate::views::{Credentials, User, WorkoutLog, moment};

/// Response to sign-up and sign-in.
pub(super) struct Account(Credentials);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountBody {
    user: CourseUser,
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    session_token: Option<SecretString>,
    /// The same token again, because some clients read this member.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "expose")]
    token: Option<SecretString>,
}

impl Account {
    pub(super) fn signed_up(new: NewSession) -> Self {
        Self(Credentials::of(new, "created"))
    }

    pub(super) fn signed_in(new: NewSession) -> Self {
        Self(Credentials::of(new, "successfully authenticated"))
    }
}

impl IntoResponse for Account {
    fn into_response(self) -> Response {
        let Self(mut credentials) = self;
        let headers = credentials.headers();
        let Credentials { user, message, session_token, .. } = credentials;
        let token = session_token.clone();
        (headers, Json(AccountBody { user: user.into(), message, session_token, token })).into_response()
    }
}

/// A user as a row of the course's table `users`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CourseUser {
    id: UserId,
    username: String,
    created_at: String,
    updated_at: String,
}

impl From<User> for CourseUser {
    fn from(User { id, username, created_at, updated_at, .. }: User) -> Self {
        Self { id, username, created_at, updated_at }
    }
}

/// An item or its text, in the course's wrapper.
#[derive(Serialize)]
pub(super) struct Wrapped<T> {
    pub(super) authtestdata: T,
}

/// An item as a row of the course's table `authtestdata`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authtest {
    id: ItemId,
    authtestdata: String,
    owner: UserId,
    created_at: String,
    updated_at: String,
}

impl From<item::Model> for Authtest {
    fn from(item: item::Model) -> Self {
        Self {
            id: item.id,
            authtestdata: item.name,
            owner: item.owner_id,
            created_at: moment(item.created_at.0),
            updated_at: moment(item.updated_at.0),
        }
    }
}

/// A workout log as a row of the course's table `logs`. The owner is present twice, because its name differs between
/// editions.
#[derive(Serialize)]
pub(super) struct Log {
    #[serde(flatten)]
    log: WorkoutLog,
    /// The definition again, because some clients read this member.
    def: String,
    owner: UserId,
    owner_id: UserId,
    /// The texts again, under the plural names that the request used.
    #[serde(flatten)]
    repeated: BTreeMap<&'static str, String>,
}

impl From<workout_log::Model> for Log {
    fn from(log: workout_log::Model) -> Self {
        let (owner, def) = (log.owner_id, log.definition.clone());
        Self { log: WorkoutLog::from(log), def, owner, owner_id: owner, repeated: BTreeMap::new() }
    }
}

impl Log {
    pub(super) fn repeating(mut self, Plurals(names): &Plurals) -> Self {
        for name in names {
            let text = match *name {
                "descriptions" => &self.log.description,
                "definitions" => &self.log.definition,
                _ => &self.log.result,
            };
            self.repeated.insert(name, text.clone());
        }
        self
    }
}

/// Response to deleting a row.
pub(super) const REMOVED: &str = "you removed a log";

/// A JSON object with a message.
#[derive(Serialize)]
pub(super) struct Message {
    pub(super) message: &'static str,
}

/// A new row of the course's table `tests`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TestRow {
    id: TestRowId,
    testdata: String,
    first_name: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<test_row::Model> for TestRow {
    fn from(row: test_row::Model) -> Self {
        Self {
            id: row.id,
            testdata: row.testdata,
            first_name: row.first_name,
            created_at: moment(row.created_at.0),
            updated_at: moment(row.updated_at.0),
        }
    }
}

/// A row of `tests` in a list.
#[derive(Serialize)]
pub(super) struct ListedTestRow {
    id: TestRowId,
    testdata: String,
}

impl From<test_row::Model> for ListedTestRow {
    fn from(row: test_row::Model) -> Self {
        Self { id: row.id, testdata: row.testdata }
    }
}

/// A row of `tests` in the course's wrapper.
#[derive(Serialize)]
pub(super) struct WrappedTestRow {
    pub(super) testdata: TestRow,
}
