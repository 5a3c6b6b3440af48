//! Extractors: the arguments of handlers. If an extractor fails, the request is rejected with an
//! [`Error`](crate::error::Error).

mod authenticate;
mod client_info;
mod credentials;
mod data_client;
mod fields;
mod form;
mod if_match;
mod json;
mod page;
mod path;
mod query;
mod required_roles;
mod session;

pub use authenticate::{Authenticated, Authentication, Policy, authenticate};
pub use client_info::{Peer, address};
pub use credentials::{CredentialNames, sign_in, sign_up};
pub use fields::Fields;
pub use form::Form;
pub use if_match::{IfMatch, IfNoneMatch, etag};
pub use json::{AnyJson, FromBody, Json, is_json};
pub use page::{EventsQuery, ListQuery};
pub use path::{Id, PathParam};
pub use query::{FromQuery, Query};
pub use required_roles::RequiredRoles;
pub use session::SignedOut;
