//! `daypass user`: what an operator may do about users. Running replicas hear of ended sessions as they hear
//! of each other's: through the table of revocations.

use clap::Subcommand;
use migration::{Migrator, MigratorTrait as _};
use sea_orm::DatabaseConnection;

use super::Failure;
use super::consent::Consent;
use crate::config::Config;
use crate::database::{self, DatabaseError};

mod account;
mod import;
mod list;
mod rows;

#[derive(Subcommand, Debug)]
pub(super) enum Verb {
    /// List all users
    List {
        /// As one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// End a user's sessions, and let them begin no more
    Disable {
        /// The username, in any case
        name: String,
    },
    /// Let a disabled user sign in again
    Enable {
        /// The username, in any case
        name: String,
    },
    /// Delete a user, with all that is theirs
    Delete {
        /// The username, in any case
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Give a user a new random password, and end their sessions
    ResetPassword {
        /// The username, in any case
        name: String,
    },
    /// Bring the users of another service, with the hashes of their passwords
    Import(import::Import),
}

pub(super) async fn run(verb: &Verb, config: &Config) -> Result<(), Failure> {
    let db = open(config).await?;
    match verb {
        Verb::List { json } => list::run(&db, *json).await,
        Verb::Disable { name } => account::disable(&db, name).await,
        Verb::Enable { name } => account::enable(&db, name).await,
        Verb::Delete { name, consent } => account::delete(&db, name, consent).await,
        Verb::ResetPassword { name } => account::reset_password(&db, name, config).await,
        Verb::Import(import) => import::run(&db, import).await,
    }
}

/// The database, if it has the tables of this release: bringing them up to date is for `serve` and `migrate`.
async fn open(config: &Config) -> Result<DatabaseConnection, Failure> {
    let url = &config.database.database_url;
    let db = database::connect(url).await?;
    let pending = Migrator::get_pending_migrations(&db).await.map_err(DatabaseError::Migrate)?;
    if pending.is_empty() {
        return Ok(db);
    }
    Err(Failure::from(format!("the tables of {url} are not up to date. Type: daypass migrate up")))
}

#[expect(clippy::print_stdout, reason = "it is what was asked for")]
fn say(line: &str) {
    println!("{line}");
}
