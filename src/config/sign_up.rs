//! Settings of sign-up.

use clap::{Args, ValueEnum};

use super::parsers::choice;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Sign-up")]
pub struct SignUpConfig {
    /// Who may sign up: open (everyone), invited (with a code of `daypass invite create`), or closed (only
    /// `daypass user create` and imports create users)
    #[arg(long, env = "SIGN_UP", value_parser = choice::<SignUpPolicy>(), default_value = "open", global = true)]
    pub sign_up: SignUpPolicy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SignUpPolicy {
    Open,
    /// With an invitation.
    Invited,
    Closed,
}
