//! Settings of the database.

use clap::Args;

use crate::platform::database::DatabaseUrl;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Basic settings")]
pub struct DatabaseConfig {
    /// Address of the database: sqlite://FILE?mode=rwc, postgres://… or mysql://…
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://data/daypass.db?mode=rwc",
        hide_env_values = true,
        global = true
    )]
    pub database_url: DatabaseUrl,
}
