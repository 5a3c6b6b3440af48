//! Responses about events.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::error::Error;
use crate::events::Details;
use crate::models::event;
use crate::models::page::Cursor;
use crate::types::{EventId, InvitationId, UserId};

/// An event. `docs/events.md` lists the kinds and their members. Members without a value are missing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Never reused.
    #[schema(value_type = i64, example = 1)]
    pub id: EventId,
    /// The time. For several attempts, the time of the first one.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub at: String,
    #[schema(example = "sign_in")]
    pub kind: String,
    /// Who caused the event: `user`, `operator` or `system`.
    #[schema(example = "user")]
    pub actor: String,
    /// The user whom the event is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, nullable = false, example = 1)]
    pub user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "Yt3bOGpKq0mXl2yZ1n5c4A")]
    pub session_id: Option<String>,
    /// The network of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "203.0.113.0/24")]
    pub network: Option<String>,
    /// The `User-Agent` of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "curl/8.5.0")]
    pub user_agent: Option<String>,
    /// The `X-Request-Id` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "5f0c2a91-000042")]
    pub request_id: Option<String>,
    /// The number of attempts that the event stands for.
    #[schema(example = 1)]
    pub count: i64,
    /// The code of an error, or of the reason why a session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, nullable = false, example = "bad_credentials")]
    pub reason: Option<Cow<'static, str>>,
    /// The name of a sign-in provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "acme")]
    pub provider: Option<String>,
    /// The roles of the user after the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = json!(["admin"]))]
    pub roles: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, required = false, nullable = false, example = 1)]
    pub invitation_id: Option<InvitationId>,
    /// The id of the signing key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = "sSvEGV7nGvo")]
    pub key_id: Option<String>,
    /// The number of sessions that the operation ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 1)]
    pub ended: Option<u64>,
    /// The number of users that the operation created or deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false, example = 1)]
    pub users: Option<u64>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// Newest first.
    pub items: Vec<Event>,
    /// The `cursor` of the next page; null on the last page.
    pub next_cursor: Option<String>,
}

impl TryFrom<event::Model> for Event {
    type Error = Error;

    fn try_from(event: event::Model) -> Result<Self, Error> {
        let Details { reason, provider, roles, invitation_id, key_id, ended, users } = event.details()?;
        Ok(Self {
            id: event.id,
            at: moment(event.at.0),
            kind: event.kind,
            actor: event.actor,
            user_id: event.user_id,
            session_id: event.session_id,
            network: event.network,
            user_agent: event.user_agent,
            request_id: event.request_id,
            count: event.count,
            reason,
            provider,
            roles,
            invitation_id,
            key_id,
            ended,
            users,
        })
    }
}

impl TryFrom<(Vec<event::Model>, Option<Cursor>)> for EventPage {
    type Error = Error;

    fn try_from((events, end): (Vec<event::Model>, Option<Cursor>)) -> Result<Self, Error> {
        let items = events.into_iter().map(Event::try_from).collect::<Result<_, _>>()?;
        Ok(Self { items, next_cursor: end.map(|cursor| cursor.encode()) })
    }
}
