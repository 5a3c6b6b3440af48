//! `test-rows`: the row that the course's lesson on seeds inserts.

use chrono::{DateTime, Utc};

use crate::error::Error;
use crate::models::seed::SeededRows;
use crate::models::test_row;
use crate::platform::database::Transaction;

pub(super) async fn insert(db: &Transaction, now: DateTime<Utc>) -> Result<SeededRows, Error> {
    let row = test_row::create(db, "a row of the seed", Some("Gary"), now).await?;
    Ok(SeededRows { tests: vec![row.id], ..SeededRows::default() })
}
