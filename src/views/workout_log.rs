//! A workout log as its owner sees it.

use serde::Serialize;
use utoipa::ToSchema;

use super::moment;
use crate::models::page::Cursor;
use crate::models::workout_log;

/// A workout log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkoutLog {
    /// Never given to another log.
    #[schema(example = 1)]
    pub id: i64,
    /// What was done, exactly as it came.
    #[schema(example = "row 2 km")]
    pub description: String,
    /// How it was measured, exactly as it came.
    #[schema(example = "Time")]
    pub definition: String,
    /// What came of it, exactly as it came.
    #[schema(example = "7:42")]
    pub result: String,
    /// When it was created.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(format = DateTime, example = "2026-11-20T12:00:00.000Z")]
    pub updated_at: String,
}

/// A page of workout logs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkoutLogPage {
    /// The logs, in the order that was asked for.
    pub items: Vec<WorkoutLog>,
    /// Ask for the next page with it; null on the last page.
    pub next_cursor: Option<String>,
}

impl From<&workout_log::Model> for WorkoutLog {
    fn from(log: &workout_log::Model) -> Self {
        Self {
            id: log.id,
            description: log.description.clone(),
            definition: log.definition.clone(),
            result: log.result.clone(),
            created_at: moment(log.created_at.0),
            updated_at: moment(log.updated_at.0),
        }
    }
}

impl From<(Vec<workout_log::Model>, Option<Cursor>)> for WorkoutLogPage {
    fn from((logs, end): (Vec<workout_log::Model>, Option<Cursor>)) -> Self {
        Self { items: logs.iter().map(WorkoutLog::from).collect(), next_cursor: end.map(|cursor| cursor.encode()) }
    }
}
