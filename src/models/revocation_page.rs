//! The query of the revocation feed. It reads the database state and the new revocations in one statement.

use std::ops::RangeInclusive;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Asterisk, JoinType, Query};
use sea_orm::{Condition, ExprTrait as _, FromQueryResult, Order, QueryResult};

use super::{database_state, revocation};
use crate::error::Error;
use crate::types::generation::Generation;

/// The revocations to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The first number to read. All later rows are also read.
    pub from: i64,
    /// Ranges of lower numbers whose rows were missing in earlier pages.
    pub gaps: Vec<RangeInclusive<i64>>,
}

/// The values in the only row of `database_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub generation: Generation,
    pub users_created: i64,
}

pub struct Page {
    /// The database state. `None` if the database was reset and no replica has used it since.
    pub state: Option<State>,
    /// The revocations, ordered by number.
    pub rows: Vec<revocation::Model>,
}

/// Reads at most `limit` revocations and the database state, both from the same snapshot.
pub async fn read(db: &impl ConnectionTrait, wanted: &Wanted, limit: u64) -> Result<Page, Error> {
    let seq = || Expr::col((revocation::Entity, revocation::Column::Seq));
    let ranges = wanted.gaps.iter().map(|range| seq().between(*range.start(), *range.end()));
    let condition = ranges.fold(Condition::any().add(seq().gte(wanted.from)), Condition::add);
    let statement = Query::select()
        .column((database_state::Entity, database_state::Column::Generation))
        .column((database_state::Entity, database_state::Column::UsersCreated))
        .column((revocation::Entity, Asterisk))
        .from(database_state::Entity)
        .join(JoinType::LeftJoin, revocation::Entity, condition)
        .order_by((revocation::Entity, revocation::Column::Seq), Order::Asc)
        .limit(limit)
        .to_owned();
    let results = db.query_all(&statement).await?;
    let state = results.first().map(state).transpose()?;
    // Without revocations, the join yields one row that consists of the state and NULLs.
    let rows = results.iter().filter(|row| !matches!(row.try_get::<Option<i64>>("", "seq"), Ok(None)));
    let rows = rows.map(|row| revocation::Model::from_query_result(row, "")).collect::<Result<_, _>>()?;
    Ok(Page { state, rows })
}

fn state(row: &QueryResult) -> Result<State, Error> {
    let generation: String = row.try_get("", "generation")?;
    let generation = generation.parse().map_err(Error::fault)?;
    Ok(State { generation, users_created: row.try_get("", "users_created")? })
}
