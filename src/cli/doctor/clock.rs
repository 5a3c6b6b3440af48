//! The clocks of this machine, the database and the replicas.

use axum::http::header::DATE;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::join_all;
use sea_orm::DatabaseConnection;

use super::http::Http;
use super::{Check, Finding};
use crate::config::PublicUrl;
use crate::jobs::CLOCK_TOLERANCE;
use crate::platform::clock::Clock;
use crate::platform::database;

const CHECK: Check = Check("clock");
/// A larger difference is reported. The `Date` header has only seconds.
const NOTICEABLE: TimeDelta = TimeDelta::seconds(2);
const REPAIR: &str = "timedatectl set-ntp true, on both machines";

/// Compares the clock of the database server with the clock of this machine.
pub(super) async fn of_database(db: &DatabaseConnection, clock: &Clock) -> Finding {
    let asked = clock.now();
    match database::now(db).await {
        Ok(None) => CHECK.ok("SQLite uses the clock of this machine"),
        Ok(Some(theirs)) => compare("the database", theirs - midpoint(asked, clock.now())),
        Err(error) => CHECK.error(format!("cannot read the clock of the database: {error}"), "daypass healthcheck"),
    }
}

/// Compares the clock of each replica with the clock of this machine.
pub(super) async fn of_replicas(replicas: &[PublicUrl], http: &Http, clock: &Clock) -> Vec<Finding> {
    join_all(replicas.iter().map(|replica| of_replica(replica, http, clock))).await
}

async fn of_replica(replica: &PublicUrl, http: &Http, clock: &Clock) -> Finding {
    let asked = clock.now();
    let answer = match http.get(&replica.with_path("/health/live")).await {
        Ok(answer) => answer,
        Err(cause) => return CHECK.error(format!("{replica}: {cause}"), format!("curl {replica}health/live")),
    };
    let middle = midpoint(asked, clock.now());
    let date = answer.headers.get(DATE).and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    match date {
        // The header has no fractions of a second, so the time is half a second later on average.
        Some(date) => compare(&replica.to_string(), date.to_utc() + TimeDelta::milliseconds(500) - middle),
        None => CHECK.warning(format!("{replica}: the response has no Date"), format!("curl -i {replica}health/live")),
    }
}

fn midpoint(asked: DateTime<Utc>, answered: DateTime<Utc>) -> DateTime<Utc> {
    asked + (answered - asked) / 2
}

/// Returns the finding for a clock that is `ahead` of the clock of this machine.
fn compare(whose: &str, ahead: TimeDelta) -> Finding {
    let seconds = ahead.abs().num_milliseconds() as f64 / 1000.0;
    let side = if ahead < TimeDelta::zero() { "behind" } else { "ahead of" };
    let found = format!("the clock of {whose} is {seconds:.1} s {side} the clock of this machine");
    if ahead.abs() > CLOCK_TOLERANCE {
        CHECK.error(format!("{found}: replicas reject new tokens, and expired rows are not deleted"), REPAIR)
    } else if ahead.abs() > NOTICEABLE {
        CHECK.warning(found, REPAIR)
    } else {
        CHECK.ok(format!("the clock of {whose} agrees with the clock of this machine"))
    }
}
