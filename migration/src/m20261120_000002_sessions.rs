//! Sessions: one row per active session, written at sign-in. Token validation does not read this table.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("sessions", db)
            .col(tables::text("id", 22, db).primary_key())
            .col(tables::integer("user_id"))
            .col(tables::moment("created_at"))
            .col(tables::moment("expires_at"))
            .col(ColumnDef::new("user_agent").string_len(255).null())
            .col(tables::text("key_id", 11, db))
            .foreign_key(&mut tables::of_user("fk_sessions_user", "sessions", "user_id")),
    );
    let by_user = tables::index("ix_sessions_user", "sessions", &["user_id", "created_at"], db);
    let by_expiry = tables::index("ix_sessions_expiry", "sessions", &["expires_at"], db);
    vec![table, by_user, by_expiry]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("sessions", db)]
}
