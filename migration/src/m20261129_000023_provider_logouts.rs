//! Logouts that providers reported, and the logout tokens that were used, until they no longer matter.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("provider_logouts", db)
            .col(tables::text("key_hash", 43, db).primary_key())
            .col(tables::moment("logged_out_at"))
            .col(tables::moment("expires_at")),
    );
    vec![table, tables::index("ix_provider_logouts_expiry", "provider_logouts", &["expires_at"], db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("provider_logouts", db)]
}
