//! Settings of sign-up.

use clap::{Args, ValueEnum};
use serde::Serialize;
use utoipa::ToSchema;

use super::parsers::choice;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sign-up")]
pub struct SignUpConfig {
    /// Who may sign up: open (everyone), invited (with a code of `daypass invite create`), or closed (only
    /// `daypass user create` and imports create users)
    #[arg(long, env = "SIGN_UP", value_parser = choice::<SignUpPolicy>(), default_value = "open", global = true)]
    pub sign_up: SignUpPolicy,
}

/// Who may sign up: everyone, clients that send the code of an invitation, or no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum SignUpPolicy {
    Open,
    Invited,
    Closed,
}
