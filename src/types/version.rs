//! Versions of rows: each row that can change has a version. It starts at 1 and increases with each change.

/// The row versions that the client expects before a change (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The client sent no condition: the last write wins.
    Any,
    /// The row must exist (`*`).
    Exists,
    /// The row must have one of these versions. An empty list never matches.
    Versions(Vec<i64>),
}

/// The row has a version that the client did not expect.
#[derive(Debug, thiserror::Error)]
#[error("the version does not match")]
pub struct VersionMismatch;

impl Expected {
    /// Checks whether a row with this version may be changed.
    ///
    /// # Errors
    /// [`VersionMismatch`] if the version is not expected.
    pub fn check(&self, version: i64) -> Result<(), VersionMismatch> {
        match self {
            Self::Versions(versions) if !versions.contains(&version) => Err(VersionMismatch),
            _ => Ok(()),
        }
    }
}
