//! What goes on beside the requests: following the revocations of other replicas, and clearing up.

use std::error::Error as _;
use std::time::Duration;

use metrics::counter;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{info, warn};

use crate::app::App;
use crate::error::Error;
use crate::models::{revocation, session, session_variables};

mod feed;

pub use feed::Feed;

/// How often the table of revocations is looked at: what another replica ended is refused here within
/// this time and that of one query.
const POLL: Duration = Duration::from_millis(250);
/// A look that takes longer has failed; the next one begins afresh.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often what has expired is removed.
const CLEAR: Duration = Duration::from_mins(1);

/// Keeps the set of ended sessions in step with its table, for as long as the process lives.
pub async fn follow(app: App, mut feed: Feed) {
    let mut ticks = interval(POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut following = true;
    loop {
        ticks.tick().await;
        let caught_up = match timeout(PATIENCE, feed.catch_up(&app)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
            Err(_) => Err("the database does not answer".to_owned()),
        };
        match &caught_up {
            Ok(()) if !following => info!("following revocations again"),
            Err(cause) if following => warn!(cause, "cannot follow revocations"),
            _ => {}
        }
        following = caught_up.is_ok();
    }
}

/// Removes, now and then, sessions and revocations whose tokens have expired.
pub async fn clear_up(app: App) {
    let mut ticks = interval(CLEAR);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = clear_up_once(&app).await {
            warn!(%error, "cannot remove what has expired");
        }
    }
}

/// Removes sessions, their variables, and revocations whose tokens have expired, in the tables and in memory, and
/// variables that were written for sessions that had ended.
///
/// # Errors
/// When the database fails.
pub async fn clear_up_once(app: &App) -> Result<(), Error> {
    let before = app.clock.now() - app.config.tokens.jwt_leeway;
    let purged = app.revocations.purge(before);
    counter!("daypass_revocations_purged_total").increment(purged as u64);
    let ended = session_variables::of_ended(&app.db).await?;
    let transaction = app.begin_write().await?;
    session::purge(&*transaction, before).await?;
    session_variables::purge(&*transaction, before).await?;
    session_variables::delete(&*transaction, ended.into_iter()).await?;
    revocation::purge(&*transaction, before).await?;
    transaction.commit().await
}
