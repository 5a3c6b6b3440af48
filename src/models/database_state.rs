//! The state of the whole database: a table with one row.
//!
//! After a backup is restored, clients still have tokens of sessions that the database has lost, and the database
//! assigns the same ids again. `users_created` never decreases in normal operation, so a lower value reveals the
//! restore. A new `generation` invalidates all earlier tokens.
//!
//! Schema: `migration/src/m20261128_000012_database_state.rs`.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ExprTrait as _, QuerySelect as _};

use crate::error::Error;
use crate::types::generation::Generation;

/// The id of the only row.
const ID: i64 = 1;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "database_state")]
pub struct Model {
    /// The number 1, because the table has only one row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    pub generation: String,
    /// The number of users that were ever created, including deleted users.
    pub users_created: i64,
}

impl ActiveModelBehavior for ActiveModel {}

/// Returns the generation. If the row is missing, inserts it with the generation `first`. The row is missing after a
/// reset, and after the restore of a backup that does not have this table.
pub async fn generation(db: &impl ConnectionTrait, first: Generation) -> Result<Generation, Error> {
    if let Some(state) = find(db).await? {
        return state.generation();
    }
    let first = ActiveModel { id: Set(ID), generation: Set(first.to_string()), users_created: Set(0) };
    // If another replica inserts the row at the same time, the generation of that replica is used.
    let ours = OnConflict::column(Column::Id).do_nothing_on([Column::Id]).to_owned();
    Entity::insert(first).on_conflict(ours).exec_without_returning(db).await?;
    // On MySQL, only a locking read sees a row that was committed after this transaction started.
    let state = Entity::find_by_id(ID).lock_exclusive().one(db).await?;
    state.ok_or_else(|| Error::fault(DbErr::RecordNotFound("database_state".to_owned())))?.generation()
}

/// Replaces the generation `before` with `next`. Returns `false` if another replica has already replaced `before`.
pub async fn replace_generation(
    db: &impl ConnectionTrait,
    before: Generation,
    next: Generation,
) -> Result<bool, Error> {
    let replaced = Entity::update_many()
        .col_expr(Column::Generation, next.to_string().into())
        .filter(COLUMN.generation.eq(before.to_string()))
        .exec(db)
        .await?;
    Ok(replaced.rows_affected > 0)
}

/// Adds `created` to `users_created`. Call this function in the transaction that inserts the users.
pub async fn count_users(db: &impl ConnectionTrait, created: usize) -> Result<(), Error> {
    let created = i64::try_from(created).map_err(Error::fault)?;
    let counted = Entity::update_many().col_expr(Column::UsersCreated, Expr::col(Column::UsersCreated).add(created));
    counted.exec(db).await?;
    Ok(())
}

async fn find(db: &impl ConnectionTrait) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id(ID).one(db).await?)
}

impl Model {
    fn generation(&self) -> Result<Generation, Error> {
        self.generation.parse().map_err(Error::fault)
    }
}
