//! Attempts in progress, and how their outcome changes the buckets.

use super::buckets::Reserved;
use super::quota::Allowance;

/// An attempt in progress. If it is dropped without an outcome, it counts as a failure. Contains `None` if limits are
/// off.
#[must_use]
pub struct Attempt<'a>(pub(super) Option<Charges<'a>>);

pub(super) enum Charges<'a> {
    /// Counts successes and failures.
    All(Reserved<'a>),
    /// Counts failures.
    Failures(Reserved<'a>),
    /// Counts failures of a known client. A success resets the bucket.
    Known(Reserved<'a>, KnownBy),
    /// Counts failures of an unknown client.
    Unknown { address: Reserved<'a>, account: Reserved<'a> },
}

/// Bytes reserved for the data of an anonymous session. Dropping releases them.
#[must_use]
pub struct ReservedBytes<'a>(pub(super) Option<Reserved<'a>>);

impl ReservedBytes<'_> {
    /// Counts the bytes as used. Called after they are written.
    pub fn written(mut self) {
        let _ = self.0.take().map(Reserved::count);
    }
}

impl Drop for ReservedBytes<'_> {
    fn drop(&mut self) {
        let _ = self.0.take().map(Reserved::release);
    }
}

/// Why the client of a sign-in counts as known. The caller must check the reason against the user's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownBy {
    /// The client has a device token for this username. The caller checks that it was issued for the current password.
    Device,
    /// The client has a valid session. The caller checks that the session belongs to the user.
    Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed,
    /// The attempt does not count, for example because the service was busy.
    NotJudged,
}

impl Attempt<'_> {
    /// Returns why the client counts as known, or `None` if it is unknown.
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
            (Charges::Failures(reserved), Outcome::Succeeded | Outcome::NotJudged) => reserved.release(),
            (Charges::Failures(reserved), Outcome::Failed) => reserved.count(),
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
