//! What goes over the wire: the only types that are serialised to a client.
//!
//! Entities never are; a column that is added is not sent until a view says so.

pub(crate) mod credentials;
mod item;
mod keys;
pub mod problem;
mod rate_limit;
mod session;
mod user;
mod variable;
mod workout_log;

pub use credentials::{Credentials, CurrentSession};
pub use item::{Item, ItemPage};
pub use keys::{KeySet, Revocation, RevocationList};
pub use problem::{Problem, RepeatDetail};
pub use rate_limit::{Limited, POLICY_HEADER, RATE_LIMIT_HEADER, RateLimit};
pub use session::{EndedSessions, Session, SessionList};
pub use user::User;
pub use variable::{Variable, VariableList};
pub use workout_log::{WorkoutLog, WorkoutLogPage};

use chrono::{DateTime, SecondsFormat, Utc};

/// `2026-11-20T12:00:00.000Z`: what every client of the course's server has seen.
pub(crate) fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
