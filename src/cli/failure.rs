//! Failures of commands: one line on standard error, and the exit status.

use std::io::Write as _;
use std::process::ExitCode;

use crate::app::BuildError;
use crate::config::SecretError;
use crate::error::Error;
use crate::platform::database::backup::BackupError;
use crate::platform::database::{DatabaseError, WriteError};

/// The message for the operator and the exit status.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// Returns the failure for an invalid setting or argument. Its exit status is 2, as for an unknown flag.
    #[must_use]
    pub fn usage(message: String) -> Self {
        Self { message, status: 2 }
    }

    /// Returns a failure that the command has already reported. It has exit status 1 and no message.
    #[must_use]
    pub fn reported() -> Self {
        Self::from(String::new())
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Prints the message to standard error and returns the exit status.
    #[must_use]
    pub fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            let _ = writeln!(std::io::stderr(), "error: {}", self.message);
        }
        ExitCode::from(self.status)
    }
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, status: 1 }
    }
}

impl From<SecretError> for Failure {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::File { .. } => Self::from(error.to_string()),
            _ => Self::usage(error.to_string()),
        }
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Address(_) => Self::usage(error.to_string()),
            _ => Self::from(error.to_string()),
        }
    }
}

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        Self::from(error.to_string())
    }
}

impl From<Error> for Failure {
    /// Uses the cause of the error as the message, if there is one, because the operator may see internal details.
    fn from(error: Error) -> Self {
        Self::from(error.cause())
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        Error::from(error).into()
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::usage(error.to_string())
    }
}
