//! Settings of the classroom: the routes of a Node server course.

use clap::Args;

use super::Environment;
use super::parsers::boolean;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Development")]
pub struct ClassroomConfig {
    /// Serve the routes of the course, true or false [default: true in development, false in production]
    #[arg(long, env = "CLASSROOM", value_parser = boolean, global = true)]
    pub classroom: Option<bool>,
}

impl ClassroomConfig {
    #[must_use]
    pub fn is_enabled(&self, environment: Environment) -> bool {
        self.classroom.unwrap_or(environment == Environment::Development)
    }
}
