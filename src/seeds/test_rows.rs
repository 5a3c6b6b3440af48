//! `test-rows`: the row of the course's lesson on seeds, with its times.

use chrono::{DateTime, Utc};
use sea_orm::DatabaseTransaction;

use crate::error::Error;
use crate::models::seed::Made;
use crate::models::test_row;

pub(super) async fn make(db: &DatabaseTransaction, now: DateTime<Utc>) -> Result<Made, Error> {
    let row = test_row::create(db, "a row of the seed", Some("Gary"), now).await?;
    Ok(Made { tests: vec![row.id], ..Made::default() })
}
