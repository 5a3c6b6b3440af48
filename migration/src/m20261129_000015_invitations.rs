//! Invitations to sign up. The table has only hashes of the codes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("invitations", db)
            .col(tables::id("id"))
            .col(tables::text("code_hash", 43, db).unique_key())
            .col(tables::text("roles", 527, db))
            .col(ColumnDef::new("note").string_len(200).null())
            .col(tables::integer("max_uses"))
            .col(tables::integer("uses"))
            .col(tables::moment("created_at"))
            .col(tables::moment("expires_at"))
            .col(ColumnDef::new("revoked_at").big_integer().null()),
    );
    vec![table]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("invitations", db)]
}
