//! A new user, for a person who signs in at a provider for the first time.

use chrono::{DateTime, Utc};

use super::super::admission::{Admission, admit};
use super::super::{ClientInfo, Limited};
use crate::app::AppState;
use crate::error::Error;
use crate::events::{Details, Event, EventKind};
use crate::models::user::NO_PASSWORD;
use crate::models::user_creation::NewUser;
use crate::models::{event, identity, user, user_creation};
use crate::oidc::{Profile, Provider, ProviderUser};
use crate::platform::random;
use crate::types::UserId;
use crate::types::limits::MAX_USERNAME_CHARS;
use crate::types::role::Roles;
use crate::types::secret_code::{SecretCode, random_letters};
use crate::types::username::Username;

/// The maximum number of attempts, because another sign-up may take the username in the meantime.
const MAX_ROUNDS: usize = 3;
/// The highest number that is added to a username.
const MAX_NUMBER: usize = 9;
/// The number of usernames with random characters.
const RANDOM_NAMES: usize = 3;
/// The number of random characters that are added to a username if all numbers are taken.
const RANDOM_CHARS: usize = 6;
/// The username of a person about whom the provider says nothing.
const DEFAULT_NAME: &str = "user";

/// Creates a user with this identity, if the sign-up policy allows it. The user has no password. An address of the
/// provider never leads to an existing account, because then whoever controls it at the provider would take the account
/// over.
pub(super) async fn create_user(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    at_provider: &ProviderUser,
    invitation: Option<&SecretCode>,
) -> Result<UserId, Error> {
    let attempt = app.limits.sign_up(client.network, app.clock.monotonic())?;
    let created = async {
        // Without a permission, the provider is not asked.
        let mut admission = admit(app, invitation).await?;
        let profile = provider.profile(at_provider).await?;
        let mut names = usernames(&profile);
        for _ in 1..MAX_ROUNDS {
            match create(app, client, provider, at_provider, &profile, &names, admission).await {
                Err(Error::UsernameTaken | Error::EmailTaken) => admission = admit(app, invitation).await?,
                created => return created,
            }
            // Concurrent sign-ups chose the same name, so only the random ones are left.
            names.drain(..names.len().saturating_sub(RANDOM_NAMES));
        }
        create(app, client, provider, at_provider, &profile, &names, admission).await
    };
    Limited::settle(attempt, created.await).result
}

async fn create(
    app: &AppState,
    client: &ClientInfo,
    provider: &Provider,
    at_provider: &ProviderUser,
    profile: &Profile,
    names: &[Username],
    admission: Admission,
) -> Result<UserId, Error> {
    let transaction = app.db.begin_write().await?;
    let now = app.clock.now();
    let admitted = admission.use_up(&transaction, now).await?;
    let candidates: Vec<_> = names.iter().map(|name| new_user(name, &admitted.roles, now)).collect();
    let taken = user_creation::taken_names(&transaction, &candidates.iter().collect::<Vec<_>>()).await?;
    let free = candidates.into_iter().find(|candidate| taken.find(&candidate.username).is_none());
    let user = user_creation::create(&transaction, &free.ok_or(Error::UsernameTaken)?, now).await?;
    identity::create(&transaction, user.id, provider.name(), &at_provider.key, now).await?;
    let user = match profile.verified_email() {
        Some(email) if user::find_by_email(&transaction, &email).await?.is_none() => {
            user.set_email(&transaction, Some(&email), now).await?
        }
        _ => user,
    };
    let details = Details { provider: Some(provider.name().to_string()), ..Details::default() };
    let events = admitted.events(client.event(EventKind::SignUp, user.id, now).with(details));
    event::create_all(&transaction, &events).await?;
    transaction.commit().await?;
    events.iter().for_each(Event::log);
    Ok(user.id)
}

fn new_user(username: &Username, roles: &Roles, now: DateTime<Utc>) -> NewUser {
    NewUser { username: username.clone(), password_hash: NO_PASSWORD.to_owned(), created_at: now, roles: roles.clone() }
}

/// Returns usernames for a person, the best one first.
fn usernames(profile: &Profile) -> Vec<Username> {
    let base = profile.name_hints().find_map(valid).unwrap_or_else(|| DEFAULT_NAME.to_owned());
    let numbered = (2..=MAX_NUMBER).map(|number| number.to_string());
    let random = (0..RANDOM_NAMES).map(|_| random_letters(RANDOM_CHARS, &mut random::secure()));
    let endings = numbered.chain(random).map(|ending| format!("-{ending}"));
    let names = std::iter::once(String::new()).chain(endings).map(|ending| with_ending(&base, &ending));
    names.filter_map(|name| Username::parse(&name).ok()).collect()
}

/// Returns a valid username that is like `hint`.
fn valid(hint: &str) -> Option<String> {
    let visible: String = hint.chars().filter(|char| !char.is_control()).take(MAX_USERNAME_CHARS).collect();
    let words: Vec<_> = visible.split_whitespace().collect();
    Username::parse(&words.join(" ")).ok().map(|name| name.as_str().to_owned())
}

fn with_ending(base: &str, ending: &str) -> String {
    let start: String = base.chars().take(MAX_USERNAME_CHARS - ending.len()).collect();
    format!("{}{ending}", start.trim_end())
}
