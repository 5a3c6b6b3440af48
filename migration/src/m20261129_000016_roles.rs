//! The roles of users, and columns of `revocations` for changed roles.
//!
//! `roles_version` of a user grows with each change of the roles. A row of `revocations` with `changed_user_id` records
//! that tokens of this user with a lower version are out of date. Its `session_id` and `user_id` revoke nothing.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let number = |name| ColumnDef::new(name).big_integer().null().take();
    vec![
        tables::add_column("users", tables::text("roles", 527, db).default("").take(), db),
        tables::add_column("users", tables::integer("roles_version").default(0).take(), db),
        tables::add_column("revocations", number("changed_user_id"), db),
        tables::add_column("revocations", number("roles_version"), db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    [
        ("revocations", "roles_version"),
        ("revocations", "changed_user_id"),
        ("users", "roles_version"),
        ("users", "roles"),
    ]
    .map(|(table, column)| tables::drop_column(table, column, db))
    .into()
}
