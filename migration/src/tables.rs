//! Columns and options that all tables share, and where the databases differ.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

/// A table whose text is stored as full Unicode and compared byte by byte, which is not MySQL's default.
pub(crate) fn create(name: &'static str, db: DbBackend) -> TableCreateStatement {
    let mut table = Table::create().table(name).take();
    if db == DbBackend::MySql {
        table.character_set("utf8mb4").collate("utf8mb4_bin");
    }
    table
}

pub(crate) fn drop(name: &'static str, db: DbBackend) -> Statement {
    db.build(Table::drop().table(name))
}

/// A 64-bit id that is never reused, even after its row is deleted, because a token with the id must never identify
/// another user.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    integer(name).auto_increment().primary_key().take()
}

/// Text of at most `length` characters, sorted by its bytes on PostgreSQL, too.
pub(crate) fn text(name: &'static str, length: u32, db: DbBackend) -> ColumnDef {
    let mut column = ColumnDef::new(name).string_len(length).not_null().take();
    if db == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column
}

pub(crate) fn integer(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// A time, in milliseconds since 1970, UTC.
pub(crate) fn moment(name: &'static str) -> ColumnDef {
    integer(name)
}

/// The foreign key of a column with the id of a user. The row is deleted with the user.
pub(crate) fn of_user(name: &str, table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, column).to("users", "id").on_delete(ForeignKeyAction::Cascade).take()
}

pub(crate) fn index(name: &str, table: &'static str, columns: &[&'static str], db: DbBackend) -> Statement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    db.build(&index)
}

pub(crate) fn add_column(table: &'static str, column: ColumnDef, db: DbBackend) -> Statement {
    db.build(Table::alter().table(table).add_column(column))
}

pub(crate) fn drop_column(table: &'static str, column: &'static str, db: DbBackend) -> Statement {
    db.build(Table::alter().table(table).drop_column(column))
}
