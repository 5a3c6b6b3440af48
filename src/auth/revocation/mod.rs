//! Sessions that ended before their tokens expired, and users whose roles changed after tokens were issued.

mod ended;
pub mod reason;
mod revocations;
mod roles_changed;
mod shards;

pub use ended::{Ended, Ending, UserEnded};
pub use revocations::{MAX_AGE, Revocations, Status};
pub use roles_changed::{RoleStatus, RolesChanged};
