//! Seeds that were run, with the time and the inserted rows, so that each seed can be reverted separately.
//!
//! This migration comes after the tables that seeds write to, so it is reverted before them. Otherwise the recorded ids
//! could identify other rows after those tables are created again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("seeds", db)
            .col(tables::text("name", 64, db).primary_key())
            .col(tables::moment("ran_at"))
            .col(ColumnDef::new("made").text().not_null()),
    );
    vec![table]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("seeds", db)]
}
