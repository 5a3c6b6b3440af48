//! Results of rate-limited operations.

use crate::auth::rate_limit::{Allowance, Attempt, Outcome};
use crate::error::Error;

/// The result of a rate-limited operation, with the remaining allowance.
pub struct Limited<T> {
    pub allowance: Option<Allowance>,
    pub result: Result<T, Error>,
}

impl<T> Limited<T> {
    /// Settles the attempt. An attempt does not count if the server failed, or if another rate limit rejected it. In
    /// the second case, the error has the allowance of that other limit.
    pub(super) fn settle(attempt: Attempt<'_>, result: Result<T, Error>) -> Self {
        let outcome = match &result {
            Ok(_) => Outcome::Succeeded,
            Err(Error::Withheld) => Outcome::Failed,
            Err(Error::TooManyAttempts(_)) => Outcome::NotJudged,
            Err(error) if error.status().is_server_error() => Outcome::NotJudged,
            Err(_) => Outcome::Failed,
        };
        let left = attempt.finish(outcome);
        let allowance = left.filter(|_| !matches!(result, Err(Error::TooManyAttempts(_))));
        Self { allowance, result }
    }

    /// Applies `view` to the value if the operation succeeded.
    pub fn map<U>(self, view: impl FnOnce(T) -> U) -> Limited<U> {
        Limited { allowance: self.allowance, result: self.result.map(view) }
    }
}
