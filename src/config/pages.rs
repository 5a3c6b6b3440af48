//! Settings of the pages and of explanations.

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
    /// Explain tokens at POST /api/tokens/explain, true or false [default: true in development, false in production]
    #[arg(long, env = "TOKEN_EXPLAIN", value_parser = boolean, global = true)]
    pub token_explain: Option<bool>,
}

impl PagesConfig {
    #[must_use]
    pub fn are_enabled(&self, environment: Environment) -> bool {
        self.pages.unwrap_or(environment == Environment::Development)
    }

    #[must_use]
    pub fn explain_tokens(&self, environment: Environment) -> bool {
        self.token_explain.unwrap_or(environment == Environment::Development)
    }
}
