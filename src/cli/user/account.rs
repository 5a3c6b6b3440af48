//! One user: disabled, enabled, deleted, given another password. What keeps a user out ends their sessions in
//! the same transaction.

use chrono::{DateTime, Utc};
use rand::CryptoRng;
use sea_orm::DatabaseConnection;

use super::say;
use crate::app::BuildError;
use crate::auth::address_prefix::AddressPrefix;
use crate::auth::password::Password;
use crate::auth::password_hasher::PasswordHasher;
use crate::auth::reason::Reason;
use crate::cli::Failure;
use crate::cli::consent::Consent;
use crate::clock::Clock;
use crate::config::Config;
use crate::database::{WriteTransaction, Writers};
use crate::error::Error;
use crate::models::session::{self, Which};
use crate::models::user;
use crate::random;

/// Letters and digits that nobody takes for each other (Crockford's base 32): five bits each.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Seven groups of four letters: 140 bits.
const GROUPS: usize = 7;
const GROUP: usize = 4;

pub(super) async fn disable(db: &DatabaseConnection, name: &str) -> Result<(), Failure> {
    let (transaction, user) = hold(db, name).await?;
    let now = Clock::System.now();
    let user = user.disable(&*transaction, now).await?;
    let ended = end_sessions(&transaction, &user, Reason::AccountDisabled, now).await?;
    transaction.commit().await?;
    say(&format!("disabled {:?}; sessions ended: {ended}", user.username));
    Ok(())
}

pub(super) async fn enable(db: &DatabaseConnection, name: &str) -> Result<(), Failure> {
    let (transaction, user) = hold(db, name).await?;
    let user = user.enable(&*transaction).await?;
    transaction.commit().await?;
    say(&format!("enabled {:?}", user.username));
    Ok(())
}

pub(super) async fn delete(db: &DatabaseConnection, name: &str, consent: &Consent) -> Result<(), Failure> {
    let username = find(db, name).await?.username;
    consent.obtain(&format!("Delete {username:?}, with all that is theirs?"))?;
    let (transaction, user) = hold(db, name).await?;
    let ended = end_sessions(&transaction, &user, Reason::AccountDeletion, Clock::System.now()).await?;
    user.delete(&*transaction).await?;
    transaction.commit().await?;
    say(&format!("deleted {username:?}; sessions ended: {ended}"));
    Ok(())
}

/// The operator begins a reset but does not choose the password (ASVS 6.4.6). It alone stands on standard
/// output, once.
pub(super) async fn reset_password(db: &DatabaseConnection, name: &str, config: &Config) -> Result<(), Failure> {
    find(db, name).await?;
    let password = new_password(&mut random::secure());
    let hasher = PasswordHasher::new(config.passwords.argon2.clone(), 1).map_err(BuildError::from)?;
    let chosen = Password::presented(&password).map_err(|rule| rule.to_string())?;
    let password_hash = hasher.hash(AddressPrefix::LOCAL, chosen).await.map_err(Error::from)?;
    let (transaction, user) = hold(db, name).await?;
    let now = Clock::System.now();
    let user = user.change_password(&*transaction, password_hash, now).await?;
    end_sessions(&transaction, &user, Reason::PasswordReset, now).await?;
    transaction.commit().await?;
    say(&password);
    Ok(())
}

async fn find(db: &DatabaseConnection, name: &str) -> Result<user::Model, Failure> {
    let user = user::find_by_username(db, name).await?;
    user.ok_or_else(|| Failure::from(format!("there is no user {name:?}")))
}

/// A transaction that has its turn, and in it the user, held until it ends.
async fn hold(db: &DatabaseConnection, name: &str) -> Result<(WriteTransaction, user::Model), Failure> {
    let id = find(db, name).await?.id;
    let transaction = Writers::of(db).begin(db).await?;
    let user = user::lock(&transaction, id).await?;
    Ok((transaction, user))
}

async fn end_sessions(
    transaction: &WriteTransaction,
    user: &user::Model,
    reason: Reason,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    Ok(session::end(&**transaction, user.id, Which::All, reason, now).await?.len())
}

/// A password that nobody can guess and everybody can type.
fn new_password(rng: &mut impl CryptoRng) -> String {
    let mut bytes = [0; GROUPS * GROUP];
    rng.fill_bytes(&mut bytes);
    let letters = bytes.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(GROUP).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_has_seven_groups_and_never_comes_twice() {
        let (one, other) = (new_password(&mut random::secure()), new_password(&mut random::secure()));
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [4; 7]);
        assert!(one.bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte)), "{one}");
        assert_ne!(one, other);
    }
}
