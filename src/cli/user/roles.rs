//! `daypass user grant` and `daypass user revoke`: the roles of a user. Sessions continue. Running replicas use the new
//! roles within a second.

use clap::Args;

use super::account::lock;
use crate::cli::failure::Failure;
use crate::cli::output::stdout_line;
use crate::models::session::EndedAt;
use crate::platform::database::Pool;
use crate::types::role::{Role, Roles, TooManyRoles};

#[derive(Args, Debug)]
pub(in crate::cli) struct RoleArgs {
    /// Username, case-insensitive
    name: String,
    /// Roles: lower-case letters, digits and the characters : _ -
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<Role>,
}

pub(super) async fn grant(db: &Pool, arguments: &RoleArgs, at: EndedAt) -> Result<(), Failure> {
    change(db, &arguments.name, at, |roles| roles.with(&arguments.roles)).await
}

pub(super) async fn revoke(db: &Pool, arguments: &RoleArgs, at: EndedAt) -> Result<(), Failure> {
    change(db, &arguments.name, at, |roles| Ok(roles.without(&arguments.roles))).await
}

async fn change(
    db: &Pool,
    name: &str,
    at: EndedAt,
    change: impl FnOnce(&Roles) -> Result<Roles, TooManyRoles>,
) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let username = user.username().to_owned();
    let change = |roles: &Roles| change(roles).map_err(|error| Failure::usage(error.to_string()));
    let roles = user.change_roles(change, at).await?;
    stdout_line(&format!("roles of {username:?}: {}", if roles.is_empty() { "none" } else { roles.as_str() }))
}
