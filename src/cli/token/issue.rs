//! `daypass token issue`: begins a session for a user, without their password.

use chrono::TimeDelta;
use clap::Args;
use secrecy::ExposeSecret as _;

use crate::app;
use crate::cli::confirm::Confirm;
use crate::cli::database;
use crate::cli::failure::Failure;
use crate::cli::output::{iso_8601, stderr_line, stdout_line};
use crate::cli::secret::keys;
use crate::cli::user::account::lock_enabled;
use crate::config::{Config, Environment, duration};
use crate::platform::clock::Clock;
use crate::platform::database::Pool;

#[derive(Args, Debug)]
pub(in crate::cli) struct Issue {
    /// Username, case-insensitive
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Lifetime of the token and of its session, from 1s to 400d [default: JWT_TTL and SESSION_MAX]
    #[arg(long, value_name = "DURATION", value_parser = duration("1s", "400d"))]
    ttl: Option<TimeDelta>,
    #[command(flatten)]
    confirm: Confirm,
}

pub(super) async fn run(issue: &Issue, config: &Config) -> Result<(), Failure> {
    database::with(config, async |db| begin(db, issue, config).await).await
}

/// Prints only the token to standard output.
async fn begin(db: &Pool, Issue { user, ttl, confirm }: &Issue, config: &Config) -> Result<(), Failure> {
    if config.daypass_env == Environment::Production {
        confirm.ask(&format!("Begin a session of {user:?} without their password?"))?;
    }
    let mut config = config.clone();
    if let Some(ttl) = *ttl {
        (config.tokens.jwt_ttl, config.sessions.session_max) = (ttl, Some(ttl));
        config.sessions.session_rolling.0 = None;
    }
    let tokens = app::tokens(&config, keys(&config)?.0);
    let locked = lock_enabled(db, user).await?;
    let max = config.tokens.max_sessions;
    let (transaction, issued) = locked.begin_session(&tokens, max, Clock::System.now()).await?;
    // Print before the commit: without the token, the session would be useless.
    stdout_line(issued.token.expose_secret())?;
    transaction.commit().await?;
    stderr_line(&format!("session {} ends at {}", issued.session.id, iso_8601(issued.session.ends_at)));
    Ok(())
}
