//! Session tokens and device tokens: the signing keys, and how tokens are issued and verified.

mod claims;
pub mod device;
mod issue;
mod jws;
pub mod keys;
pub mod refusal;
mod session;
pub mod session_id;
mod tokens;
mod verified;
mod verify;

pub use issue::Issued;
pub use session::{AnySession, Session, SessionUser, Subject};
pub use tokens::{CLOCK_TOLERANCE, Lifetimes, Tokens};
