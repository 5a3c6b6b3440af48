//! Session variables: one row per session that has variables, deleted when the session ends or expires.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    // No foreign key: anonymous sessions have no row in `sessions`.
    let table = db.build(
        tables::create("session_variables", db)
            .col(tables::text("session_id", 22, db).primary_key())
            .col(ColumnDef::new("bag").text().not_null())
            .col(tables::moment("expires_at")),
    );
    vec![table, tables::index("ix_session_variables_expiry", "session_variables", &["expires_at"], db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("session_variables", db)]
}
