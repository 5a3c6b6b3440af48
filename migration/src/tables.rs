//! Columns and options that all tables share, with the differences between the databases.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

/// Returns a statement for a table whose text is full Unicode and is compared byte by byte. MySQL has other defaults.
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

/// Returns a column for a 64-bit id. An id is never reused, even after its row is deleted, because a token with the id
/// must never identify another user.
pub(crate) fn id(name: &'static str) -> ColumnDef {
    integer(name).auto_increment().primary_key().take()
}

/// Returns a column for text of at most `length` characters. PostgreSQL also sorts it byte by byte.
pub(crate) fn text(name: &'static str, length: u32, db: DbBackend) -> ColumnDef {
    let mut column = ColumnDef::new(name).string_len(length).not_null().take();
    if db == DbBackend::Postgres {
        column.extra(r#"COLLATE "C""#);
    }
    column
}

/// Returns a column for an e-mail address, which may be missing.
pub(crate) fn address(name: &'static str, db: DbBackend) -> ColumnDef {
    text(name, 254, db).null().take()
}

pub(crate) fn integer(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

/// Returns a column for a time, in milliseconds since 1970 in UTC.
pub(crate) fn moment(name: &'static str) -> ColumnDef {
    integer(name)
}

/// Returns the foreign key of a column with the id of a user. When the user is deleted, the row is deleted too.
pub(crate) fn of_user(name: &str, table: &'static str, column: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create().name(name).from(table, column).to("users", "id").on_delete(ForeignKeyAction::Cascade).take()
}

pub(crate) fn index(name: &str, table: &'static str, columns: &[&'static str], db: DbBackend) -> Statement {
    db.build(&index_of(name, table, columns))
}

pub(crate) fn unique_index(name: &str, table: &'static str, columns: &[&'static str], db: DbBackend) -> Statement {
    db.build(index_of(name, table, columns).unique())
}

fn index_of(name: &str, table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create().name(name).table(table).take();
    for column in columns {
        index.col(*column);
    }
    index
}

pub(crate) fn drop_index(name: &str, table: &'static str, db: DbBackend) -> Statement {
    db.build(Index::drop().name(name).table(table))
}

pub(crate) fn add_column(table: &'static str, column: ColumnDef, db: DbBackend) -> Statement {
    db.build(Table::alter().table(table).add_column(column))
}

pub(crate) fn drop_column(table: &'static str, column: &'static str, db: DbBackend) -> Statement {
    db.build(Table::alter().table(table).drop_column(column))
}
