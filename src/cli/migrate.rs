//! `daypass migrate`: the tables, up and down. What destroys data asks first.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use clap::{Args, Subcommand};
use migration::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::DatabaseConnection;

use super::Failure;
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

#[derive(Args, Debug)]
pub(super) struct Consent {
    /// Do not ask
    #[arg(long)]
    yes: bool,
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

impl Consent {
    /// Asks at a terminal; elsewhere only `--yes` will do.
    #[expect(clippy::print_stdout, reason = "a question to the person at the terminal")]
    fn obtain(&self, question: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!("{question} Say --yes.")));
        }
        print!("{question} Type yes: ");
        let mut answer = String::new();
        let asked = io::stdout().flush().and_then(|()| io::stdin().lock().read_line(&mut answer));
        match asked {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::from("nothing was changed".to_owned())),
        }
    }
}
