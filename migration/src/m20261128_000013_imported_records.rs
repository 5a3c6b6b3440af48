//! Records that were imported from other databases. Each is stored with the id of the row that the import created or
//! found.
//!
//! There is no foreign key: the record stays when its row is deleted, so that the row is not imported again.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("imported_records", db)
            .col(tables::text("source", 255, db))
            .col(tables::text("source_table", 64, db))
            .col(tables::integer("source_id"))
            .col(tables::integer("local_id"))
            .primary_key(Index::create().col("source").col("source_table").col("source_id")),
    );
    let columns = ["source_table", "local_id"];
    vec![table, tables::index("ix_imported_records_local", "imported_records", &columns, db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("imported_records", db)]
}
