//! The command line: `.env`, the verb, and one line for whatever goes wrong.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

mod failure;
mod migrate;
mod secret;
mod serve;

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
    /// Make secrets
    #[command(subcommand)]
    Secret(secret::Verb),
}

/// Runs the command line of the process. Settings come from flags, then the environment, then `.env`.
#[must_use]
pub fn main() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return Failure::usage(format!(".env: {error}")).report();
    }
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::from(format!("cannot start: {error}")).report(),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    crate::telemetry::start(&cli.config.log, cli.config.daypass_env).map_err(Failure::usage)?;
    match cli.verb {
        None | Some(Verb::Serve) => serve::run(cli.config).await,
        Some(Verb::Migrate(verb)) => migrate::run(verb, &cli.config).await,
        Some(Verb::Secret(verb)) => {
            secret::run(&verb);
            Ok(())
        }
    }
}
