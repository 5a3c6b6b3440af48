//! Settings of the pages: the test client and the API reference.

use clap::Args;

use super::Environment;
use super::parsers::boolean;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Development")]
pub struct PagesConfig {
    /// Serve the test client at / and the API reference at /docs, true or false [default: true in development, false in
    /// production]
    #[arg(long, env = "PAGES", value_parser = boolean, global = true)]
    pub pages: Option<bool>,
}

impl PagesConfig {
    #[must_use]
    pub fn are_enabled(&self, environment: Environment) -> bool {
        self.pages.unwrap_or(environment == Environment::Development)
    }
}
