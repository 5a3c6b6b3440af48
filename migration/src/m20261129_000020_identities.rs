//! Identities: accounts of users at providers. An identity is found by `key_hash`, the hash of its issuer and subject.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("identities", db)
            .col(tables::id("id"))
            .col(tables::integer("user_id"))
            .col(tables::text("provider", 32, db))
            .col(tables::text("key_hash", 43, db).unique_key())
            .col(tables::text("issuer", 255, db))
            .col(tables::text("subject", 255, db))
            .col(tables::moment("created_at"))
            .col(tables::moment("last_used_at"))
            .foreign_key(&mut tables::of_user("fk_identities_user", "identities", "user_id")),
    );
    vec![table, tables::unique_index("ux_identities_user", "identities", &["user_id", "provider"], db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("identities", db)]
}
