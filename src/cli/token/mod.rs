//! `daypass token`: explains and issues session tokens.

use clap::Subcommand;

use super::failure::Failure;
use crate::config::Config;

mod explain;
mod issue;

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Explain why a token is accepted or rejected, without the database; the exit status is 0 or 1
    Explain(explain::Explain),
    /// Begin a session for a user and print its token
    Issue(issue::Issue),
}

impl Command {
    /// Returns whether the command needs the secrets of the service.
    pub(super) fn needs_secrets(&self) -> bool {
        match self {
            Self::Explain(explain) => !explain.has_keys(),
            Self::Issue(_) => true,
        }
    }
}

pub(super) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    match command {
        Command::Explain(explain) => explain::run(explain, config),
        Command::Issue(issue) => issue::run(issue, config).await,
    }
}
