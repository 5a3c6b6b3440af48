//! Commands for one user. Disabling, deletion and password reset end the user's sessions in the same transaction.

use rand::CryptoRng;

use crate::accounts::administration;
use crate::accounts::administration::LockedUser;
use crate::app::BuildError;
use crate::auth::password::hasher::PasswordHasher;
use crate::auth::password::policy::Password;
use crate::auth::rate_limit::client_network::ClientNetwork;
use crate::cli::confirm::Confirm;
use crate::cli::database::ended_at;
use crate::cli::failure::Failure;
use crate::cli::links::warn_of_useless_links;
use crate::cli::output::stdout_line;
use crate::config::{Config, PasswordConfig};
use crate::error::Error;
use crate::models::session::EndedAt;
use crate::models::user;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::platform::random;
use crate::types::email::Email;
use crate::types::secret_code::{SecretCode, random_letters};

/// The number of groups in a password. Seven groups of four characters have 140 bits.
const GROUPS: usize = 7;
const GROUP_CHARS: usize = 4;

pub(super) async fn disable(db: &Pool, name: &str, at: EndedAt) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let username = user.username().to_owned();
    let ended = user.disable(at).await?;
    stdout_line(&format!("disabled {username:?}; sessions ended: {ended}"))
}

pub(super) async fn enable(db: &Pool, name: &str) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let username = user.username().to_owned();
    user.enable(Clock::System.now()).await?;
    stdout_line(&format!("enabled {username:?}"))
}

pub(super) async fn delete(db: &Pool, name: &str, confirm: &Confirm, at: EndedAt) -> Result<(), Failure> {
    let username = find(db, name).await?.username;
    confirm.ask(&format!("Delete {username:?} and all data of this user?"))?;
    let ended = lock(db, name).await?.delete(at).await?;
    stdout_line(&format!("deleted {username:?}; sessions ended: {ended}"))
}

/// Sets a random password, because an operator must not choose it (ASVS 6.4.6). Prints only the password to standard
/// output.
pub(super) async fn reset_password(db: &Pool, name: &str, config: &Config) -> Result<(), Failure> {
    find(db, name).await?;
    let password = new_password(&mut random::secure());
    let chosen = Password::presented(&password).map_err(|error| error.to_string())?;
    let password_hash = hash(chosen, config).await?;
    let transaction = lock(db, name).await?.reset_password(password_hash, ended_at(config)).await?;
    // Print before the commit: if printing fails, the old password must stay valid.
    stdout_line(&password)?;
    Ok(transaction.commit().await?)
}

/// Prints only the link to standard output.
pub(super) async fn reset_link(db: &Pool, name: &str, config: &Config) -> Result<(), Failure> {
    let code = SecretCode::random(&mut random::secure());
    let transaction = lock_enabled(db, name).await?.create_reset_code(&code, Clock::System.now()).await?;
    stdout_line(&config.public_url().with_fragment("reset", code.expose()))?;
    transaction.commit().await?;
    warn_of_useless_links(config);
    Ok(())
}

pub(super) async fn set_email(db: &Pool, name: &str, address: Option<&Email>) -> Result<(), Failure> {
    let user = lock(db, name).await?;
    let username = user.username().to_owned();
    user.set_email(address, Clock::System.now()).await?;
    let done = if address.is_some() { "set" } else { "removed" };
    stdout_line(&format!("{done} the e-mail address of {username:?}"))
}

pub(super) async fn hash(password: Password, config: &Config) -> Result<String, Failure> {
    let PasswordConfig { argon2, imported_hash_cost, .. } = config.passwords.clone();
    let hasher = PasswordHasher::new(argon2, 1, imported_hash_cost).map_err(BuildError::from)?;
    Ok(hasher.hash(ClientNetwork::LOCAL, password).await.map_err(Error::from)?)
}

pub(super) async fn find(db: &Pool, name: &str) -> Result<user::Model, Failure> {
    user::find_by_username(db, name).await?.ok_or_else(|| not_found(name))
}

/// Locks a user who can sign in.
pub(in crate::cli) async fn lock_enabled(db: &Pool, name: &str) -> Result<LockedUser, Failure> {
    let user = lock(db, name).await?;
    if user.is_disabled() {
        return Err(Failure::from(format!("user {name:?} is disabled; run: daypass user enable")));
    }
    Ok(user)
}

pub(super) async fn lock(db: &Pool, name: &str) -> Result<LockedUser, Failure> {
    administration::lock_user(db, name).await?.ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> Failure {
    Failure::from(format!("user {name:?} not found"))
}

/// Returns a random password that is easy to type.
pub(super) fn new_password(rng: &mut impl CryptoRng) -> String {
    let groups: Vec<String> = (0..GROUPS).map(|_| random_letters(GROUP_CHARS, rng)).collect();
    groups.join("-")
}
