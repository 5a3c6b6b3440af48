//! E-mail addresses of users, one-time codes, and the outbox of messages.
//!
//! `users.email` is a verified address, and unique. `pending_email` is an address that waits for its verification. The
//! table of codes has only hashes. A message in the outbox has no code: the job that sends it creates the code.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

const UNIQUE: &str = "ux_users_email";

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let address = |name| tables::text(name, 254, db).null().take();
    let unique = Index::create().name(UNIQUE).table("users").col("email").unique().take();
    let codes = tables::create("one_time_codes", db)
        .col(tables::id("id"))
        .col(tables::integer("user_id"))
        .col(tables::text("purpose", 32, db))
        .col(tables::text("code_hash", 43, db).unique_key())
        .col(address("email"))
        .col(tables::moment("created_at"))
        .col(tables::moment("expires_at"))
        .foreign_key(&mut tables::of_user("fk_one_time_codes_user", "one_time_codes", "user_id"))
        .take();
    let outbox = tables::create("outbox", db)
        .col(tables::id("id"))
        .col(ColumnDef::new("user_id").big_integer().null())
        .col(ColumnDef::new("content").text().not_null())
        .col(tables::integer("attempts"))
        .col(tables::moment("created_at"))
        .col(tables::moment("next_attempt_at"))
        .foreign_key(&mut tables::of_user("fk_outbox_user", "outbox", "user_id"))
        .take();
    vec![
        tables::add_column("users", address("email"), db),
        tables::add_column("users", address("pending_email"), db),
        db.build(&unique),
        db.build(&codes),
        tables::index("ix_one_time_codes_user", "one_time_codes", &["user_id"], db),
        tables::index("ix_one_time_codes_expiry", "one_time_codes", &["expires_at"], db),
        db.build(&outbox),
        tables::index("ix_outbox_user", "outbox", &["user_id"], db),
        tables::index("ix_outbox_next_attempt", "outbox", &["next_attempt_at"], db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![
        tables::drop("outbox", db),
        tables::drop("one_time_codes", db),
        db.build(Index::drop().name(UNIQUE).table("users")),
        tables::drop_column("users", "pending_email", db),
        tables::drop_column("users", "email", db),
    ]
}
