//! What all tables have in common, and where the databases differ.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// A table whose text is kept in full Unicode and compared byte by byte; MySQL's default does neither.
pub(crate) fn create(name: impl IntoIden, backend: DbBackend) -> TableCreateStatement {
    let mut table = Table::create().table(name.into_iden()).take();
    if backend == DbBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

/// A 64-bit key that is never given out twice, not even after its row is deleted: a token must not
/// come to mean another user.
pub(crate) fn id(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name.into_iden()).big_integer().not_null().auto_increment().primary_key().take()
}

/// Text of at most `length` characters, ordered by its bytes on PostgreSQL too.
pub(crate) fn text(name: impl IntoIden, length: u32, backend: DbBackend) -> ColumnDef {
    let mut column = ColumnDef::new(name.into_iden()).string_len(length).not_null().take();
    if backend == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column
}

/// A moment, in milliseconds since 1970, UTC.
pub(crate) fn moment(name: impl IntoIden) -> ColumnDef {
    ColumnDef::new(name.into_iden()).big_integer().not_null().take()
}
