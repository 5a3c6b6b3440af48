//! The table of the course's first database lessons: rows of text without an owner.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("tests", db)
            .col(tables::id("id"))
            .col(tables::text("testdata", 255, db))
            .col(tables::moment("created_at"))
            .col(tables::moment("updated_at")),
    );
    vec![table]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("tests", db)]
}
