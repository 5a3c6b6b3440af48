//! Adds the time at which an operator disabled a user. It is null if the user is enabled.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    vec![tables::add_column("users", ColumnDef::new("disabled_at").big_integer().null().take(), db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop_column("users", "disabled_at", db)]
}
