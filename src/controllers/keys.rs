//! For services that verify by themselves: the public keys, and the sessions that ended.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, ETAG};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::Rule;
use crate::error::Error;
use crate::extract::{Fields, FromQuery, IfNoneMatch, Query};
use crate::models::revocation;
use crate::views::{KeySet, RevocationList};

/// Rows younger than this are sent again: one of a lower number may still be on its way.
const TRAILING: TimeDelta = TimeDelta::seconds(10);
/// Rows of one answer.
const PAGE: u64 = 50_000;

/// Public keys
///
/// A JWK Set (RFC 7517) of what session tokens can be verified with; empty with HS256, whose key is a secret.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses((status = 200, body = KeySet)))]
pub async fn list_keys(State(app): State<App>) -> Response {
    let keys = KeySet { keys: app.tokens.keys().public().cloned().collect() };
    ([(CACHE_CONTROL, "public, max-age=300")], Reply(keys)).into_response()
}

/// Where to go on. The field only documents the query string; [`Since`] is what it becomes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct ListRevocations {
    /// The `cursor` of the answer before.
    since: Option<i64>,
}

/// The number after which rows are asked for.
pub struct Since(i64);

impl FromQuery for Since {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let since = fields.optional("since", |text| {
            let number = text.parse().ok().filter(|number: &i64| *number >= 0 && number.to_string() == text);
            number.ok_or(Rule::NotAllowed { expected: "a cursor of an earlier answer" })
        });
        fields.finish(Some(Self(since.unwrap_or(0))))
    }
}

/// Ended sessions
///
/// Those that ended before their tokens expired and could still be presented. Ask again with `cursor`, a few times
/// a second; rows may come more than once, and adding one twice changes nothing.
#[utoipa::path(get, path = "/api/revocations", tag = "keys", params(ListRevocations,
    ("If-None-Match" = Option<String>, Header, description = "An answer you have")), responses(
    (status = 200, body = RevocationList, headers(("ETag" = String, description = "Names this answer"))),
    (status = 304, description = "You have this answer."),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_revocations(
    State(app): State<App>,
    Query(Since(since)): Query<Since>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let rows = revocation::after(&app.db, since, &[], PAGE).await?;
    let now = app.clock.now();
    let more = rows.len() as u64 == PAGE;
    // A full page is gone on from its end, or the rows behind it would never be told.
    let settled = rows.iter().take_while(|row| more || row.revoked_at.0 < now - TRAILING).last();
    let cursor = settled.map_or(since, |row| row.seq);
    let etag = tag_of(since, cursor, &rows);
    if if_none_match.has_tag(&etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response());
    }
    Ok(([(ETAG, etag)], Reply(RevocationList::of(&rows, (cursor, more), now))).into_response())
}

/// Names an answer by all it was made of, also what was asked: the rows of another `since` are another answer
/// (FNV-1a over the numbers).
fn tag_of(since: i64, cursor: i64, rows: &[revocation::Model]) -> String {
    let numbers = [since, cursor].into_iter().chain(rows.iter().map(|row| row.seq));
    let hash = numbers.fold(0xcbf2_9ce4_8422_2325_u64, |hash, number| {
        number.to_le_bytes().iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
    });
    format!("\"{hash:016x}\"")
}
