//! Rate limits for sign-up, sign-in, password checks, new sessions, and anonymous sessions and their data.

mod attempt;
mod buckets;
pub mod client_network;
mod limits;
mod quota;
mod sign_in;

pub use attempt::{Attempt, KnownBy, Outcome, ReservedBytes};
pub use limits::{Limits, MAX_FAILURES_IN_A_ROW, NotAdmitted};
pub use quota::{Allowance, Quota, Quotas};
pub use sign_in::SignInClient;
