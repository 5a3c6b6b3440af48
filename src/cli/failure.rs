//! How a command ends that could not do its work: one line on standard error, and a status.

use std::error::Error as _;
use std::process::ExitCode;

use crate::app::BuildError;
use crate::config::SecretError;
use crate::database::DatabaseError;
use crate::error::Error;

/// What to tell the person at the terminal.
#[derive(Debug)]
pub struct Failure {
    message: String,
    status: u8,
}

impl Failure {
    /// A setting or an argument is wrong: status 2, as for an unknown flag.
    #[must_use]
    pub fn usage(message: String) -> Self {
        Self { message, status: 2 }
    }

    /// What went wrong has been told already, line by line: status 1 is all that is left to say.
    #[must_use]
    pub fn told() -> Self {
        Self::from(String::new())
    }

    /// The line.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Prints the line and gives the status.
    #[must_use]
    #[expect(clippy::print_stderr, reason = "the terminal is where it belongs")]
    pub fn report(self) -> ExitCode {
        if !self.message.is_empty() {
            eprintln!("error: {}", self.message);
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

impl From<Error> for Failure {
    /// With its cause: who sits at the terminal runs the service.
    fn from(error: Error) -> Self {
        Self::from(error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::usage(error.to_string())
    }
}
