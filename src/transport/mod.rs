//! Transports: a client sends a session token in the `Authorization` header or in a cookie.
//!
//! Both transports use the same tokens. A browser adds cookies to requests of any page. So a request with a session
//! cookie may change something only if it comes from a page of this origin ([`fetch_site`]).

use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use crate::auth::token::Issued;
use crate::auth::token::refusal::Refusal;
use crate::error::Error;
use crate::headers::SESSION_TOKEN;
use crate::types::ValidationError;

pub mod cookie;
pub mod fetch_site;
pub mod origin;

pub use cookie::Cookies;
pub use fetch_site::FetchSite;

/// How a session token is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// In `Authorization: Bearer <jwt>`.
    #[default]
    Bearer,
    /// In an `HttpOnly` cookie.
    Cookie,
}

impl Transport {
    /// Parses the value of `carrier`.
    pub fn parse(word: &str) -> Result<Self, ValidationError> {
        match word {
            "bearer" => Ok(Self::Bearer),
            "cookie" => Ok(Self::Cookie),
            _ => Err(ValidationError::Transport),
        }
    }

    /// Checks that a page of this site may use the transport.
    ///
    /// # Errors
    /// [`Error::CrossSite`] if a cross-site page would use a cookie.
    pub fn check(self, site: FetchSite) -> Result<(), Error> {
        if self == Self::Cookie && site == FetchSite::CrossSite { Err(Error::CrossSite) } else { Ok(()) }
    }

    /// Adds a token to the headers of a response.
    pub fn send_token(
        self,
        issued: &Issued,
        cookies: &Cookies,
        now: DateTime<Utc>,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let token = issued.token.expose_secret();
        match self {
            Self::Cookie => {
                headers.append(SET_COOKIE, cookies.session(token, issued.store_until, now)?);
            }
            Self::Bearer => {
                headers.insert(SESSION_TOKEN, HeaderValue::try_from(token).map_err(Error::fault)?);
            }
        }
        Ok(())
    }
}

/// Returns the token of a request and its transport. `Authorization` takes precedence over the cookie.
///
/// # Errors
/// [`Refusal::NoToken`], and [`Error::AmbiguousToken`] for more than one `Authorization` header or session cookie.
pub fn presented<'a, 'c>(
    headers: &'a HeaderMap,
    cookies: impl FnOnce() -> &'c Cookies,
) -> Result<(&'a str, Transport), Error> {
    if let Some(token) = in_header(headers)? {
        return Ok((token, Transport::Bearer));
    }
    cookies().token(headers)?.map(|token| (token, Transport::Cookie)).ok_or(Refusal::NoToken.into())
}

/// Returns the token of `Authorization: Bearer <jwt>`. The scheme is case-insensitive (RFC 9110 §11.1). A `<jwt>`
/// without a scheme is accepted, because the course's clients send it. Other schemes are ignored.
fn in_header(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::AmbiguousToken);
    }
    let value = value.to_str().map_err(|_| Refusal::MalformedToken)?.trim_matches(' ');
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start_matches(' '),
        Some(_) => "",
        None if value.eq_ignore_ascii_case("bearer") => "",
        None => value,
    };
    Ok((!token.is_empty()).then_some(token))
}
