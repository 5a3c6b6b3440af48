//! Background tasks: the revocation feed, the purge of expired rows, outgoing e-mail, and the events of failed
//! attempts.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::jobs::revocation_feed::Feed;

mod clock_check;
mod event_writer;
mod outgoing_mail;
mod purge;
pub mod revocation_feed;
mod supervise;

pub use clock_check::{ClockCheck, Reading, TOLERANCE as CLOCK_TOLERANCE};
pub use event_writer::EventWriter;
pub use outgoing_mail::OutgoingMail;
pub use purge::Purge;
pub use supervise::supervise;

/// How often the feed reads the table. A session that ended on another replica is rejected here after at most this time
/// plus the time of one query.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// Polls the revocation feed. Never returns.
pub async fn follow(feed: Arc<Feed>) {
    let mut ticks = interval(POLL_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut works = true;
    loop {
        ticks.tick().await;
        let polled = feed.poll().await;
        match &polled {
            Ok(()) if !works => info!("the revocation feed works again"),
            Err(error) if works => {
                warn!(cause = error.cause(), "the revocation feed cannot read the table");
            }
            _ => {}
        }
        works = polled.is_ok();
    }
}
