//! Signing in: the door, and what stands behind it.

use std::time::Instant;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use tracing::info;
use utoipa::ToSchema;

use super::beginning::{Terms, begin, end_presented};
use crate::app::App;
use crate::auth::device::Device;
use crate::auth::password::Password;
use crate::auth::password_hasher::Verdict;
use crate::carrier::Carrier;
use crate::database::WriteTransaction;
use crate::error::Error;
use crate::extract::{Caller, Fields, FromBody, Json};
use crate::models::{session, user};
use crate::views::{Credentials, Limited};

/// A password that was changed, or hashed anew, while it was compared is compared again; so often at most.
const ROUNDS: usize = 3;

/// Who signs in, and with what. No rule but the size: a rule would tell of the stored password.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The name, in any case.
    #[schema(example = "ada")]
    username: String,
    /// The password.
    #[schema(value_type = String, format = Password, example = "correct horse battery staple")]
    password: Password,
    /// How the token is to travel: `bearer`, in the body of the answer, or `cookie`.
    #[schema(value_type = String, required = false, nullable = false, default = "bearer", example = "bearer")]
    carrier: Carrier,
    /// Whether the variables of the session that the request presents move along. That session ends.
    #[schema(required = false, nullable = false, default = false)]
    keep_variables: bool,
}

impl FromBody for SignIn {
    fn from_body(fields: Fields, _: &App) -> Result<Self, Error> {
        Self::from_members(fields, ["username", "password"])
    }
}

impl SignIn {
    /// Takes it from the members of these names.
    pub(crate) fn from_members(mut fields: Fields, [name, secret]: [&str; 2]) -> Result<Self, Error> {
        let username = fields.required(name, |text| Ok(text.to_owned()));
        let password = fields.required(secret, Password::presented);
        let terms = Terms::take(&mut fields);
        let taken = username.zip(password).zip(terms);
        fields.finish(taken.map(|((username, password), Terms { carrier, keep_variables })| Self {
            username,
            password,
            carrier,
            keep_variables,
        }))
    }
}

impl SignIn {
    /// With this name and password, by token.
    pub(crate) fn of(username: String, password: Password) -> Self {
        Self { username, password, carrier: Carrier::Bearer, keep_variables: false }
    }

    /// The same by cookie.
    pub(crate) fn by_cookie(self) -> Self {
        Self { carrier: Carrier::Cookie, ..self }
    }

    fn terms(&self) -> Terms {
        Terms { carrier: self.carrier, keep_variables: self.keep_variables }
    }
}

/// Sign in
///
/// Begins a session. An unknown name and a wrong password are refused alike, after the same work.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", request_body = SignIn, responses(
    (status = 201, body = Credentials, headers(("Location" = String, description = "`/api/sessions/current`"))),
    (status = 401, description = "`bad_credentials`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`busy`"),
))]
pub async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    Json(attempt): Json<SignIn>,
) -> Result<impl IntoResponse, Error> {
    let credentials = begin_session_within_limits(&app, &caller, attempt).await?;
    Ok(credentials.map(|credentials| (StatusCode::CREATED, [(LOCATION, "/api/sessions/current")], credentials)))
}

/// Begins a session, if one may still try from there and for this account.
pub(crate) async fn begin_session_within_limits(
    app: &App,
    caller: &Caller,
    wanted: SignIn,
) -> Result<Limited<Credentials>, Error> {
    wanted.carrier.check(caller.site)?;
    let device = known_device(app, caller, &wanted.username).await?;
    let attempt = app.limits.sign_in(caller.from, device, &wanted.username, app.clock.now())?;
    Ok(Limited::of(attempt, begin_session(app, caller, &wanted).await))
}

/// The device, if it has signed in to this account before. The database is asked for none but tokens that were
/// given out under this name: whether a name exists cannot be told by the time this takes.
async fn known_device(app: &App, caller: &Caller, name: &str) -> Result<Option<Device>, Error> {
    let token = caller.device.as_deref();
    let Some(remembered) = token.and_then(|token| app.tokens.remembered(token, name, app.clock.now())) else {
        return Ok(None);
    };
    let user = user::find_by_username(&app.db, name).await?;
    Ok(user.and_then(|user| app.tokens.device(&remembered, &user.password_hash)))
}

async fn begin_session(app: &App, caller: &Caller, wanted: &SignIn) -> Result<Credentials, Error> {
    // Who is turned away costs the database nothing either.
    app.passwords.expect_place(caller.from)?;
    for _ in 0..ROUNDS {
        let verified = authenticate(app, caller, wanted).await?;
        let kept = wanted.terms().kept(app, caller, Some(verified.user.id)).await?;
        // Changed meanwhile, or gone: the next round finds out.
        let Some((transaction, user)) = hold(app, verified).await? else { continue };
        let most = app.config.tokens.max_sessions;
        let mut ended = end_presented(app, &*transaction, caller).await?;
        ended.extend(session::make_room(&*transaction, user.id, most, app.clock.now()).await?);
        let words = ("successfully authenticated", wanted.carrier);
        let begun = begin(app, &*transaction, &user, caller, words).await?;
        transaction.commit().await?;
        app.ended(&ended).await;
        info!(user.id, session.id = begun.credentials.session.id, "signed in");
        return Ok(begun.with_variables(app, &kept).await);
    }
    Err(Error::BadCredentials)
}

/// A user whose password was right, and the hash that is to take the place of one made elsewhere, or with other
/// parameters.
struct Verified {
    user: user::Model,
    renewed: Option<String>,
}

/// The user of this name and password.
async fn authenticate(app: &App, caller: &Caller, wanted: &SignIn) -> Result<Verified, Error> {
    let asked = Instant::now();
    let password = &wanted.password;
    let user = user::find_by_username(&app.db, &wanted.username).await?;
    let stored = user.as_ref().map(|user| user.password_hash.clone());
    let verdict = app.passwords.verify(caller.from, password.clone(), stored).await?;
    let (Some(user), Verdict::Right { outdated }) = (user.filter(user::Model::may_sign_in), verdict) else {
        app.passwords.until_refusal(asked).await;
        return Err(Error::BadCredentials);
    };
    // Only a wish: who is right is let in, also when the threads have no time for this.
    let renewed = if outdated { app.passwords.hash(caller.from, password.clone()).await.ok() } else { None };
    Ok(Verified { user, renewed })
}

/// Holds the user until the transaction ends, unless they have changed since.
async fn hold(
    app: &App,
    Verified { user, renewed }: Verified,
) -> Result<Option<(WriteTransaction, user::Model)>, Error> {
    let transaction = app.begin_write().await?;
    let user = match user::lock_unchanged(&transaction, &user).await {
        Ok(Some(user)) => user,
        Ok(None) | Err(Error::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let user = match renewed {
        Some(hash) => user.renew_hash(&*transaction, hash).await?,
        None => user,
    };
    Ok(Some((transaction, user)))
}
