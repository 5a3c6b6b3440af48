//! Items of the session's user. The response for an item of another user is `404`.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use utoipa::ToSchema;

use super::versioned::Versioned;
use crate::accounts::rows;
use crate::app::AppState;
use crate::auth::token::Session;
use crate::error::Error;
use crate::extract::{Fields, FromBody, Id, IfMatch, IfNoneMatch, Json, ListQuery, Query};
use crate::models::{item, owned};
use crate::types::item_name::ItemName;
use crate::types::{ItemId, schema};
use crate::views::{Item, ItemPage};

/// The name of an item.
#[derive(ToSchema)]
#[schema(as = ItemBody)]
pub struct Body {
    #[schema(schema_with = schema::item_name)]
    name: ItemName,
}

impl FromBody for Body {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let name = fields.required("name", ItemName::parse);
        fields.finish(name.map(|name| Self { name }))
    }
}

/// List my items
#[utoipa::path(get, path = "/api/items", tag = "items", params(ListQuery<item::Entity>), responses(
    (status = 200, body = ItemPage),
    (status = 400, description = "`bad_cursor`"),
    (status = 422, description = "`invalid_fields`"),
))]
pub async fn list_items(
    State(app): State<AppState>,
    session: Session,
    Query(query): Query<ListQuery<item::Entity>>,
) -> Result<Reply<ItemPage>, Error> {
    let page = owned::page::<item::Entity>(&app.db, session.user_id, &query.request).await?;
    Ok(Reply(ItemPage::from(page)))
}

/// Create an item
#[utoipa::path(post, path = "/api/items", tag = "items", request_body = Body, responses(
    (status = 201, body = Item, headers(
        ("Location" = String, description = "The path of the item"),
        ("ETag" = String, description = "Its version"),
    )),
    (status = 409, description = "`quota_exceeded`"),
))]
pub async fn create_item(
    State(app): State<AppState>,
    session: Session,
    Json(Body { name }): Json<Body>,
) -> Result<impl IntoResponse, Error> {
    let item = rows::create::<item::Entity>(&app, &session, name).await?;
    let location = [(LOCATION, format!("/api/items/{}", item.id))];
    Ok((StatusCode::CREATED, location, versioned(item)))
}

/// Read an item
#[utoipa::path(get, path = "/api/items/{id}", tag = "items",
    params(("id" = i64, Path), ("If-None-Match" = Option<String>, Header, description = "The version that you have")),
    responses(
        (status = 200, body = Item, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "Not modified."),
        (status = 404, description = "`not_found`"),
    ),
)]
pub async fn show_item(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<ItemId>,
    if_none_match: IfNoneMatch,
) -> Result<Response, Error> {
    let item = owned::find::<item::Entity>(&app.db, session.user_id, id).await?;
    Ok(versioned(item).unless_known(&if_none_match))
}

/// Change an item
///
/// With `If-Match`, the change is made only if the version matches. Without it, the last write wins.
#[utoipa::path(put, path = "/api/items/{id}", tag = "items", request_body = Body,
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version that you read")),
    responses(
        (status = 200, body = Item, headers(("ETag" = String, description = "Its new version"))),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn update_item(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<ItemId>,
    IfMatch(expected): IfMatch,
    Json(Body { name }): Json<Body>,
) -> Result<impl IntoResponse, Error> {
    let item = rows::change::<item::Entity>(&app, &session, id, &expected, &name).await?;
    Ok(versioned(item))
}

/// Delete an item
#[utoipa::path(delete, path = "/api/items/{id}", tag = "items",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version that you read")),
    responses(
        (status = 204, description = "Deleted."),
        (status = 404, description = "`not_found`"),
        (status = 412, description = "`precondition_failed`"),
    ),
)]
pub async fn delete_item(
    State(app): State<AppState>,
    session: Session,
    Id(id): Id<ItemId>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, Error> {
    rows::delete::<item::Entity>(&app, &session, id, &expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn versioned(item: item::Model) -> Versioned<Item> {
    Versioned { version: item.version, view: Item::from(item) }
}
