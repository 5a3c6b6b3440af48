//! Types for input values. A value is parsed once, when it enters the service, and is valid from then on.

pub mod digest;
pub mod email;
pub mod generation;
pub mod id;
pub mod identity_key;
pub mod item_name;
mod joiners;
pub mod limits;
pub mod provider_name;
pub mod role;
pub mod schema;
pub mod secret_code;
pub mod strict_json;
pub mod text_key;
pub mod username;
pub mod validation_error;
pub mod version;
pub mod workout_text;

pub use id::{CodeId, EventId, IdentityId, InvitationId, ItemId, KeyId, MailId, TestRowId, UserId, WorkoutLogId};
pub use validation_error::{FieldError, ValidationError};
