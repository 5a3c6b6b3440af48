//! `daypass user`: administration of users. Running replicas read ended sessions from the revocation feed.

use clap::Subcommand;

use super::confirm::Confirm;
use super::database;
use super::database::ended_at;
use super::failure::Failure;
use crate::config::Config;
use crate::platform::database::Pool;
use crate::types::email::Email;

pub(super) mod account;
mod create;
mod csv_rows;
mod export;
mod import;
mod json_rows;
mod list;
mod roles;
mod rows;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// List all users
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Create a user and print a random password
    Create(create::Create),
    /// Disable a user and end all their sessions
    Disable {
        /// Username, case-insensitive
        name: String,
    },
    /// Enable a disabled user
    Enable {
        /// Username, case-insensitive
        name: String,
    },
    /// Give roles to a user; running replicas use them within a second
    Grant(roles::RoleArgs),
    /// Take roles away from a user; running replicas stop using them within a second
    Revoke(roles::RoleArgs),
    /// Delete a user with all their data
    Delete {
        /// Username, case-insensitive
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Set and print a random password, and end all sessions of the user
    ResetPassword {
        /// Username, case-insensitive
        name: String,
    },
    /// Print a link with which a user can set another password; it is valid for 30 minutes
    ResetLink {
        /// Username, case-insensitive
        name: String,
    },
    /// Set the verified e-mail address of a user, or remove it; delete all codes that were sent to the user
    SetEmail {
        /// Username, case-insensitive
        name: String,
        /// E-mail address; without it, the address is removed
        #[arg(value_parser = create::email)]
        address: Option<Email>,
    },
    /// Print everything that is stored about a user as JSON
    Export {
        /// Username, case-insensitive
        name: String,
    },
    /// Import users with password hashes from a CSV or JSON file
    Import(import::Import),
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let run = async |db: &Pool| match command {
        Command::List { json } => list::run(db, *json).await,
        Command::Create(create) => create::run(db, create, config).await,
        Command::Disable { name } => account::disable(db, name, ended_at(config)).await,
        Command::Enable { name } => account::enable(db, name).await,
        Command::Grant(arguments) => roles::grant(db, arguments, ended_at(config)).await,
        Command::Revoke(arguments) => roles::revoke(db, arguments, ended_at(config)).await,
        Command::Delete { name, confirm } => account::delete(db, name, confirm, ended_at(config)).await,
        Command::ResetPassword { name } => account::reset_password(db, name, config).await,
        Command::ResetLink { name } => account::reset_link(db, name, config).await,
        Command::SetEmail { name, address } => account::set_email(db, name, address.as_ref()).await,
        Command::Export { name } => export::run(db, name).await,
        Command::Import(import) => import::run(db, import, config.passwords.imported_hash_cost).await,
    };
    database::with(config, run).await
}
