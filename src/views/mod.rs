//! Response types. Database entities are never serialised, so a new column is not sent until a view has a field for it.

pub(crate) mod credentials;
mod email;
mod event;
mod explanation;
mod export;
mod health;
mod identity;
mod item;
mod keys;
pub mod markdown;
pub mod problem;
mod problem_page;
mod rate_limit;
mod session;
mod sign_up;
mod user;
mod variable;
mod workout_log;

pub use credentials::{Credentials, CurrentSession};
pub use email::{ResetRequested, VerifiedEmail};
pub use event::{Event, EventPage};
pub use explanation::Explanation;
pub use export::export;
pub use health::Health;
pub use identity::{Identity, IdentityList, ProviderInfo, ProviderSignOut, StartUrl};
pub use item::{Item, ItemPage};
pub use keys::{KeySet, Revocation, RevocationList};
pub use problem::{Problem, RepeatDetail};
pub use problem_page::problem_page;
pub use rate_limit::RateLimit;
pub use session::{EndedSessions, Session, SessionList};
pub use sign_up::SignUpInfo;
pub use user::User;
pub use variable::{Variable, VariableList};
pub use workout_log::{WorkoutLog, WorkoutLogPage};

use chrono::{DateTime, SecondsFormat, Utc};

/// Formats a time as `2026-11-20T12:00:00.000Z`, as the course's server does.
pub(crate) fn moment(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}
