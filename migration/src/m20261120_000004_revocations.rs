//! Revocations: sessions that ended before their tokens expired. Replicas read new rows in the order of `seq`.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    // No foreign key: a revocation outlives its session and its user.
    let table = db.build(
        tables::create("revocations", db)
            .col(tables::id("seq"))
            .col(tables::text("session_id", 22, db))
            .col(tables::text("reason", 32, db))
            .col(tables::moment("revoked_at"))
            .col(tables::moment("expires_at")),
    );
    let by_session = tables::index("ix_revocations_session", "revocations", &["session_id"], db);
    let by_expiry = tables::index("ix_revocations_expiry", "revocations", &["expires_at"], db);
    vec![table, by_session, by_expiry]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("revocations", db)]
}
