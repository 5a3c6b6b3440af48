//! Whether the routes of the course are there.

use clap::Args;

use super::Environment;

/// Settings of the classroom.
#[derive(Args, Clone, Debug)]
pub struct ClassroomConfig {
    /// Whether to serve the routes of the course, true or false [default: true in development, false in production]
    #[arg(long, env = "CLASSROOM", global = true)]
    pub classroom: Option<bool>,
}

impl ClassroomConfig {
    /// Whether they are served in `environment`.
    #[must_use]
    pub fn is_open(&self, environment: Environment) -> bool {
        self.classroom.unwrap_or(environment == Environment::Development)
    }
}
