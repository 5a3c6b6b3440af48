//! The database schema: one file per migration, each with `up` and `down`.
//!
//! Migrations do not depend on the application, so an old migration never changes its meaning. Times are milliseconds
//! since 1970 in UTC (`BIGINT`): exact, sortable and identical on SQLite, PostgreSQL and MySQL/MariaDB. Text is
//! compared byte by byte on all of them.

pub use history::{TABLES, check_other_tables, drop_tables, recorded};
pub use sea_orm_migration::migrator::MigrationStatus;
pub use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

mod history;
mod m20261120_000001_users;
mod m20261120_000002_sessions;
mod m20261120_000003_items;
mod m20261120_000004_revocations;
mod m20261121_000005_lookalikes;
mod m20261121_000006_disabled_users;
mod m20261121_000007_workout_logs;
mod m20261121_000008_tests;
mod m20261121_000009_tests_first_name;
mod m20261121_000010_seeds;
mod m20261121_000011_session_variables;
mod m20261128_000012_database_state;
mod m20261128_000013_imported_records;
mod m20261128_000014_username_keys;
mod m20261129_000015_invitations;
mod m20261129_000016_roles;
mod m20261129_000017_email;
mod m20261129_000018_one_time_codes;
mod m20261129_000019_outbox;
mod m20261129_000020_identities;
mod m20261129_000021_provider_sessions;
mod m20261129_000022_used_codes;
mod m20261129_000023_provider_logouts;
mod m20261129_000024_events;
mod tables;

/// Creates the list of migrations from a list of modules. Each migration has the name of its module.
macro_rules! steps {
    ($($module:ident),* $(,)?) => {
        vec![$(Box::new(Step { name: stringify!($module), up: $module::up, down: $module::down })),*]
    };
}

/// Runs the migrations in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migration_table_name() -> DynIden {
        history::TABLE.into_iden()
    }

    async fn install<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
        history::install(db).await
    }

    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        steps![
            m20261120_000001_users,
            m20261120_000002_sessions,
            m20261120_000003_items,
            m20261120_000004_revocations,
            m20261121_000005_lookalikes,
            m20261121_000006_disabled_users,
            m20261121_000007_workout_logs,
            m20261121_000008_tests,
            m20261121_000009_tests_first_name,
            m20261121_000010_seeds,
            m20261121_000011_session_variables,
            m20261128_000012_database_state,
            m20261128_000013_imported_records,
            m20261128_000014_username_keys,
            m20261129_000015_invitations,
            m20261129_000016_roles,
            m20261129_000017_email,
            m20261129_000018_one_time_codes,
            m20261129_000019_outbox,
            m20261129_000020_identities,
            m20261129_000021_provider_sessions,
            m20261129_000022_used_codes,
            m20261129_000023_provider_logouts,
            m20261129_000024_events,
        ]
    }
}

/// A migration: its name, and the statements for each direction.
struct Step {
    name: &'static str,
    up: fn(DbBackend) -> Vec<Statement>,
    down: fn(DbBackend) -> Vec<Statement>,
}

impl MigrationName for Step {
    fn name(&self) -> &str {
        self.name
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Step {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, self.up).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, self.down).await
    }
}

async fn execute(manager: &SchemaManager<'_>, statements: fn(DbBackend) -> Vec<Statement>) -> Result<(), DbErr> {
    for statement in statements(manager.get_database_backend()) {
        manager.get_connection().execute_raw(statement).await?;
    }
    Ok(())
}
