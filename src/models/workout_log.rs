//! Workout logs of users.
//!
//! Schema: `migration/src/m20261121_000007_workout_logs.rs`.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::owned::{Columns, Owned, Values};
use super::page::Listing;
use crate::types::workout_text::{Description, Detail};
use crate::types::{UserId, ValidationError, WorkoutLogId};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "workout_logs")]
pub struct Model {
    /// The id. It is never reused.
    #[sea_orm(primary_key)]
    pub id: WorkoutLogId,
    pub owner_id: UserId,
    /// The exercise that was done.
    pub description: String,
    /// The key by which workout logs are sorted and searched.
    pub description_key: String,
    /// How the exercise is measured.
    pub definition: String,
    pub result: String,
    pub created_at: ChronoUnixTimestampMillis,
    pub updated_at: ChronoUnixTimestampMillis,
    pub version: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// The content of a workout log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub description: Description,
    pub definition: Detail,
    pub result: Detail,
}

/// The changes to the texts of a workout log. `None` leaves a text unchanged.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub description: Option<Description>,
    pub definition: Option<Detail>,
    pub result: Option<Detail>,
}

impl From<Entry> for Changes {
    fn from(Entry { description, definition, result }: Entry) -> Self {
        Self { description: Some(description), definition: Some(definition), result: Some(result) }
    }
}

impl Owned for Entity {
    type Id = WorkoutLogId;
    type Content = Entry;
    type Changes = Changes;

    const LISTING: Listing = Listing {
        name: "workout-logs",
        text: "description",
        orders: "createdAt, -createdAt, description or -description",
    };
    const COLUMNS: Columns<Column> = Columns {
        id: Column::Id,
        owner_id: Column::OwnerId,
        created_at: Column::CreatedAt,
        updated_at: Column::UpdatedAt,
        version: Column::Version,
        text: Column::DescriptionKey,
    };

    fn values(log: &Model) -> Values<'_> {
        Values { id: log.id.0, created_at: log.created_at.0, version: log.version, text: &log.description_key }
    }

    fn write(changes: &Changes, log: &mut ActiveModel) {
        if let Some(description) = &changes.description {
            log.description = Set(description.as_str().to_owned());
            log.description_key = Set(description.key());
        }
        if let Some(definition) = &changes.definition {
            log.definition = Set(definition.as_str().to_owned());
        }
        if let Some(result) = &changes.result {
            log.result = Set(result.as_str().to_owned());
        }
    }

    fn search_key(text: &str) -> Result<String, ValidationError> {
        Ok(Description::parse(text)?.key())
    }
}
