//! Codes that are not stored before they are used, and must not be used twice. The table has their hashes until they
//! expire.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("used_codes", db)
            .col(tables::text("code_hash", 43, db).primary_key())
            .col(tables::moment("expires_at")),
    );
    vec![table, tables::index("ix_used_codes_expiry", "used_codes", &["expires_at"], db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("used_codes", db)]
}
