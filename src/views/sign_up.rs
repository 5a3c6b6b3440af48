//! The sign-up policy.

use serde::Serialize;
use utoipa::ToSchema;

use super::ProviderInfo;
use crate::config::SignUpPolicy;

/// What a client needs to know before it shows a sign-up form.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpInfo {
    pub policy: SignUpPolicy,
    /// The minimum number of characters of a password.
    #[schema(example = 8)]
    pub password_min_length: usize,
    /// Whether the service sends e-mail. Otherwise `email` at sign-up and password resets by e-mail are rejected.
    #[schema(example = true)]
    pub sends_email: bool,
    /// The providers at which people can sign in or sign up.
    pub providers: Vec<ProviderInfo>,
}
