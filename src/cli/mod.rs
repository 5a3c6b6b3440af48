//! The command line. Flags override the environment, and the environment overrides `.env`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, EnvFile};
use crate::platform::private_file;
use crate::platform::telemetry;

mod batch;
mod classroom;
mod confirm;
mod database;
mod failure;
mod import;
mod migrate;
mod new_user;
mod output;
mod secret;
mod seed;
mod serve;
mod sessions;
mod settings;
mod user;

pub use failure::Failure;

/// Self-hosted auth service: stateless JWT sessions that can be revoked
#[derive(Parser, Debug)]
#[command(name = "daypass", version, about, max_term_width = 100, arg_required_else_help = false)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub config: Config,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the API and the test client (default)
    Serve,
    /// Apply or revert database migrations
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Insert sample data, or delete it
    #[command(subcommand)]
    Seed(seed::Command),
    /// Generate a signing secret, or list the keys in use
    #[command(subcommand)]
    Secret(secret::Command),
    /// End the sessions of all users
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// List, disable, delete or import users
    #[command(subcommand)]
    User(user::Command),
    /// Prepare the database of a classroom
    #[command(subcommand)]
    Classroom(classroom::Command),
    /// Import the database of a Node server course
    #[command(subcommand)]
    Import(import::Command),
}

#[must_use]
pub fn main() -> ExitCode {
    private_file::restrict_new_files();
    match settings::read().and_then(|(cli, file)| start(&cli, &file)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn start(cli: &Cli, file: &EnvFile) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("cannot start: {error}"))?;
    let result = runtime.block_on(run(cli, file));
    // The process must not wait for pending network requests.
    runtime.shutdown_background();
    result
}

async fn run(cli: &Cli, file: &EnvFile) -> Result<(), Failure> {
    let log = &cli.config.log;
    let _log = telemetry::start(&log.filter, log.format(cli.config.daypass_env)).map_err(Failure::usage)?;
    match &cli.command {
        None | Some(Command::Serve) => {
            settings::warn_of_ineffective(&cli.config, file);
            serve::run(cli.config.clone(), file.clone()).await
        }
        Some(Command::Migrate(command)) => migrate::run(command, &cli.config).await,
        Some(Command::Seed(command)) => seed::run(command, &cli.config).await,
        Some(Command::Secret(command)) => secret::run(command, &cli.config).await,
        Some(Command::Sessions(command)) => sessions::run(command, &cli.config).await,
        Some(Command::User(command)) => user::run(command, &cli.config).await,
        Some(Command::Classroom(command)) => classroom::run(command, &cli.config).await,
        Some(Command::Import(command)) => import::run(command, &cli.config).await,
    }
}
