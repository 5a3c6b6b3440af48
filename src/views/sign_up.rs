//! The sign-up policy.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::SignUpPolicy;

/// What a client needs to know before it shows a sign-up form.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUpInfo {
    pub policy: Policy,
    /// The minimum number of characters of a password.
    #[schema(example = 8)]
    pub password_min_length: usize,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// Everyone.
    Open,
    /// Clients that send the code of an invitation.
    Invited,
    /// Nobody. The operator creates users.
    Closed,
}

impl From<SignUpPolicy> for Policy {
    fn from(policy: SignUpPolicy) -> Self {
        match policy {
            SignUpPolicy::Open => Self::Open,
            SignUpPolicy::Invited => Self::Invited,
            SignUpPolicy::Closed => Self::Closed,
        }
    }
}
