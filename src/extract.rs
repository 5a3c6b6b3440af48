//! What handlers take as arguments, each refusing in the service's own words.

mod caller;
mod fields;
mod if_match;
mod json;
mod page;
mod path;
mod query;
mod session;
mod visitor;

pub use caller::{Caller, DEVICE_HEADER, Peer, address};
pub use fields::Fields;
pub use if_match::{IfMatch, IfNoneMatch, etag};
pub use json::{AnyJson, FromBody, Json, MAX_BODY_BYTES, is_json};
pub use page::page_request;
pub use path::{Id, Word};
pub use query::{FromQuery, Query};
pub use session::Presented;
pub use visitor::{Visitor, carrier};
