//! Audit events. There is no foreign key to `users`, because events without personal data stay when their user is
//! deleted.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("events", db)
            .col(tables::id("id"))
            .col(tables::moment("at"))
            .col(tables::text("kind", 40, db))
            .col(tables::text("actor", 16, db))
            .col(ColumnDef::new("user_id").big_integer().null())
            .col(tables::text("session_id", 22, db).null().take())
            .col(tables::text("network", 43, db).null().take())
            .col(ColumnDef::new("user_agent").string_len(255).null())
            .col(tables::text("request_id", 64, db).null().take())
            .col(ColumnDef::new("details").text().not_null())
            .col(tables::integer("count")),
    );
    vec![
        table,
        tables::index("ix_events_user", "events", &["user_id", "id"], db),
        tables::index("ix_events_at", "events", &["at"], db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("events", db)]
}
