//! Audit events. An operation inserts its event in the transaction that makes the change.
//!
//! Schema: `migration/src/m20261129_000024_events.rs`.

use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{QueryOrder, QuerySelect, Select};

use super::expiry::Expires;
use super::page::{Cursor, Key, Listing, Sort};
use crate::error::Error;
use crate::events::{Details, Event, EventKind};
use crate::types::{EventId, UserId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: EventId,
    pub at: ChronoUnixTimestampMillis,
    /// The [`EventKind::code`]. A newer release may have written a kind that this one does not have.
    pub kind: String,
    /// The [`Actor::code`](crate::events::Actor::code).
    pub actor: String,
    /// The user whom the event is about. The user may have been deleted.
    pub user_id: Option<UserId>,
    pub session_id: Option<String>,
    /// The network of the client, such as `203.0.113.0/24`.
    pub network: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// The [`Details`] as JSON.
    #[sea_orm(column_type = "Text")]
    pub details: String,
    /// The number of equal attempts that the event stands for.
    pub count: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The purge deletes rows by their age.
impl Expires for Entity {
    type Key = EventId;
    const KEY: Column = Column::Id;
    const EXPIRES_AT: Column = Column::At;
}

/// The list of a user's events. It has one order: newest first.
pub const LISTING: Listing = Listing { name: "events", text: "", orders: "-createdAt" };

/// The maximum number of rows per statement. A row has ten values, and SQLite allows 32,766 values per statement.
const ROWS_PER_INSERT: usize = 1_000;

/// Inserts an event. Call this function in the transaction that makes the change.
pub async fn create(db: &impl ConnectionTrait, event: &Event) -> Result<(), Error> {
    create_all(db, std::slice::from_ref(event)).await
}

/// Inserts events.
pub async fn create_all(db: &impl ConnectionTrait, events: &[Event]) -> Result<(), Error> {
    for events in events.chunks(ROWS_PER_INSERT) {
        let rows = events.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        Entity::insert_many(rows).exec_without_returning(db).await?;
    }
    Ok(())
}

fn row(event: &Event) -> Result<ActiveModel, Error> {
    Ok(ActiveModel {
        at: Set(ChronoUnixTimestampMillis(event.at)),
        kind: Set(event.kind.code().to_owned()),
        actor: Set(event.actor.code().to_owned()),
        user_id: Set(event.user_id),
        session_id: Set(event.session_id.map(|id| id.to_string())),
        network: Set(event.origin.network.map(|network| network.to_string())),
        user_agent: Set(event.origin.user_agent.clone()),
        request_id: Set(event.origin.request_id.clone()),
        details: Set(serde_json::to_string(&event.details).map_err(Error::fault)?),
        count: Set(i64::try_from(event.count).map_err(Error::fault)?),
        ..Default::default()
    })
}

fn about(user_id: UserId) -> Select<Entity> {
    Entity::find().filter(COLUMN.user_id.eq(user_id))
}

/// Returns a page of the user's events, newest first, and the cursor of the next page if there is one.
pub async fn page(
    db: &impl ConnectionTrait,
    user_id: UserId,
    limit: u64,
    after: Option<&Cursor>,
) -> Result<(Vec<Model>, Option<Cursor>), Error> {
    let mut events = about(user_id);
    if let Some(cursor) = after {
        events = events.filter(COLUMN.id.lt(EventId(cursor.id)));
    }
    let mut rows = events.order_by_desc(Column::Id).limit(limit + 1).all(db).await?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = rows.last().filter(|_| more).map(|last| Cursor {
        listing: LISTING.name.into(),
        sort: Sort::Newest,
        key: Key::Moment(last.at.0.timestamp_millis()),
        id: last.id.0,
    });
    Ok((rows, next))
}

/// Returns at most `limit` of the user's events, oldest first, starting after the event `after`.
pub async fn list(
    db: &impl ConnectionTrait,
    user_id: UserId,
    after: Option<EventId>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let events = about(user_id).filter(COLUMN.id.gt(after.unwrap_or(EventId(0))));
    Ok(events.order_by_asc(Column::Id).limit(limit).all(db).await?)
}

/// Which events an operator searches for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search {
    pub user_id: Option<UserId>,
    pub kind: Option<EventKind>,
    pub since: Option<DateTime<Utc>>,
    /// Only events with higher ids.
    pub after: Option<EventId>,
}

/// Returns the newest `limit` events that match, oldest first.
pub async fn search(db: &impl ConnectionTrait, search: Search, limit: u64) -> Result<Vec<Model>, Error> {
    let mut events = search.user_id.map_or_else(Entity::find, about);
    if let Some(kind) = search.kind {
        events = events.filter(COLUMN.kind.eq(kind.code()));
    }
    if let Some(since) = search.since {
        events = events.filter(Column::At.gte(since.timestamp_millis()));
    }
    if let Some(after) = search.after {
        events = events.filter(COLUMN.id.gt(after));
    }
    let mut rows = events.order_by_desc(Column::Id).limit(limit).all(db).await?;
    rows.reverse();
    Ok(rows)
}

/// Removes what identifies the user's browsers and networks from the user's events. Call this function in the
/// transaction that deletes the user.
pub async fn remove_personal_data(db: &impl ConnectionTrait, user_id: UserId) -> Result<(), Error> {
    let nothing = || Expr::value(Option::<String>::None);
    let removed = Entity::update_many()
        .col_expr(Column::SessionId, nothing())
        .col_expr(Column::Network, nothing())
        .col_expr(Column::UserAgent, nothing())
        .col_expr(Column::RequestId, nothing());
    removed.filter(COLUMN.user_id.eq(user_id)).exec(db).await?;
    Ok(())
}

impl Model {
    /// Returns the further members.
    ///
    /// # Errors
    /// [`Error::Fault`] if the column does not have JSON of this form.
    pub fn details(&self) -> Result<Details, Error> {
        serde_json::from_str(&self.details).map_err(Error::fault)
    }
}
