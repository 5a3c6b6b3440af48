//! The command line: `.env`, the verb, and one line for whatever goes wrong.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use migration::{Migrator, MigratorTrait as _};
use sea_orm::DatabaseConnection;

use crate::config::Config;
use crate::database::{self, DatabaseError};

mod batch;
mod consent;
mod failure;
mod import;
mod migrate;
mod newcomer;
mod secret;
mod seed;
mod serve;
mod user;

pub use failure::Failure;

/// A small self-hosted auth service: sign up or sign in, and hold a JWT for a day.
#[derive(Parser, Debug)]
#[command(name = "daypass", version, about, max_term_width = 100, arg_required_else_help = false)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print it")]
    pub config: Config,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Serve the API and its page (the default)
    Serve,
    /// Bring the database's tables up to date, or back
    #[command(subcommand)]
    Migrate(migrate::Verb),
    /// Fill the tables with rows to begin with, once, and take them back
    #[command(subcommand)]
    Seed(seed::Verb),
    /// Make secrets, and see which are in use
    #[command(subcommand)]
    Secret(secret::Verb),
    /// List users, keep them out, delete them, bring them from elsewhere
    #[command(subcommand)]
    User(user::Verb),
    /// Bring the whole database of a Node server course: users, with their passwords, and what is theirs
    #[command(subcommand)]
    Import(import::Verb),
}

/// Runs the command line of the process. Settings come from flags, then the environment, then `.env`.
#[must_use]
pub fn main() -> ExitCode {
    match read_env_file().and_then(|()| parse()).and_then(|cli| start(&cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Reads `.env` of this folder. A line that cannot be read is not repeated: it may hold a secret.
fn read_env_file() -> Result<(), Failure> {
    match dotenvy::from_path(".env") {
        Err(dotenvy::Error::LineParse(..)) => {
            Err(Failure::usage(".env has a line that cannot be read; put values with blanks in quotes".to_owned()))
        }
        Err(error) if !error.not_found() => Err(Failure::usage(format!(".env: {error}"))),
        _ => Ok(()),
    }
}

/// Reads the command line. A setting that is empty counts as not set, so that `NAME=` in `.env` is the default.
fn parse() -> Result<Cli, Failure> {
    let command = Cli::command().mut_args(|argument| {
        let empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if empty { argument.env(None::<&str>) } else { argument }
    });
    let matches = command.try_get_matches().map_err(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        let text = error.render().to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Failure::usage(format!("{line} (see daypass --help)"))
    })?;
    Cli::from_arg_matches(&matches).map_err(|error| Failure::usage(error.to_string()))
}

fn start(cli: &Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(|error| format!("cannot start: {error}"))?;
    runtime.block_on(run(cli))
}

async fn run(cli: &Cli) -> Result<(), Failure> {
    crate::telemetry::start(&cli.config.log, cli.config.daypass_env).map_err(Failure::usage)?;
    match &cli.verb {
        None | Some(Verb::Serve) => serve::run(cli.config.clone()).await,
        Some(Verb::Migrate(verb)) => migrate::run(verb, &cli.config).await,
        Some(Verb::Seed(verb)) => seed::run(verb, &cli.config).await,
        Some(Verb::Secret(verb)) => secret::run(verb, &cli.config).await,
        Some(Verb::User(verb)) => user::run(verb, &cli.config).await,
        Some(Verb::Import(verb)) => import::run(verb, &cli.config).await,
    }
}

/// The database, if it has the tables of this release: bringing them up to date is for `serve` and `migrate`.
async fn open_database(config: &Config) -> Result<DatabaseConnection, Failure> {
    let url = &config.database.database_url;
    let db = database::connect(url).await?;
    let pending = Migrator::get_pending_migrations(&db).await.map_err(DatabaseError::Migrate)?;
    if pending.is_empty() {
        return Ok(db);
    }
    Err(Failure::from(format!("the tables of {url} are not up to date. Type: daypass migrate up")))
}

/// Prints what was asked for.
fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let said = writeln!(out, "{line}").and_then(|()| out.flush());
    said.map_err(|error| Failure::from(format!("cannot write to standard output: {error}")))
}
