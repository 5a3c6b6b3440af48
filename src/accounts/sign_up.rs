//! Sign-up: creates a user and the first session.

use utoipa::ToSchema;

use super::admission::admit;
use super::begin_session::{begin_session, end_presented};
use super::email::{limit_messages, request_verification};
use super::{ClientInfo, Limited, NewSession, SessionOptions};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::error::Error;
use crate::events::{Details, Event, EventKind};
use crate::models::user_creation::NewUser;
use crate::models::{event, user_creation};
use crate::transport::Transport;
use crate::types::email::Email;
use crate::types::schema;
use crate::types::secret_code::SecretCode;
use crate::types::username::Username;

/// A new user.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignUp {
    #[schema(schema_with = schema::username)]
    pub username: Username,
    #[schema(schema_with = schema::password)]
    pub password: Password,
    /// The code of an invitation. Needed if `GET /api/sign-up` has the policy `invited`.
    #[schema(value_type = String, required = false, nullable = false, example = "uGx3x2JqAbSdDtrsSSu_6w")]
    pub invitation: Option<SecretCode>,
    /// An e-mail address. It gets a message with a code that verifies it.
    #[schema(schema_with = schema::email, required = false)]
    pub email: Option<Email>,
    /// Where the session token is returned: `bearer` (in the response body) or `cookie`.
    #[schema(value_type = String, required = false, nullable = false, default = "bearer", example = "bearer")]
    #[serde(rename = "carrier")]
    pub transport: Transport,
    /// Copies the session variables of the request's session, which ends.
    #[schema(required = false, nullable = false, default = false)]
    pub keep_variables: bool,
}

impl SignUp {
    fn options(&self) -> SessionOptions {
        SessionOptions { transport: self.transport, keep_data: self.keep_variables }
    }
}

/// Creates a user and the first session.
///
/// # Errors
/// [`Error::CrossSite`], [`Error::MailDisabled`], the errors of the sign-up policy, and [`Error::TooManyAttempts`] if the
/// client's address made too many attempts or the e-mail address got too many messages.
pub async fn sign_up(app: &AppState, client: &ClientInfo, request: SignUp) -> Result<Limited<NewSession>, Error> {
    request.transport.check(client.site)?;
    let attempt = app.limits.sign_up(client.network, app.clock.monotonic())?;
    let recipient = request.email.as_ref().map(|email| email.as_str().to_owned());
    let created = create(app, client, request);
    let signed_up = match recipient {
        Some(_) if !app.sends_mail() => Err(Error::MailDisabled),
        Some(recipient) => limit_messages(app, &recipient, created).await,
        None => created.await,
    };
    Ok(Limited::settle(attempt, signed_up))
}

async fn create(app: &AppState, client: &ClientInfo, request: SignUp) -> Result<NewSession, Error> {
    let options = request.options();
    let admission = admit(app, request.invitation.as_ref()).await?;
    let password_hash = app.passwords.hash(client.network, request.password).await?;
    let data = options.data_to_copy(app, client, None).await?;
    let transaction = app.db.begin_write().await?;
    let now = app.clock.now();
    let admitted = admission.use_up(&transaction, now).await?;
    let roles = admitted.roles.clone();
    let new_user = NewUser { username: request.username, password_hash, created_at: now, roles };
    let user = user_creation::create(&transaction, &new_user, now).await?;
    let user = match request.email {
        Some(email) => request_verification(&transaction, user, email, now).await?,
        None => user,
    };
    let ended = end_presented(app, &transaction, client).await?;
    let new = begin_session(app, &transaction, user, client, options.transport).await?;
    let signed_up = client.event(EventKind::SignUp, new.user.id, now).in_session(new.id());
    let events = admitted.events(signed_up.with(Details::ended(ended.sessions.len())));
    event::create_all(&transaction, &events).await?;
    transaction.commit().await?;
    app.ended(&ended).await;
    events.iter().for_each(Event::log);
    Ok(new.with_data(app, client, &data).await)
}
