//! Attempts in progress, and how their outcome changes the buckets.

use super::buckets::Reserved;
use super::quota::Allowance;

/// An attempt in progress. If it is dropped without an outcome, it counts as a failure. Empty when limits are off.
#[must_use]
pub struct Attempt<'a>(pub(super) Option<Charges<'a>>);

pub(super) enum Charges<'a> {
    /// Counts successes and failures.
    All(Reserved<'a>),
    /// Counts failures of a known client.
    Known(Reserved<'a>, KnownBy),
    /// Counts failures of an unknown client.
    Unknown { address: Reserved<'a>, account: Reserved<'a> },
}

/// Bytes reserved for the data of an anonymous session. Dropping releases them.
#[must_use]
pub struct ReservedBytes<'a>(pub(super) Option<Reserved<'a>>);

impl ReservedBytes<'_> {
    /// Counts the bytes after they were written.
    pub fn written(mut self) {
        let _ = self.0.take().map(Reserved::count);
    }
}

impl Drop for ReservedBytes<'_> {
    fn drop(&mut self) {
        let _ = self.0.take().map(Reserved::release);
    }
}

/// Why the client of a sign-in is a known one. The caller confirms it with the user's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// A device token, issued under this username. It must be for the current password.
    Device,
    /// A valid session. It must be the user's.
    Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed,
    /// The attempt does not count, because the service was busy or failed.
    NotJudged,
}

impl Attempt<'_> {
    /// Returns why the client is a known one, if it is.
    pub fn known_by(&self) -> Option<KnownBy> {
        match self.0 {
            Some(Charges::Known(_, known_by)) => Some(known_by),
            _ => None,
        }
    }

    /// Finishes the attempt and returns what is left of its quota.
    pub fn finish(self, outcome: Outcome) -> Option<Allowance> {
        Some(match (self.0?, outcome) {
            (Charges::All(reserved) | Charges::Known(reserved, _), Outcome::NotJudged) => reserved.release(),
            (Charges::Known(reserved, _), Outcome::Succeeded) => reserved.reset(),
            (Charges::All(reserved), _) | (Charges::Known(reserved, _), Outcome::Failed) => reserved.count(),
            (Charges::Unknown { address, account }, Outcome::Failed) => {
                address.count();
                account.count()
            }
            (Charges::Unknown { address, account }, Outcome::Succeeded | Outcome::NotJudged) => {
                address.release();
                account.release()
            }
        })
    }
}
