//! The request bodies of sign-up, sign-in and password resets.

use super::{Fields, FromBody};
use crate::accounts::{PasswordReset, SignIn, SignUp};
use crate::app::AppState;
use crate::auth::password::policy::Password;
use crate::error::Error;
use crate::transport::Transport;
use crate::types::ValidationError;
use crate::types::email::Email;
use crate::types::secret_code::SecretCode;
use crate::types::username::Username;

/// The names of the JSON members with the credentials. Clients of the classroom use other names.
#[derive(Clone, Copy)]
pub struct CredentialNames {
    pub username: &'static str,
    pub password: &'static str,
}

const NAMES: CredentialNames = CredentialNames { username: "username", password: "password" };

impl FromBody for SignUp {
    fn from_body(mut fields: Fields, app: &AppState) -> Result<Self, Error> {
        let email = fields.optional("email", Email::parse);
        Ok(Self { email, ..sign_up(fields, NAMES, app)? })
    }
}

impl FromBody for SignIn {
    fn from_body(fields: Fields, _: &AppState) -> Result<Self, Error> {
        sign_in(fields, NAMES)
    }
}

/// Parses the body of a sign-up request, except the address: clients of the classroom send usernames as `email`.
pub fn sign_up(mut fields: Fields, names: CredentialNames, app: &AppState) -> Result<SignUp, Error> {
    let username = fields.required(names.username, Username::parse);
    let password = fields.required(names.password, |text| match app.choose_password(text)? {
        password if username.as_ref().is_some_and(|name| password.is_like(name.as_str())) => {
            Err(ValidationError::PasswordLikeUsername)
        }
        password => Ok(password),
    });
    let invitation = fields.optional("invitation", |text| Ok(SecretCode::presented(text)));
    let (transport, keep_variables) = session_options(&mut fields);
    let parsed = username.zip(password);
    let sign_up =
        |(username, password)| SignUp { username, password, invitation, email: None, transport, keep_variables };
    fields.finish(parsed.map(sign_up))
}

/// Parses the body of a sign-in request.
pub fn sign_in(mut fields: Fields, names: CredentialNames) -> Result<SignIn, Error> {
    let username = fields.required(names.username, |text| Ok(text.to_owned()));
    let password = fields.required(names.password, Password::presented);
    let (transport, keep_variables) = session_options(&mut fields);
    let parsed = username.zip(password);
    fields.finish(parsed.map(|(username, password)| SignIn { username, password, transport, keep_variables }))
}

impl FromBody for PasswordReset {
    fn from_body(mut fields: Fields, app: &AppState) -> Result<Self, Error> {
        let code = fields.required("code", |text| Ok(SecretCode::presented(text)));
        let new = fields.required("newPassword", |text| app.choose_password(text));
        let transport = fields.optional("carrier", Transport::parse).unwrap_or_default();
        fields.finish(code.zip(new).map(|(code, new_password)| Self { code, new_password, transport }))
    }
}

/// Parses `carrier` and `keepVariables`. [`Fields::finish`] reports invalid values.
fn session_options(fields: &mut Fields) -> (Transport, bool) {
    let transport = fields.optional("carrier", Transport::parse).unwrap_or_default();
    (transport, fields.flag("keepVariables").unwrap_or_default())
}
