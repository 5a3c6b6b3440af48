//! Public keys and revocations, for services that verify tokens themselves.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use utoipa::IntoParams;

use crate::app::{AppState, CachedResponse};
use crate::error::Error;
use crate::extract::{Fields, FromQuery, IfNoneMatch, Query};
use crate::models::revocation_cursor::{self, RevocationCursor};
use crate::types::ValidationError;
use crate::views::{KeySet, RevocationList};

/// Rows younger than this are sent again with the next page, because a row with a lower number can be committed later.
const TRAILING: TimeDelta = TimeDelta::seconds(10);
/// The maximum number of rows of a page.
const PAGE: u64 = 1_000;

/// List the public keys
///
/// A JWK Set (RFC 7517) to verify session tokens with. Empty with HS256, whose key is secret.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "keys", responses((status = 200, body = KeySet)))]
pub async fn list_keys(State(app): State<AppState>) -> Response {
    let keys = KeySet { keys: app.tokens.keys().public().cloned().collect() };
    // Web pages of any origin may verify tokens.
    let headers = [(CACHE_CONTROL, "public, max-age=300"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, Reply(keys)).into_response()
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListRevocations {
    /// The `cursor` of the previous response.
    #[param(value_type = Option<String>, example = "42")]
    since: RevocationCursor,
}

impl FromQuery for ListRevocations {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let since = fields.optional("since", |text| {
            RevocationCursor::parse(text)
                .ok_or(ValidationError::NotAllowed { expected: "a cursor of an earlier response".into() })
        });
        fields.finish(Some(Self { since: since.unwrap_or_default() }))
    }
}

/// List revocations
///
/// Sessions that ended before their tokens expired. Poll with `cursor` a few times per second. A row can be sent more
/// than once. When `generation` changes, start without a cursor.
#[utoipa::path(get, path = "/api/revocations", tag = "keys", params(ListRevocations,
    ("If-None-Match" = Option<String>, Header, description = "The tag of a response that you have")), responses(
    (status = 200, body = RevocationList, headers(("ETag" = String, description = "Identifies the response"))),
    (status = 304, description = "Not modified."),
    (status = 422, description = "`invalid_fields`"),
    (status = 503, description = "`not_ready`"),
))]
pub async fn list_revocations(
    State(app): State<AppState>,
    Query(ListRevocations { since }): Query<ListRevocations>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let page = app.revocation_pages.get_or_make(&since, || app.clock.now(), async || page(&app, &since).await).await?;
    if if_none_match.has_tag(&page.etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, page.etag)]).into_response());
    }
    Ok(([(ETAG, page.etag.as_str()), (CONTENT_TYPE, "application/json")], page.body).into_response())
}

async fn page(app: &AppState, since: &RevocationCursor) -> Result<CachedResponse, Error> {
    // The generation is read before the rows. If the generation changes in between, the response has newer rows with an
    // older generation, which does no harm.
    let generation = app.revocations.generation().ok_or(Error::NotReady)?;
    let rows = revocation_cursor::page(&app.db, since, PAGE).await?;
    let now = app.clock.now();
    let more = rows.len() as u64 == PAGE;
    let cursor = since.after(&rows, more, now - TRAILING);
    let list = RevocationList::of(generation, &rows, (&cursor, more), now);
    let body = serde_json::to_vec(&list).map_err(Error::fault)?;
    Ok(CachedResponse { etag: tag_of(since, &body), body: body.into() })
}

/// Returns the entity tag of a response: a hash of the cursor and the body (FNV-1a). The cursor is included, because
/// the same rows after another cursor are a different response.
fn tag_of(since: &RevocationCursor, body: &[u8]) -> String {
    let since = since.to_string();
    let hash = since
        .bytes()
        .chain(body.iter().copied())
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("\"{hash:016x}\"")
}
