//! `daypass user`: what an operator may do about users. Running replicas hear of ended sessions as they hear
//! of each other's: through the table of revocations.

use clap::Subcommand;

use super::consent::Consent;
use super::{Failure, say};
use crate::config::Config;

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
    let db = super::open_database(config).await?;
    match verb {
        Verb::List { json } => list::run(&db, *json).await,
        Verb::Disable { name } => account::disable(&db, name).await,
        Verb::Enable { name } => account::enable(&db, name).await,
        Verb::Delete { name, consent } => account::delete(&db, name, consent).await,
        Verb::ResetPassword { name } => account::reset_password(&db, name, config).await,
        Verb::Import(import) => import::run(&db, import).await,
    }
}
