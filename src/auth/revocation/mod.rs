//! Sessions that ended before their tokens expired.

mod ended;
pub mod reason;
mod revocations;
mod shards;

pub use ended::{Ended, Ending, UserEnded};
pub use revocations::{MAX_AGE, Revocations, Status};
