//! The export of a user's data: one JSON document, written part by part.

use axum::body::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use super::{Event, Item, Session, User, Variable, WorkoutLog, moment};
use crate::accounts::{ExportPage, ExportPart, ExportedSession};
use crate::error::Error;
use crate::models::{identity, imported_record, one_time_code, outbox};

/// Writes the document. If a part cannot be read, the stream ends with the error, and the document is not complete.
pub fn export(
    parts: impl Stream<Item = Result<ExportPart, Error>> + Send,
    now: DateTime<Utc>,
) -> impl Stream<Item = Result<Bytes, Error>> + Send {
    let start = format!("{{\"exportedAt\":\"{}\"", moment(now));
    let start = futures_util::stream::once(async { Ok(Bytes::from(start)) });
    let end = futures_util::stream::once(async { Ok(Bytes::from_static(b"}\n")) });
    start.chain(parts.map(|part| write(part?))).chain(end)
}

fn write(part: ExportPart) -> Result<Bytes, Error> {
    match part {
        ExportPart::Account { user, imported } => {
            let imported = imported.as_ref().map(ImportedFrom::from);
            let account = Account { user: User::from(&*user), disabled_at: user.disabled_at.map(|at| moment(at.0)) };
            let text = format!("{},{}", member("user", &account)?, member("importedFrom", &imported)?);
            Ok(Bytes::from(format!(",{text}")))
        }
        ExportPart::Sessions(sessions) => {
            let sessions: Vec<_> = sessions.iter().map(SessionWithVariables::from).collect();
            Ok(Bytes::from(format!(",{}", member("sessions", &sessions)?)))
        }
        ExportPart::Identities(identities) => {
            let identities: Vec<_> = identities.iter().map(Identity::from).collect();
            Ok(Bytes::from(format!(",{}", member("identities", &identities)?)))
        }
        ExportPart::Codes(codes) => {
            let codes: Vec<_> = codes.iter().map(Code::from).collect();
            Ok(Bytes::from(format!(",{}", member("codes", &codes)?)))
        }
        ExportPart::Messages(messages) => {
            let messages: Vec<_> = messages.iter().map(Message::from).collect();
            Ok(Bytes::from(format!(",{}", member("messages", &messages)?)))
        }
        ExportPart::Events(page) => rows("events", page, Event::try_from),
        ExportPart::Items(page) => rows("items", page, |item| Ok(Item::from(item))),
        ExportPart::WorkoutLogs(page) => rows("workoutLogs", page, |log| Ok(WorkoutLog::from(log))),
    }
}

fn member(name: &str, value: &impl Serialize) -> Result<String, Error> {
    Ok(format!("\"{name}\":{}", json(value)?))
}

/// Writes the rows of a page. Together, the pages of a list are one array.
fn rows<T, V: Serialize>(
    name: &str,
    page: ExportPage<T>,
    view: impl Fn(T) -> Result<V, Error>,
) -> Result<Bytes, Error> {
    let mut text = if page.is_first { format!(",\"{name}\":[") } else { String::new() };
    for (number, row) in page.rows.into_iter().enumerate() {
        if number > 0 || !page.is_first {
            text.push(',');
        }
        text.push_str(&json(&view(row)?)?);
    }
    if page.is_last {
        text.push(']');
    }
    Ok(Bytes::from(text))
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value).map_err(Error::fault)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    #[serde(flatten)]
    user: User,
    /// When an operator disabled the user.
    disabled_at: Option<String>,
}

/// The record of the database from which the user was imported.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportedFrom {
    source: String,
    table: String,
    id: i64,
}

impl From<&imported_record::Model> for ImportedFrom {
    fn from(record: &imported_record::Model) -> Self {
        Self { source: record.source.clone(), table: record.source_table.clone(), id: record.source_id }
    }
}

#[derive(Serialize)]
struct SessionWithVariables {
    #[serde(flatten)]
    session: Session,
    variables: Vec<Variable>,
}

impl From<&ExportedSession> for SessionWithVariables {
    fn from(exported: &ExportedSession) -> Self {
        let variables = exported.data.iter().map(|(name, variable)| Variable::of(name, variable)).collect();
        Self { session: Session::of(&exported.row, exported.is_current), variables }
    }
}

/// An account at a provider. `sub` is the provider's id for the person.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    provider: String,
    iss: String,
    sub: String,
    linked_at: String,
    last_used_at: String,
}

impl From<&identity::Model> for Identity {
    fn from(identity: &identity::Model) -> Self {
        Self {
            provider: identity.provider.clone(),
            iss: identity.issuer.clone(),
            sub: identity.subject.clone(),
            linked_at: moment(identity.created_at.0),
            last_used_at: moment(identity.last_used_at.0),
        }
    }
}

/// A one-time code that was sent to the user. Only its hash is stored.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Code {
    purpose: String,
    email: Option<String>,
    created_at: String,
    expires_at: String,
}

impl From<&one_time_code::Model> for Code {
    fn from(code: &one_time_code::Model) -> Self {
        Self {
            purpose: code.purpose.clone(),
            email: code.email.clone(),
            created_at: moment(code.created_at.0),
            expires_at: moment(code.expires_at.0),
        }
    }
}

/// A message that waits to be sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    content: Option<outbox::Mail>,
    created_at: String,
}

impl From<&outbox::Model> for Message {
    fn from(message: &outbox::Model) -> Self {
        Self { content: message.mail().ok(), created_at: moment(message.created_at.0) }
    }
}
