//! The table that records applied migrations, and the tables that belong to this service.
//!
//! The table of migrations has its own name, because another SeaORM application may use the same database. Earlier
//! releases used SeaORM's default name, so their records are moved to this table.

use std::collections::HashSet;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Schema, Statement};
use sea_orm_migration::seaql_migrations::{Column, Entity};

use crate::Migrator;

pub(crate) const TABLE: &str = "daypass_migrations";
/// SeaORM's default name, which other applications may use.
const SHARED_TABLE: &str = "seaql_migrations";

/// The tables of this service, in the order in which they are created.
pub const TABLES: [&str; 17] = [
    "users",
    "sessions",
    "items",
    "revocations",
    "workout_logs",
    "tests",
    "seeds",
    "session_variables",
    "database_state",
    "imported_records",
    "invitations",
    "one_time_codes",
    "outbox",
    "identities",
    "used_codes",
    "provider_logouts",
    "events",
];

/// Creates the table of migrations and moves the records of earlier releases into it. If the process stops before the
/// end, the next call completes the move.
pub(crate) async fn install<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    let mut create = Schema::new(db.get_database_backend()).create_table_from_entity(Entity);
    db.execute(create.table(TABLE).if_not_exists()).await?;
    if !table_names(db).await?.contains(SHARED_TABLE) {
        return Ok(());
    }
    let all = Migrator::migrations();
    let ours = Expr::col((SHARED_TABLE, Column::Version)).is_in(all.iter().map(|migration| migration.name()));
    let recorded = Query::select().column(Column::Version).from(TABLE).take();
    let missing = Query::select()
        .columns([Column::Version, Column::AppliedAt])
        .from(SHARED_TABLE)
        .and_where(ours.clone())
        .and_where(Expr::col((SHARED_TABLE, Column::Version)).not_in_subquery(recorded))
        .take();
    let mut insert = Query::insert().into_table(TABLE).columns([Column::Version, Column::AppliedAt]).take();
    let insert = insert.select_from(missing);
    db.execute(insert.map_err(|error| DbErr::Custom(error.to_string()))?).await?;
    let moved = db.execute(Query::delete().from_table(SHARED_TABLE).and_where(ours)).await?.rows_affected();
    let left = Query::select().column(Column::Version).from(SHARED_TABLE).limit(1).take();
    if moved > 0 && db.query_one(&left).await?.is_none() {
        db.execute(Table::drop().table(SHARED_TABLE)).await?;
    }
    Ok(())
}

/// Returns the names of the applied migrations. Unlike the functions of SeaORM, does not create the table of migrations.
///
/// # Errors
/// If a query fails.
pub async fn recorded<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, DbErr> {
    let existing = table_names(db).await?;
    let (all, mut names) = (Migrator::migrations(), Vec::new());
    for table in [TABLE, SHARED_TABLE].into_iter().filter(|table| existing.contains(*table)) {
        let query = Query::select().column(Column::Version).from(table).take();
        for row in db.query_all(&query).await? {
            let name: String = row.try_get("", "version")?;
            // Another application may have records in the shared table.
            if table == TABLE || all.iter().any(|migration| migration.name() == name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

/// Checks that no other application has tables with the names in [`TABLES`].
///
/// # Errors
/// If no migration has been applied and some of the tables exist.
pub async fn check_other_tables<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    if !Migrator::get_applied_migrations(db).await?.is_empty() {
        return Ok(());
    }
    let existing = table_names(db).await?;
    let taken: Vec<_> = TABLES.into_iter().filter(|table| existing.contains(*table)).collect();
    if taken.is_empty() {
        return Ok(());
    }
    Err(DbErr::Migration(format!(
        "the database has tables of another application with the names that Daypass needs: {}; give Daypass a database of \
         its own",
        taken.join(", ")
    )))
}

/// Drops the tables of this service with their data. The tables of other applications stay.
///
/// # Errors
/// The errors of [`check_other_tables`].
pub async fn drop_tables<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    check_other_tables(db).await?;
    for table in TABLES.into_iter().rev().chain([TABLE]) {
        db.execute(Table::drop().table(table).if_exists()).await?;
    }
    Ok(())
}

async fn table_names<C: ConnectionTrait>(db: &C) -> Result<HashSet<String>, DbErr> {
    let backend = db.get_database_backend();
    let query = match backend {
        DbBackend::MySql => {
            "SELECT CAST(table_name AS CHAR(64)) AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
        }
        DbBackend::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = current_schema()"
        }
        _ => "SELECT name FROM sqlite_schema WHERE type = 'table'",
    };
    let rows = db.query_all_raw(Statement::from_string(backend, query)).await?;
    rows.iter().map(|row| row.try_get("", "name")).collect()
}
