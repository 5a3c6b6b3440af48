//! Sign-in: rate limits, password verification, new session.

use std::time::Instant;

use utoipa::ToSchema;

use super::begin_session::{begin_session, end_presented};
use super::{ClientInfo, Limited, NewSession, SessionOptions};
use crate::app::AppState;
use crate::auth::password::hasher::Comparison;
use crate::auth::password::policy::Password;
use crate::auth::password::requester::Requester;
use crate::auth::rate_limit::{Attempt, KnownBy, Outcome, SignInClient};
use crate::auth::token::AnySession;
use crate::auth::token::device::PresentedDevice;
use crate::error::Error;
use crate::events::{Account, Details, EventKind};
use crate::models::{event, session, user};
use crate::platform::database::Transaction;
use crate::transport::Transport;
use crate::types::username::Username;

/// The maximum number of password verifications per sign-in. A verification is repeated if the user's row changed in
/// the meantime.
const MAX_ROUNDS: usize = 3;

/// The credentials of a sign-in. They are not checked against the rules of sign-up, which can have been different when
/// the user signed up.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// Case does not matter.
    #[schema(example = "ada")]
    pub username: String,
    #[schema(value_type = String, format = Password, example = "orbit lantern cactus velvet")]
    pub password: Password,
    /// Where the session token is returned: `bearer` (in the response body) or `cookie`.
    #[schema(value_type = String, required = false, nullable = false, default = "bearer", example = "bearer")]
    #[serde(rename = "carrier")]
    pub transport: Transport,
    /// Copies the session variables of the request's session, which ends.
    #[schema(required = false, nullable = false, default = false)]
    pub keep_variables: bool,
}

impl SignIn {
    fn options(&self) -> SessionOptions {
        SessionOptions { transport: self.transport, keep_data: self.keep_variables }
    }
}

/// Verifies the credentials and begins a session. An unknown username costs the same work as a wrong password.
///
/// # Errors
/// [`Error::CrossSite`], [`Error::Busy`], and [`Error::TooManyAttempts`] if the client's address or the account has too
/// many failed attempts.
pub async fn sign_in(app: &AppState, client: &ClientInfo, request: SignIn) -> Result<Limited<NewSession>, Error> {
    request.transport.check(client.site)?;
    let signed_in = limit_and_verify(app, client, &request).await;
    if let Err(error) = signed_in.as_ref().map_or_else(Err, |limited| limited.result.as_ref()) {
        count_failure(app, client, &request, error);
    }
    signed_in
}

/// Counts a failed sign-in, with the name that the client sent. Whether a user has this name is looked up later.
fn count_failure(app: &AppState, client: &ClientInfo, request: &SignIn, error: &Error) {
    let error = match error {
        Error::BadCredentials | Error::Withheld => &Error::BadCredentials,
        Error::TooManyAttempts(_) => error,
        _ => return,
    };
    let account = Username::parse(&request.username).map_or(Account::Unknown, |name| Account::Named(name.key()));
    app.failed_attempts.add(client.failed(EventKind::SignInFailed, error, account, app.clock.now()));
}

async fn limit_and_verify(app: &AppState, client: &ClientInfo, request: &SignIn) -> Result<Limited<NewSession>, Error> {
    let (name, token) = (&*request.username, client.device_token.as_deref());
    let device = token.and_then(|token| app.tokens.verify_device(token, name, app.clock.now()));
    let vouchers = Vouchers { device, session: client.session.as_ref() };
    let limited = vouchers.client(client, name);
    // The rate limits apply before the database is read, even if the client presents a token.
    let attempt = app.limits.sign_in(limited, &app.clock).await?;
    let requester = |attempt: &Attempt<'_>| Requester { from: client.network, is_known: attempt.known_by().is_some() };
    if let Err(busy) = app.passwords.check_capacity(requester(&attempt)) {
        return Ok(Limited::settle(attempt, Err(busy.into())));
    }
    let attempt = match vouchers.are_valid(app, attempt.known_by(), name).await {
        Ok(true) => attempt,
        Ok(false) => app.limits.sign_in_as_unknown(attempt, limited, &app.clock).await?,
        Err(error) => return Ok(Limited::settle(attempt, Err(error))),
    };
    let requester = requester(&attempt);
    Ok(Limited::settle(attempt, verify_and_begin(app, client, requester, request).await))
}

/// A device token and a session, which can show that the client is known. Their signatures are verified. It is not
/// checked yet whether they belong to this user and password.
struct Vouchers<'a> {
    device: Option<PresentedDevice>,
    session: Option<&'a AnySession>,
}

impl Vouchers<'_> {
    fn client<'a>(&self, client: &ClientInfo, name: &'a str) -> SignInClient<'a> {
        SignInClient {
            from: client.network,
            device: self.device.as_ref().map(|presented| presented.device),
            session: self.session.and_then(AnySession::of_user).map(|session| session.id),
            name,
        }
    }

    /// Returns whether `voucher`, the device token or session that makes the client a known one, belongs to the user
    /// with this name. Returns `true` if the client is unknown.
    async fn are_valid(&self, app: &AppState, voucher: Option<KnownBy>, name: &str) -> Result<bool, Error> {
        let Some(voucher) = voucher else { return Ok(true) };
        let Some(user) = user::find_by_username(&app.db, name).await? else { return Ok(false) };
        let device = || app.tokens.confirm_device(self.device.as_ref()?, &user.password_hash);
        Ok(match voucher {
            KnownBy::Device => device().is_some(),
            KnownBy::Session => {
                self.session.and_then(|session| session.user.as_ref()).is_some_and(|owner| owner.id == user.id)
            }
        })
    }
}

async fn verify_and_begin(
    app: &AppState,
    client: &ClientInfo,
    requester: Requester,
    request: &SignIn,
) -> Result<NewSession, Error> {
    for _ in 0..MAX_ROUNDS {
        let verified = verify(app, requester, request).await?;
        // This limit applies only after the password is verified, because it must not reveal that a user exists.
        let attempt = app.limits.new_session(verified.user.id, app.clock.monotonic())?;
        let new = begin_unless_changed(app, client, request.options(), verified).await;
        attempt.finish(if matches!(new, Ok(Some(_))) { Outcome::Succeeded } else { Outcome::NotJudged });
        if let Some(new) = new? {
            return Ok(new);
        }
    }
    Err(Error::BadCredentials)
}

/// Begins a session. Returns `None` if, after the verification, the password was changed or the user was disabled or
/// deleted.
async fn begin_unless_changed(
    app: &AppState,
    client: &ClientInfo,
    options: SessionOptions,
    verified: Verified,
) -> Result<Option<NewSession>, Error> {
    let data = options.data_to_copy(app, client, Some(verified.user.id)).await?;
    let Some((transaction, user)) = lock_unchanged(app, verified).await? else { return Ok(None) };
    let mut ended = end_presented(app, &transaction, client).await?;
    let max = app.config.tokens.max_sessions;
    let now = app.clock.now();
    ended.extend(session::end_oldest(&transaction, user.id, max, now).await?);
    let new = begin_session(app, &transaction, user, client, options.transport).await?;
    let signed_in = client.event(EventKind::SignIn, new.user.id, now).in_session(new.id());
    let signed_in = signed_in.with(Details::ended(ended.sessions.len()));
    event::create(&transaction, &signed_in).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    signed_in.log();
    Ok(Some(new.with_data(app, client, &data).await))
}

/// A user whose password was verified.
struct Verified {
    user: user::Model,
    /// A new hash, if the stored one is a legacy hash or has outdated parameters.
    rehashed: Option<String>,
}

/// Verifies the username and the password.
async fn verify(app: &AppState, requester: Requester, request: &SignIn) -> Result<Verified, Error> {
    let started_at = Instant::now();
    let password = &request.password;
    // A disabled user, and one without a password, is rejected like an unknown one.
    let user = user::find_by_username(&app.db, &request.username).await?.filter(user::Model::may_sign_in);
    let stored = user.as_ref().and_then(user::Model::comparable_hash);
    let compared = app.passwords.verify_sign_in(requester, password, stored, started_at).await?;
    let (Some(user), Comparison::Match { outdated }) = (user, compared) else { return Err(Error::BadCredentials) };
    // Best effort: sign-in succeeds even if the rehash cannot be queued.
    let rehashed = if outdated { app.passwords.hash(requester, password.clone()).await.ok() } else { None };
    Ok(Verified { user, rehashed })
}

/// Locks the user's row and stores the new hash. Returns `None` if, after the verification, the password was changed or
/// the user was disabled or deleted.
async fn lock_unchanged(
    app: &AppState,
    Verified { user, rehashed }: Verified,
) -> Result<Option<(Transaction, user::Model)>, Error> {
    let transaction = app.db.begin_write().await?;
    let user = match user::lock_unchanged(&transaction, &user).await {
        Ok(Some(user)) => user,
        Ok(None) | Err(Error::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let user = match rehashed {
        Some(hash) => user.renew_hash(&transaction, hash).await?,
        None => user,
    };
    Ok(Some((transaction, user)))
}
