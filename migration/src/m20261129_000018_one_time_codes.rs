//! One-time codes that are sent to users. The table has only hashes of the codes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("one_time_codes", db)
            .col(tables::id("id"))
            .col(tables::integer("user_id"))
            .col(tables::text("purpose", 32, db))
            .col(tables::text("code_hash", 43, db).unique_key())
            .col(tables::address("email", db))
            .col(ColumnDef::new("mail_id").big_integer().null())
            .col(tables::moment("created_at"))
            .col(tables::moment("expires_at"))
            .foreign_key(&mut tables::of_user("fk_one_time_codes_user", "one_time_codes", "user_id")),
    );
    vec![
        table,
        tables::index("ix_one_time_codes_user", "one_time_codes", &["user_id"], db),
        tables::index("ix_one_time_codes_expiry", "one_time_codes", &["expires_at"], db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("one_time_codes", db)]
}
