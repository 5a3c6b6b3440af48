//! `daypass migrate`: applies and reverts migrations. Commands that destroy data ask for confirmation.

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};

use super::confirm::Confirm;
use super::database::open_existing;
use super::failure::Failure;
use super::output::stdout_line;
use crate::config::Config;
use crate::platform::database;
use crate::platform::database::{DatabaseError, Pool};

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Apply pending migrations
    Up,
    /// Revert the latest migrations and delete the data of their tables
    Down {
        /// Number of migrations to revert
        #[arg(default_value_t = 1)]
        steps: u32,
        /// Revert all migrations after this one: name, start of the name, or number
        #[arg(long, value_name = "NAME", conflicts_with = "steps")]
        to: Option<String>,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// List migrations and their status
    Status,
    /// Drop the tables of Daypass with their data and apply every migration
    Fresh {
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let url = &config.database.database_url;
    let db = match command {
        Command::Up => database::connect(url).await?,
        _ => open_existing(config).await?,
    };
    let result = run_on(&db, command, config).await;
    // Without this, SQLite's write-ahead log would stay, and belong to the user who ran the command.
    db.close_in_time().await;
    result
}

async fn run_on(db: &Pool, command: &Command, config: &Config) -> Result<(), Failure> {
    let url = &config.database.database_url;
    let result = match command {
        Command::Up => database::migrate(db).await,
        Command::Down { to: Some(name), confirm, .. } => {
            let name = find(name)?;
            confirm
                .ask(&format!("Revert every migration of {url} after {name} and delete the data of their tables?"))?;
            Migrator::down(&**db, Some(applied_after(db, &name).await?)).await
        }
        Command::Down { steps, confirm, .. } => {
            confirm.ask(&format!("Revert {steps} migration(s) of {url} and delete the data of their tables?"))?;
            Migrator::down(&**db, Some(*steps)).await
        }
        Command::Fresh { confirm } => {
            confirm.ask(&format!("Delete all data of {url}?"))?;
            database::recreate(db).await
        }
        Command::Status => Ok(()),
    };
    result.map_err(DatabaseError::Migrate)?;
    print_status(db).await
}

/// Finds a migration by its name, a unique prefix of the name, or its number.
fn find(text: &str) -> Result<String, Failure> {
    let all = Migrator::migrations();
    let number: Option<u32> = text.parse().ok();
    let matches = |name: &&str| name.starts_with(text) || number.is_some() && number == number_of(name);
    let mut found = all.iter().map(|migration| migration.name()).filter(matches);
    match (found.next(), found.next()) {
        (Some(name), None) => Ok(name.to_owned()),
        (Some(_), Some(_)) => Err(Failure::usage(format!("--to {text:?} matches several migrations"))),
        (None, _) => Err(Failure::usage(format!("migration {text:?} not found (see daypass migrate status)"))),
    }
}

/// Returns the number in the name of a migration, such as 7 in `m20261121_000007_workout_logs`.
fn number_of(name: &str) -> Option<u32> {
    name.split('_').nth(1)?.parse().ok()
}

/// Returns the number of migrations applied after `name`. Fails if `name` is not applied.
async fn applied_after(db: &Pool, name: &str) -> Result<u32, Failure> {
    let applied = Migrator::get_applied_migrations(&**db).await.map_err(DatabaseError::Migrate)?;
    let after = applied.iter().rev().position(|migration| migration.name() == name);
    let after = after.ok_or_else(|| Failure::from(format!("{name} is not applied; nothing was changed")))?;
    u32::try_from(after).map_err(|error| Failure::from(error.to_string()))
}

async fn print_status(db: &Pool) -> Result<(), Failure> {
    let all = Migrator::get_migration_with_status(&**db).await.map_err(DatabaseError::Migrate)?;
    for migration in all {
        let status = match migration.status() {
            MigrationStatus::Applied => "applied",
            MigrationStatus::Pending => "pending",
        };
        stdout_line(&format!("{status}  {}", migration.name()))?;
    }
    Ok(())
}
