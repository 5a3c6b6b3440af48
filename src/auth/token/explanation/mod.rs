//! Explains whether a token is accepted: the result of each check, in sentences.
//!
//! [`Tokens::explain`] does the checks with the same code as every request. [`foreign`] explains tokens of other
//! services.

use chrono::{DateTime, SubsecRound as _, Utc};
use serde_json::Value;

use super::check::Check;
use super::refusal::Refusal;
use super::session::AnySession;
use super::tokens::Tokens;
use crate::types::role::Roles;

pub mod foreign;
mod problem;
mod sentences;
mod unverified;

use problem::Problem;
use sentences::Sentences;
use unverified::Unverified;

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed,
    /// An earlier check failed, or the check needs something that is not at hand.
    NotReached,
}

impl Outcome {
    /// Returns the name of the outcome, for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not_reached",
        }
    }
}

/// A check of the token, with its result.
#[derive(Clone, Debug)]
pub struct CheckResult {
    pub check: Check,
    pub outcome: Outcome,
    /// What was found.
    pub detail: String,
    /// What to do, if there is something to do.
    pub repair: Option<String>,
}

/// Why a token is accepted or rejected.
#[derive(Debug)]
pub struct Explanation {
    pub checks: Vec<CheckResult>,
    /// Why the service rejects the token. `None` if it accepts it.
    pub refusal: Option<Refusal>,
    /// The JSON of the header and of the claims. Anybody can write them, unless `has_valid_signature`.
    pub header: Option<Value>,
    pub claims: Option<Value>,
    pub has_valid_signature: bool,
}

impl Tokens {
    /// Explains a session token. Does every check that needs only the token and the keys. If they pass, also returns the
    /// session, and the caller then reports the result of the other checks.
    #[must_use]
    pub fn explain(&self, token: &str, now: DateTime<Utc>) -> (Explanation, Option<AnySession>) {
        let mut passed = Vec::new();
        let result = self.verify_each(token, now, &mut |check| passed.push(check));
        let token = Unverified::read(token);
        let refusal = result.as_ref().err().cloned();
        let sentences = Sentences { tokens: self, token: &token, now: now.trunc_subsecs(0) };
        let failed = refusal.as_ref().and_then(|_| Check::ALL.into_iter().find(|check| !passed.contains(check)));
        let checks = Check::ALL.map(|check| match &refusal {
            Some(refusal) if failed == Some(check) => Problem::found(&sentences, check, refusal).into_result(check),
            _ if passed.contains(&check) => CheckResult::passed(check, sentences.passed(check)),
            _ => CheckResult::not_reached(check, String::new()),
        });
        let has_valid_signature = passed.contains(&Check::Signature);
        let Unverified { header, claims, .. } = token;
        let explanation = Explanation { checks: checks.into(), refusal, header, claims, has_valid_signature };
        (explanation, result.ok())
    }
}

impl Explanation {
    /// Records whether the session is active.
    pub fn add_revocation(&mut self, result: Result<(), Refusal>) {
        match result {
            Ok(()) => self.set(CheckResult::passed(Check::Revocation, "The session is active.".to_owned())),
            Err(refusal) => {
                let (detail, repair) = (refusal.to_string(), Some("Sign in again.".to_owned()));
                self.set(CheckResult { check: Check::Revocation, outcome: Outcome::Failed, detail, repair });
                self.refusal = Some(refusal);
            }
        }
    }

    /// Records the roles of the user, and whether the token has older ones. An anonymous session has no user.
    pub fn add_roles(&mut self, current: Option<&Roles>, are_old: bool) {
        let Some(current) = current else {
            let detail = "The session is anonymous, so it has no roles. Routes for users reject it with `anonymous`.";
            return self.set(CheckResult::passed(Check::Roles, detail.to_owned()));
        };
        let names = current.names().collect::<Vec<_>>().join(", ");
        let roles = if names.is_empty() { "no roles".to_owned() } else { format!("these roles: {names}") };
        self.set(if are_old {
            CheckResult {
                check: Check::Roles,
                outcome: Outcome::Failed,
                detail: format!("The token has old roles. The service accepts it, and uses the current ones: {roles}."),
                repair: Some(
                    "Use the new token of the response, or get one with `POST /api/sessions/current/renew`.".to_owned(),
                ),
            }
        } else {
            CheckResult::passed(Check::Roles, format!("The user has {roles}."))
        });
    }

    /// Records that the checks of stored data were not done, and why.
    pub fn add_unavailable(&mut self, detail: &str) {
        for check in [Check::Revocation, Check::Roles] {
            self.set(CheckResult::not_reached(check, detail.to_owned()));
        }
    }

    /// Returns the result in a sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        if let Some(refusal) = &self.refusal {
            return refusal.to_string();
        }
        let revocation = self.checks.iter().find(|result| result.check == Check::Revocation);
        match revocation.map(|result| result.outcome) {
            None => "The signature and the times of the token are valid.",
            Some(Outcome::Passed) => "The service accepts the token.",
            Some(_) => "The token is valid. Whether its session has ended was not checked.",
        }
        .to_owned()
    }

    fn set(&mut self, result: CheckResult) {
        if let Some(known) = self.checks.iter_mut().find(|known| known.check == result.check) {
            *known = result;
        }
    }
}

impl CheckResult {
    fn passed(check: Check, detail: String) -> Self {
        Self { check, outcome: Outcome::Passed, detail, repair: None }
    }

    fn not_reached(check: Check, detail: String) -> Self {
        Self { check, outcome: Outcome::NotReached, detail, repair: None }
    }
}
