//! The state of the database, and columns of `revocations` that revoke all sessions of a user.
//!
//! `database_state` has one row. `generation` is random and changes when the database is reset or restored.
//! `users_created` only grows, so an older copy of the database has a lower number.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("database_state", db)
            .col(tables::integer("id").primary_key())
            .col(tables::text("generation", 11, db))
            .col(tables::integer("users_created")),
    );
    // SQLite can add only one column per statement.
    let user = tables::add_column("revocations", ColumnDef::new("user_id").big_integer().null().take(), db);
    let spared = ColumnDef::new("spared_session_id").string_len(22).null().take();
    vec![table, user, tables::add_column("revocations", spared, db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    let columns = ["spared_session_id", "user_id"].map(|column| tables::drop_column("revocations", column, db));
    columns.into_iter().chain([tables::drop("database_state", db)]).collect()
}
