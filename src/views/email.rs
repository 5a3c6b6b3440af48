//! Responses about e-mail addresses and password resets.

use serde::Serialize;
use utoipa::ToSchema;

use crate::types::email::Email;

/// A verified e-mail address.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifiedEmail {
    #[schema(example = "ada@example.com")]
    pub email: String,
}

impl From<&Email> for VerifiedEmail {
    fn from(email: &Email) -> Self {
        Self { email: email.as_str().to_owned() }
    }
}

/// The response to each request for a password reset.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResetRequested {
    /// The same text whether or not the account exists.
    #[schema(example = "If the account has a verified e-mail address, a message will be sent to it.")]
    pub message: &'static str,
}

impl Default for ResetRequested {
    fn default() -> Self {
        Self { message: "If the account has a verified e-mail address, a message will be sent to it." }
    }
}
