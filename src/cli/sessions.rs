//! `daypass sessions`: ends the sessions of all users.

use clap::Subcommand;

use super::confirm::Confirm;
use super::database;
use super::failure::Failure;
use super::output::stdout_line;
use crate::accounts::administration;
use crate::config::Config;
use crate::events::EventKind;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// End all sessions of all users, even if the database does not contain them. Run this command after restoring a
    /// backup
    Reset {
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let Command::Reset { confirm } = command;
    let reset = async |db: &Pool| {
        confirm.ask(&format!("End all sessions of all users of {}?", config.database.database_url))?;
        administration::end_all_sessions(db, EventKind::SessionsReset, Clock::System.now()).await?;
        stdout_line("all sessions ended; running replicas reject their tokens within a second")
    };
    database::with(config, reset).await
}
