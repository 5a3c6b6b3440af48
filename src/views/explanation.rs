//! The explanation of a token.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::auth::token::explanation;
use crate::auth::token::refusal::Refusal;

/// Why a token is accepted or rejected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether the service accepts the token.
    #[schema(example = false)]
    pub accepted: bool,
    /// The code of the problem document that a request with this token gets.
    #[schema(example = "expired")]
    pub code: Option<&'static str>,
    /// The result in a sentence.
    #[schema(example = "The token expired at 2026-11-20T12:00:00Z. Sign in again.")]
    pub detail: String,
    /// The decoded header.
    #[schema(value_type = Option<Object>)]
    pub header: Option<Value>,
    /// The decoded claims.
    #[schema(value_type = Option<Object>)]
    pub claims: Option<Value>,
    /// Whether the signature is valid. Otherwise anybody can have written the header and the claims.
    #[schema(example = true)]
    pub claims_trusted: bool,
    /// Every check, in the order in which the service does them.
    pub checks: Vec<CheckResult>,
}

/// The result of a check.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckResult {
    #[schema(example = "exp")]
    pub check: &'static str,
    /// `passed`, `failed`, or `not_reached` if an earlier check failed.
    #[schema(example = "failed")]
    pub outcome: &'static str,
    /// What was found.
    #[schema(example = "The token expired 12s ago, at 2026-11-20T12:00:00Z. The leeway is 0s.")]
    pub detail: String,
    /// The section of the standard.
    #[schema(example = "RFC 7519 §4.1.4")]
    pub reference: &'static str,
    /// What to do.
    #[schema(example = "Sign in again.")]
    pub repair: Option<String>,
}

impl From<explanation::Explanation> for Explanation {
    fn from(explained: explanation::Explanation) -> Self {
        Self {
            accepted: explained.refusal.is_none(),
            code: explained.refusal.as_ref().map(Refusal::code),
            detail: explained.summary(),
            header: explained.header,
            claims: explained.claims,
            claims_trusted: explained.has_valid_signature,
            checks: explained.checks.into_iter().map(CheckResult::from).collect(),
        }
    }
}

impl From<explanation::CheckResult> for CheckResult {
    fn from(result: explanation::CheckResult) -> Self {
        Self {
            check: result.check.name(),
            outcome: result.outcome.name(),
            detail: result.detail,
            reference: result.check.reference(),
            repair: result.repair,
        }
    }
}
