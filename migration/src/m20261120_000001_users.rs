//! Users. The username is stored as typed. Its normalised key is unique.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("users", db)
            .col(tables::id("id"))
            .col(tables::text("username", 64, db))
            .col(tables::text("username_key", 255, db).unique_key())
            .col(tables::text("password_hash", 255, db))
            .col(tables::moment("created_at"))
            .col(tables::moment("updated_at")),
    );
    vec![table]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("users", db)]
}
