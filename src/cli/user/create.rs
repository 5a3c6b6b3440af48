//! `daypass user create`: creates a user, also while sign-up is closed.

use std::io::Read as _;

use clap::Args;
use zeroize::Zeroizing;

use super::account::{hash, new_password};
use crate::accounts::administration;
use crate::auth::password::policy::Password;
use crate::cli::failure::Failure;
use crate::cli::output::{stderr_line, stdout_line};
use crate::config::{Config, without_final_newline};
use crate::models::user_creation::NewUser;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::platform::random;
use crate::types::ValidationError;
use crate::types::email::Email;
use crate::types::role::{Role, Roles};
use crate::types::username::Username;

#[derive(Args, Debug)]
pub(in crate::cli) struct Create {
    /// Username
    name: String,
    /// Read the password from standard input, instead of printing a random one
    #[arg(long)]
    password_stdin: bool,
    /// Role of the user; can be repeated
    #[arg(long = "role", value_name = "ROLE")]
    roles: Vec<Role>,
    /// E-mail address of the user; it counts as verified
    #[arg(long, value_parser = email)]
    email: Option<Email>,
}

pub(super) async fn run(db: &Pool, create: &Create, config: &Config) -> Result<(), Failure> {
    let Create { name, password_stdin, roles, email } = create;
    let roles = Roles::new(roles.iter().cloned()).map_err(|error| Failure::usage(error.to_string()))?;
    let username = Username::parse(name).map_err(|error| invalid(&error))?;
    let text = if *password_stdin { read_password()? } else { Zeroizing::new(new_password(&mut random::secure())) };
    let minimum = config.passwords.password_min_length;
    let password = Password::chosen(&text, minimum, &config.tokens.jwt_issuer).map_err(|error| invalid(&error))?;
    if password.is_like(username.as_str()) {
        return Err(invalid(&ValidationError::PasswordLikeUsername));
    }
    let password_hash = hash(password, config).await?;
    let now = Clock::System.now();
    let new_user = NewUser { username, password_hash, created_at: now, roles };
    let transaction = administration::create_user(db, &new_user, email.as_ref(), now).await?;
    // Print before the commit: without the password, the user would be useless.
    if !password_stdin {
        stdout_line(&text)?;
    }
    transaction.commit().await?;
    stderr_line(&format!("created {:?}", new_user.username.as_str()));
    Ok(())
}

fn read_password() -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin().lock().read_to_string(&mut text);
    read.map_err(|error| format!("cannot read the password from standard input: {error}"))?;
    Ok(Zeroizing::new(without_final_newline(&text).to_owned()))
}

pub(super) fn email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|error| error.to_string())
}

fn invalid(error: &ValidationError) -> Failure {
    Failure::usage(error.to_string())
}
