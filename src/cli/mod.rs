//! The command line. Flags override the environment, and the environment overrides `.env`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::platform::private_file;
use crate::platform::telemetry;

mod audit;
mod backup;
mod batch;
mod classroom;
mod config;
mod confirm;
mod database;
mod doctor;
mod failure;
mod healthcheck;
mod import;
mod ineffective_settings;
mod invite;
mod lesson;
mod links;
mod migrate;
mod new_user;
mod notice;
mod output;
mod secret;
mod seed;
mod serve;
mod sessions;
mod settings;
mod token;
mod user;

pub use failure::Failure;

use settings::Settings;

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
    /// Check whether the running service is ready; the exit status is 0 or 1
    Healthcheck,
    /// Print the settings in force and where each one is set; secrets are hidden
    Config,
    /// Check the settings and what the service needs, and print how to repair it; the exit status is 0 or 1
    Doctor(doctor::Doctor),
    /// Copy the SQLite database into a new file, also while the service writes
    Backup(backup::Backup),
    /// Replace the SQLite database with a copy and end all sessions; the service must be stopped
    Restore(backup::Restore),
    /// Apply or revert database migrations
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Insert sample data, or delete it
    #[command(subcommand)]
    Seed(seed::Command),
    /// Generate a signing secret, or list the keys in use
    #[command(subcommand)]
    Secret(secret::Command),
    /// Explain or issue session tokens
    #[command(subcommand)]
    Token(token::Command),
    /// End the sessions of all users
    #[command(subcommand)]
    Sessions(sessions::Command),
    /// Create, list or revoke invitations to sign up
    #[command(subcommand)]
    Invite(invite::Command),
    /// List, create, disable, delete, import or export users, or change their roles or passwords
    #[command(subcommand)]
    User(user::Command),
    /// Print audit events
    #[command(subcommand)]
    Audit(audit::Command),
    /// Start the service for a lesson
    #[command(subcommand)]
    Lesson(lesson::Command),
    /// Prepare the database of a classroom
    #[command(subcommand)]
    Classroom(classroom::Command),
    /// Import the database of a Node server course
    #[command(subcommand)]
    Import(import::Command),
}

impl Cli {
    /// Returns whether the command needs the secret in this setting.
    fn needs(&self, setting: &str) -> bool {
        match &self.command {
            // `doctor` reports secrets that cannot be read.
            Some(Command::Secret(secret::Command::Generate) | Command::Healthcheck | Command::Doctor(_)) => false,
            Some(Command::Token(command)) => command.needs_secrets(),
            None | Some(Command::Serve | Command::Config | Command::Lesson(_) | Command::Secret(_)) => true,
            _ => setting == "DATABASE_URL",
        }
    }
}

#[must_use]
pub fn main() -> ExitCode {
    private_file::restrict_new_files();
    let settings = settings::read(|| doctor::requested().is_some()).map_err(doctor::report_failure);
    match settings.and_then(|settings| start(&settings)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn start(settings: &Settings) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("cannot start: {error}"))?;
    let result = runtime.block_on(run(settings));
    // The process must not wait for pending network requests.
    runtime.shutdown_background();
    result
}

async fn run(settings: &Settings) -> Result<(), Failure> {
    let Settings { cli, file, list, .. } = settings;
    let log = &cli.config.log;
    // `doctor` prints what it finds, so the log would only repeat it.
    let filter = if matches!(cli.command, Some(Command::Doctor(_))) { "off" } else { &log.filter };
    let _log = telemetry::start(filter, log.format(cli.config.daypass_env)).map_err(Failure::usage)?;
    match &cli.command {
        None | Some(Command::Serve) => {
            ineffective_settings::warn(&cli.config, file);
            serve::run(cli.config.clone(), file.clone()).await
        }
        Some(Command::Lesson(command)) => lesson::run(command, cli.config.clone(), file.clone()).await,
        Some(Command::Healthcheck) => healthcheck::run(&cli.config).await,
        Some(Command::Config) => config::run(&cli.config, list),
        Some(Command::Doctor(command)) => doctor::run(command, settings).await,
        Some(Command::Backup(command)) => backup::back_up(command, &cli.config).await,
        Some(Command::Restore(command)) => backup::restore(command, &cli.config).await,
        Some(Command::Migrate(command)) => migrate::run(command, &cli.config).await,
        Some(Command::Seed(command)) => seed::run(command, &cli.config).await,
        Some(Command::Secret(command)) => secret::run(command, &cli.config).await,
        Some(Command::Token(command)) => token::run(command, &cli.config).await,
        Some(Command::Sessions(command)) => sessions::run(command, &cli.config).await,
        Some(Command::Invite(command)) => invite::run(command, &cli.config).await,
        Some(Command::User(command)) => user::run(command, &cli.config).await,
        Some(Command::Audit(command)) => audit::run(command, &cli.config).await,
        Some(Command::Classroom(command)) => classroom::run(command, &cli.config).await,
        Some(Command::Import(command)) => import::run(command, &cli.config).await,
    }
}
