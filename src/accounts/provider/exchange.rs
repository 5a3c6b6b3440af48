//! The code with which a page gets a session token after a sign-in at a provider. A token in the address would be stored
//! in the history of the browser.

use axum::http::HeaderValue;
use chrono::{DateTime, TimeDelta};
use serde::{Deserialize, Serialize};

use super::super::{ClientInfo, Limited, NewSession};
use super::flow::{FlowCookie, Returned, open, seal};
use super::user_returns::SignInAtProvider;
use crate::app::AppState;
use crate::auth::token::SealedFor;
use crate::error::Error;
use crate::models::used_code;
use crate::oidc::IdTokenFacts;
use crate::transport::Transport;
use crate::types::UserId;
use crate::types::digest::sha256;

const LIFETIME: TimeDelta = TimeDelta::seconds(60);

/// What the code contains, sealed.
#[derive(Serialize, Deserialize)]
struct ExchangeCode {
    /// The id of the flow, which the cookie of the browser contains too.
    flow: String,
    user_id: UserId,
    provider: String,
    key_hash: String,
    methods: Vec<String>,
    authenticated_at: Option<i64>,
    session: Option<String>,
    issued_at: i64,
    expires_at: i64,
}

/// Returns a code for a session, and the cookie that binds it to the browser.
pub(super) fn code(
    app: &AppState,
    client: &ClientInfo,
    sign_in: &SignInAtProvider,
) -> Result<(String, HeaderValue), Error> {
    let expires_at = app.clock.now() + LIFETIME;
    let returned = Returned::new(expires_at);
    let code = ExchangeCode {
        flow: returned.flow.clone(),
        user_id: sign_in.user_id,
        provider: sign_in.provider.to_string(),
        key_hash: sign_in.key_hash.clone(),
        methods: sign_in.facts.methods.clone(),
        authenticated_at: sign_in.facts.authenticated_at.map(|at| at.timestamp()),
        session: sign_in.facts.session.clone(),
        issued_at: sign_in.facts.issued_at.timestamp(),
        expires_at: expires_at.timestamp(),
    };
    Ok((seal(app, SealedFor::ExchangeCode, &code)?, FlowCookie::Returned(returned).header(app, client)?))
}

/// Begins the session of a code.
///
/// # Errors
/// [`Error::CodeInvalid`] if the code was used, has expired or belongs to another browser.
pub async fn exchange_code(app: &AppState, client: &ClientInfo, code: &str) -> Result<Limited<NewSession>, Error> {
    let attempt = app.limits.code(client.network, app.clock.monotonic())?;
    Ok(Limited::settle(attempt, exchange(app, client, code).await))
}

async fn exchange(app: &AppState, client: &ClientInfo, text: &str) -> Result<NewSession, Error> {
    let now = app.clock.now();
    let code: ExchangeCode = open(app, SealedFor::ExchangeCode, text).ok_or(Error::CodeInvalid)?;
    let Some(FlowCookie::Returned(returned)) = FlowCookie::of(app, client) else { return Err(Error::CodeInvalid) };
    if returned.flow != code.flow || now.timestamp() >= code.expires_at {
        return Err(Error::CodeInvalid);
    }
    if !used_code::use_up(&app.db, sha256(&["exchange ", &code.flow]), now + LIFETIME).await? {
        return Err(Error::CodeInvalid);
    }
    let mut new = sign_in(code)?.begin(app, client, Transport::Bearer).await?;
    new.cookies.push(client.cookies.cleared_flow());
    Ok(new)
}

fn sign_in(code: ExchangeCode) -> Result<SignInAtProvider, Error> {
    let time = |seconds| DateTime::from_timestamp(seconds, 0);
    let facts = IdTokenFacts {
        authenticated_at: code.authenticated_at.and_then(time),
        methods: code.methods,
        session: code.session,
        issued_at: time(code.issued_at).ok_or(Error::CodeInvalid)?,
    };
    Ok(SignInAtProvider {
        user_id: code.user_id,
        provider: code.provider.parse().map_err(Error::fault)?,
        key_hash: code.key_hash,
        facts,
    })
}
