//! The course's lesson on migrations: adds a column to the table `tests`. Both directions keep the rows.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    // Existing rows have no first name.
    vec![tables::add_column("tests", ColumnDef::new("first_name").string_len(255).null().take(), db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop_column("tests", "first_name", db)]
}
