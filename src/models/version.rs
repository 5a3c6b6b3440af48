//! Versions of rows: each row that can be changed counts its changes, from 1.
//!
//! Who changes one holds it from reading its version to writing the next, so two writers never mix their
//! fields and a change meant for another version is refused.

use crate::error::Error;

/// Which version of a row a change was made from (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The client does not say: the last writer wins.
    Any,
    /// Any, but there must be one (`*`).
    Present,
    /// One of these; none at all never matches.
    Versions(Vec<i64>),
}

impl Expected {
    /// Whether a row of this version may be changed.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when this version is not expected.
    pub fn check(&self, version: i64) -> Result<(), Error> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => Err(Error::PreconditionFailed),
            _ => Ok(()),
        }
    }
}
