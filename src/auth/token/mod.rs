//! Session tokens and device tokens: the signing keys, and how tokens are issued and verified.

mod authentication;
pub mod check;
mod claims;
pub mod device;
pub mod explanation;
mod issue;
mod jws;
pub mod keys;
pub mod refusal;
mod sealed;
mod session;
pub mod session_id;
mod tokens;
mod verified;
mod verify;

pub use authentication::{Authentication, AuthenticationTime, Method, ProviderSignIn};
pub use issue::Issued;
pub use sealed::SealedFor;
pub use session::{AnySession, Session, SessionUser, Subject};
pub use tokens::{CLOCK_TOLERANCE, Lifetimes, Tokens};
