//! `daypass migrate`: the tables, up and down. What destroys data asks first.

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;

use super::Failure;
use super::consent::Consent;
use crate::config::Config;
use crate::database::{self, DatabaseError};

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// Apply what is pending
    Up,
    /// Take back the latest migrations, with the data of their tables
    Down {
        /// How many
        #[arg(default_value_t = 1)]
        steps: u32,
        #[command(flatten)]
        consent: Consent,
    },
    /// List the migrations and whether they are applied
    Status,
    /// Drop all tables, with all data, and apply every migration
    Fresh {
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    let url = &config.database.database_url;
    match verb {
        Verb::Down { steps, consent } => {
            consent.obtain(&format!("Take back {steps} migration(s) of {url}, with their data?"))?;
        }
        Verb::Fresh { consent } => consent.obtain(&format!("Drop all data of {url}?"))?,
        Verb::Up | Verb::Status => {}
    }
    let db = database::connect(url).await?;
    let done = match verb {
        Verb::Up => database::migrate(&db).await,
        Verb::Down { steps, .. } => Migrator::down(&db, Some(*steps)).await,
        Verb::Fresh { .. } => Migrator::fresh(&db).await,
        Verb::Status => Ok(()),
    };
    done.map_err(DatabaseError::Migrate)?;
    print_status(&db).await
}

#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
async fn print_status(db: &DatabaseConnection) -> Result<(), Failure> {
    let all = Migrator::get_migration_with_status(db).await.map_err(DatabaseError::Migrate)?;
    for migration in all {
        let status = match migration.status() {
            MigrationStatus::Applied => "applied",
            MigrationStatus::Pending => "pending",
        };
        println!("{status}  {}", migration.name());
    }
    Ok(())
}
