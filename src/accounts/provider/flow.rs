//! The state of a sign-in at a provider. The browser keeps it in a sealed cookie, so every replica can continue the
//! sign-in, and another browser cannot.

use axum::http::HeaderValue;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::ClientInfo;
use super::return_to::ReturnTo;
use crate::app::AppState;
use crate::auth::token::SealedFor;
use crate::error::Error;
use crate::models::used_code;
use crate::oidc::FlowSecrets;
use crate::platform::random;
use crate::transport::Transport;
use crate::types::UserId;
use crate::types::digest::sha256;
use crate::types::secret_code::SecretCode;

/// How long a sign-in at a provider may take.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// How to start a sign-in.
pub struct StartFlow {
    pub return_to: ReturnTo,
    pub transport: Transport,
    /// Whether the provider must authenticate the user again.
    pub fresh: bool,
    /// The ticket of a prepared start.
    pub ticket: Option<String>,
}

/// What the cookie contains.
#[derive(Serialize, Deserialize)]
pub(super) enum FlowCookie {
    Prepared(Prepared),
    Started(Box<Started>),
    Returned(Returned),
}

/// A sign-in that a page prepared with a request, because its start is a link and cannot carry a session or a code.
#[derive(Serialize, Deserialize)]
pub(super) struct Prepared {
    /// Part of the link. So a link that was prepared in another browser does not work.
    pub(super) ticket: String,
    pub(super) provider: String,
    pub(super) purpose: Purpose,
    expires_at: i64,
}

/// What a sign-in at a provider is for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// A session, of a new user if the identity is unknown.
    SignIn { invitation: Option<String> },
    /// Another identity of the user of this session.
    Link { user_id: UserId, session: String },
}

/// The browser is at the provider.
#[derive(Serialize, Deserialize)]
pub(super) struct Started {
    pub(super) provider: String,
    pub(super) state: String,
    nonce: String,
    verifier: String,
    pub(super) return_to: String,
    pub(super) by_cookie: bool,
    /// Whether the provider must authenticate the user again.
    pub(super) fresh: bool,
    pub(super) purpose: Purpose,
    expires_at: i64,
}

/// The browser has come back, and its page gets a session for a code.
#[derive(Serialize, Deserialize)]
pub(super) struct Returned {
    /// The id of the flow, which the code contains too.
    pub(super) flow: String,
    expires_at: i64,
}

impl Prepared {
    pub(super) fn new(provider: &str, purpose: Purpose, now: DateTime<Utc>) -> Self {
        let (ticket, expires_at) = (random_text(), (now + LIFETIME).timestamp());
        Self { ticket, provider: provider.to_owned(), purpose, expires_at }
    }
}

impl Started {
    pub(super) fn new(provider: &str, purpose: Purpose, start: &StartFlow, now: DateTime<Utc>) -> Self {
        Self {
            provider: provider.to_owned(),
            state: random_text(),
            nonce: random_text(),
            // At least 43 characters (RFC 7636 §4.1).
            verifier: random_text() + &random_text(),
            return_to: start.return_to.as_str().to_owned(),
            by_cookie: start.transport == Transport::Cookie,
            fresh: start.fresh,
            purpose,
            expires_at: (now + LIFETIME).timestamp(),
        }
    }

    pub(super) fn secrets(&self) -> FlowSecrets {
        let [state, nonce, verifier] =
            [&self.state, &self.nonce, &self.verifier].map(|text| SecretString::from(&**text));
        FlowSecrets { state, nonce, verifier }
    }

    /// Returns whether `state` is the one of this flow. Compares hashes, so the time reveals nothing about it.
    pub(super) fn has_state(&self, state: &str) -> bool {
        sha256(&[&self.state]) == sha256(&[state])
    }

    /// Makes sure that the flow is completed only once, on any replica.
    ///
    /// # Errors
    /// [`Error::FlowInvalid`] if it was completed before.
    pub(super) async fn use_up(&self, app: &AppState) -> Result<(), Error> {
        let until = app.clock.now() + LIFETIME;
        let is_first = used_code::use_up(&app.db, sha256(&["flow ", &self.state]), until).await?;
        if is_first { Ok(()) } else { Err(Error::FlowInvalid) }
    }
}

impl Returned {
    pub(super) fn new(expires_at: DateTime<Utc>) -> Self {
        Self { flow: random_text(), expires_at: expires_at.timestamp() }
    }
}

impl FlowCookie {
    /// Returns the state that the request presents, if it has not expired.
    pub(super) fn of(app: &AppState, client: &ClientInfo) -> Option<Self> {
        let cookie: Self = open(app, SealedFor::ProviderFlow, client.sealed_flow.as_deref()?)?;
        (app.clock.now().timestamp() < cookie.expires_at()).then_some(cookie)
    }

    /// Returns the `Set-Cookie` header with this state.
    pub(super) fn header(&self, app: &AppState, client: &ClientInfo) -> Result<HeaderValue, Error> {
        let until = DateTime::from_timestamp(self.expires_at(), 0).unwrap_or_default();
        client.cookies.set_flow(&seal(app, SealedFor::ProviderFlow, self)?, until, app.clock.now())
    }

    fn expires_at(&self) -> i64 {
        match self {
            Self::Prepared(prepared) => prepared.expires_at,
            Self::Started(started) => started.expires_at,
            Self::Returned(returned) => returned.expires_at,
        }
    }
}

pub(super) fn seal(app: &AppState, sealed_for: SealedFor, value: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(value).map_err(Error::fault)?;
    Ok(app.tokens.seal(sealed_for, &text)?)
}

pub(super) fn open<T: DeserializeOwned>(app: &AppState, sealed_for: SealedFor, sealed: &str) -> Option<T> {
    serde_json::from_str(&app.tokens.open(sealed_for, sealed)?).ok()
}

fn random_text() -> String {
    SecretCode::random(&mut random::secure()).expose().to_owned()
}
