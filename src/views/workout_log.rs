//! Responses about workout logs.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::page::Cursor;
use crate::models::workout_log;
use crate::types::WorkoutLogId;

/// A workout log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkoutLog {
    /// Never reused.
    #[schema(value_type = i64, example = 1)]
    pub id: WorkoutLogId,
    /// Exactly as it was sent.
    #[schema(example = "row 2 km")]
    pub description: String,
    /// How it was measured, exactly as it was sent.
    #[schema(example = "Time")]
    pub definition: String,
    /// Exactly as it was sent.
    #[schema(example = "7:42")]
    pub result: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

/// A page of workout logs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkoutLogPage {
    /// In the requested order.
    pub items: Vec<WorkoutLog>,
    /// The `cursor` of the next page; null on the last page.
    pub next_cursor: Option<String>,
}

impl From<workout_log::Model> for WorkoutLog {
    fn from(log: workout_log::Model) -> Self {
        Self {
            id: log.id,
            description: log.description,
            definition: log.definition,
            result: log.result,
            created_at: moment(log.created_at.0),
            updated_at: moment(log.updated_at.0),
        }
    }
}

impl From<(Vec<workout_log::Model>, Option<Cursor>)> for WorkoutLogPage {
    fn from((logs, end): (Vec<workout_log::Model>, Option<Cursor>)) -> Self {
        Self { items: logs.into_iter().map(WorkoutLog::from).collect(), next_cursor: end.map(|cursor| cursor.encode()) }
    }
}
