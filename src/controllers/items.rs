//! Items: what a user owns. Another user's item is not found, for every verb.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ETAG, LOCATION};
use axum::response::{IntoResponse, Response};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, FromQuery, Id, IfMatch, IfNoneMatch, Json, Query, etag, page_request};
use crate::models::item;
use crate::models::item_name::ItemName;
use crate::models::page::{Listing, PageRequest};
use crate::views::{Item, ItemPage};

/// What to list. The fields only document the query string; [`Asked`] is what they become.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
pub struct ListItems {
    /// At most this many items.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
    /// Only items whose name holds this text, without regard to case.
    q: Option<String>,
    /// The order: by age or by name, each also backwards.
    #[param(inline)]
    sort: Option<SortWord>,
}

/// The words for an order.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the OpenAPI document alone")]
enum SortWord {
    #[schema(rename = "createdAt")]
    Oldest,
    #[schema(rename = "-createdAt")]
    Newest,
    #[schema(rename = "name")]
    Name,
    #[schema(rename = "-name")]
    NameReversed,
}

/// The page that is asked for.
pub struct Asked(PageRequest);

impl FromQuery for Asked {
    fn from_query(fields: Fields) -> Result<Self, Error> {
        page_request(fields, Listing::Items, |text| Ok(ItemName::parse(text)?.key())).map(Self)
    }
}

/// The name of an item, new or changed.
#[derive(ToSchema)]
#[schema(as = ItemBody)]
pub struct Body {
    /// 1 to 200 characters, given back exactly as they came.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "buy a lantern")]
    name: ItemName,
}

impl FromBody for Body {
    fn from_body(mut fields: Fields, _: &App) -> Result<Self, Error> {
        let name = fields.required("name", ItemName::parse);
        fields.finish(name.map(|name| Self { name }))
    }
}

/// List my items
#[utoipa::path(get, path = "/api/items", tag = "items", params(ListItems), responses(
    (status = 200, body = ItemPage),
    (status = 400, description = "`bad_cursor`"),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_items(
    State(app): State<App>,
    session: Session,
    Query(Asked(request)): Query<Asked>,
) -> Result<Reply<ItemPage>, Error> {
    let page = item::page(&app.db, session.user_id, &request).await?;
    Ok(Reply(ItemPage::from(page)))
}

/// Create an item
#[utoipa::path(post, path = "/api/items", tag = "items", request_body = Body, responses(
    (status = 201, body = Item, headers(
        ("Location" = String, description = "Where the item is"),
        ("ETag" = String, description = "Its version"),
    )),
))]
pub async fn create_item(
    State(app): State<App>,
    session: Session,
    Json(body): Json<Body>,
) -> Result<impl IntoResponse, Error> {
    let transaction = app.begin_write().await?;
    let item = item::create(&*transaction, session.user_id, &body.name, app.clock.now()).await?;
    transaction.commit().await?;
    let headers = [(LOCATION, format!("/api/items/{}", item.id)), (ETAG, etag(item.version))];
    Ok((StatusCode::CREATED, headers, Reply(Item::from(&item))))
}

/// Read an item
#[utoipa::path(get, path = "/api/items/{id}", tag = "items",
    params(("id" = i64, Path), ("If-None-Match" = Option<String>, Header, description = "A version you have")),
    responses(
        (status = 200, body = Item, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "You have this version."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_item(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let item = item::find(&app.db, session.user_id, id).await?;
    let headers = [(ETAG, etag(item.version))];
    if if_none_match.has(item.version) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Reply(Item::from(&item))).into_response())
}

/// Change an item
///
/// With `If-Match` only if the item is still at that version; without, the last writer wins.
#[utoipa::path(put, path = "/api/items/{id}", tag = "items", request_body = Body,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version you change")),
    responses(
        (status = 200, body = Item, headers(("ETag" = String, description = "Its new version"))),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn update_item(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    Json(body): Json<Body>,
) -> Result<impl IntoResponse, Error> {
    let transaction = app.begin_write().await?;
    let item = item::lock(&transaction, (session.user_id, id), &expected).await?;
    let item = item.rename(&*transaction, &body.name, app.clock.now()).await?;
    transaction.commit().await?;
    Ok(([(ETAG, etag(item.version))], Reply(Item::from(&item))))
}

/// Delete an item
#[utoipa::path(delete, path = "/api/items/{id}", tag = "items",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version you delete")),
    responses(
        (status = 204, description = "It is gone."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_item(
    State(app): State<App>,
    session: Session,
    Id(id): Id,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Error> {
    let transaction = app.begin_write().await?;
    let item = item::lock(&transaction, (session.user_id, id), &expected).await?;
    item.delete(&*transaction).await?;
    transaction.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
