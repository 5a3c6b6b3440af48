//! `daypass classroom`: commands for a course.

use clap::Subcommand;

use super::confirm::Confirm;
use super::database;
use super::failure::Failure;
use super::output::stdout_line;
use crate::config::Config;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::seeds;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Prepare the next lesson: delete all users and their data, end all sessions, and rerun the seeds that were run
    /// before
    Reset {
        #[command(flatten)]
        confirm: Confirm,
    },
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let Command::Reset { confirm } = command;
    if !config.classroom.is_enabled(config.daypass_env) {
        let advice = "CLASSROOM is off, so this may not be the database of a classroom; nothing was changed";
        return Err(Failure::usage(advice.to_owned()));
    }
    let url = &config.database.database_url;
    confirm.ask(&format!("Delete all users of {url} with their data, and the rows of the course?"))?;
    let reset = async |db: &Pool| Ok(seeds::reset(db, config, Clock::System.now()).await?);
    let reset = database::with(config, reset).await?;
    stdout_line(&format!("deleted {} users and ended all sessions", reset.deleted_users))?;
    for name in reset.seeds {
        stdout_line(&format!("ran {name}"))?;
    }
    Ok(())
}
