//! E-mail addresses of users. `email` is a verified address, and unique. `pending_email` waits for its verification.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

const UNIQUE: &str = "ux_users_email";

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let unique = Index::create().name(UNIQUE).table("users").col("email").unique().take();
    vec![
        tables::add_column("users", tables::address("email", db), db),
        tables::add_column("users", tables::address("pending_email", db), db),
        db.build(&unique),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![
        db.build(Index::drop().name(UNIQUE).table("users")),
        tables::drop_column("users", "pending_email", db),
        tables::drop_column("users", "email", db),
    ]
}
