//! What handlers take as arguments, each refusing in the service's own words.

mod fields;
mod if_match;
mod json;
mod path;
mod query;
mod session;
mod user_agent;

pub use fields::Fields;
pub use if_match::{IfMatch, IfNoneMatch, etag};
pub use json::{FromBody, Json, MAX_BODY_BYTES};
pub use path::{Id, Word};
pub use query::{FromQuery, Query};
pub use user_agent::UserAgent;
