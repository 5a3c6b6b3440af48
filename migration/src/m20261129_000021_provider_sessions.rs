//! The provider through which a session began, and the hash of the provider's id for it (`sid`). When the user signs out
//! at the provider, the session is found by them.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    vec![
        tables::add_column("sessions", tables::text("provider", 32, db).null().take(), db),
        tables::add_column("sessions", tables::text("provider_session_hash", 43, db).null().take(), db),
        tables::index("ix_sessions_provider_session", "sessions", &["provider_session_hash"], db),
    ]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![
        tables::drop_index("ix_sessions_provider_session", "sessions", db),
        tables::drop_column("sessions", "provider_session_hash", db),
        tables::drop_column("sessions", "provider", db),
    ]
}
