//! `daypass user grant` and `daypass user revoke`: the roles of a user. Sessions continue. Running replicas use the new
//! roles within a second.

use clap::Args;

use super::account::lock;
use crate::accounts::administration::LockedUser;
use crate::cli::failure::Failure;
use crate::cli::output::stdout_line;
use crate::models::session::EndedAt;
use crate::platform::database::Pool;
use crate::types::role::{Role, Roles};

#[derive(Args, Debug)]
pub(in crate::cli) struct RoleArgs {
    /// Username, case-insensitive
    name: String,
    /// Roles: lower-case letters, digits and the characters : _ -
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<Role>,
}

pub(super) async fn grant(db: &Pool, RoleArgs { name, roles }: &RoleArgs, at: EndedAt) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let roles = user.roles().with(roles).map_err(|error| Failure::usage(error.to_string()))?;
    set(user, &roles, at).await
}

pub(super) async fn revoke(db: &Pool, RoleArgs { name, roles }: &RoleArgs, at: EndedAt) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let roles = user.roles().without(roles);
    set(user, &roles, at).await
}

async fn set(user: LockedUser, roles: &Roles, at: EndedAt) -> Result<(), Failure> {
    let username = user.username().to_owned();
    user.set_roles(roles, at).await?;
    stdout_line(&format!("roles of {username:?}: {}", if roles.is_empty() { "none" } else { roles.as_str() }))
}
