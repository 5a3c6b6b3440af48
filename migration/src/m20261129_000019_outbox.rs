//! Messages to send. They have no codes, because the job that sends a message creates its code.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("outbox", db)
            .col(tables::id("id"))
            .col(ColumnDef::new("user_id").big_integer().null())
            .col(ColumnDef::new("content").text().not_null())
            .col(tables::integer("attempts"))
            .col(tables::moment("created_at"))
            .col(tables::moment("next_attempt_at"))
            .foreign_key(&mut tables::of_user("fk_outbox_user", "outbox", "user_id")),
    );
    vec![
        table,
        tables::index("ix_outbox_user", "outbox", &["user_id"], db),
        tables::index("ix_outbox_next_attempt", "outbox", &["next_attempt_at"], db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("outbox", db)]
}
