//! The tables of Daypass: one file each, up and down.
//!
//! Migrations never import the application, so that an old one means the same for ever. Times are
//! milliseconds since 1970 in UTC (`BIGINT`): exact, ordered and alike on all three databases. Text
//! is compared byte by byte, again on all three.

pub use sea_orm_migration::migrator::MigrationStatus;
pub use sea_orm_migration::prelude::*;

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
mod tables;

/// Runs the migrations in their order.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_users::Migration),
            Box::new(m20261120_000002_sessions::Migration),
            Box::new(m20261120_000003_items::Migration),
            Box::new(m20261120_000004_revocations::Migration),
            Box::new(m20261121_000005_lookalikes::Migration),
            Box::new(m20261121_000006_disabled_users::Migration),
            Box::new(m20261121_000007_workout_logs::Migration),
            Box::new(m20261121_000008_tests::Migration),
            Box::new(m20261121_000009_tests_first_name::Migration),
            Box::new(m20261121_000010_seeds::Migration),
            Box::new(m20261121_000011_session_variables::Migration),
        ]
    }
}
