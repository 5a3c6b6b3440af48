//! The cookies: one with the session token, one with the session data if `SESSION_STORE=cookie`, and one with the state
//! of a sign-in at a provider.
//!
//! Browsers accept a `__Host-` cookie only with `Secure` and `Path=/`, and without `Domain`. So another host of the
//! domain cannot set such a cookie (RFC 6265bis §4.1.3.2). Without TLS, in development, the names have no prefix.

use std::sync::Arc;

use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use chrono::{DateTime, Utc};
use cookie::time::Duration;
use cookie::{Cookie, CookieBuilder, SameSite};

use crate::error::Error;

/// The maximum size of a cookie, name and value together (RFC 6265bis §5.6).
pub const MAX_COOKIE_BYTES: usize = 4096;

/// Reads and writes the cookies.
#[derive(Clone, Debug)]
pub struct Cookies {
    secure: bool,
    session_name: Arc<str>,
    variables_name: Arc<str>,
    flow_name: Arc<str>,
}

impl Cookies {
    /// Creates the cookies. `name` is the setting `COOKIE_NAME`. `secure` means that browsers send the cookies over TLS
    /// only.
    pub fn new(name: &str, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        Self {
            secure,
            session_name: format!("{prefix}{name}").into(),
            variables_name: format!("{prefix}{name}-variables").into(),
            flow_name: format!("{prefix}{name}-flow").into(),
        }
    }

    pub fn secure(&self) -> bool {
        self.secure
    }

    /// Returns the name of the cookie with the session token.
    pub fn session_name(&self) -> &str {
        &self.session_name
    }

    /// Returns the name of the cookie with the session data.
    pub fn variables_name(&self) -> &str {
        &self.variables_name
    }

    /// Returns the session token of a request.
    ///
    /// # Errors
    /// [`Error::AmbiguousToken`] if the request has more than one session cookie.
    pub fn token<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Error> {
        let mut tokens = values(headers, self.session_name()).filter(|token| !token.is_empty());
        match (tokens.next(), tokens.next()) {
            // A value that is not UTF-8 is replaced by a text that is not a valid token.
            (token, None) => Ok(token.map(|token| str::from_utf8(token).unwrap_or("\u{fffd}"))),
            (_, Some(_)) => Err(Error::AmbiguousToken),
        }
    }

    /// Returns one `Cookie` header for each different session cookie of the request.
    pub fn each_alone(&self, headers: &HeaderMap) -> Vec<HeaderValue> {
        let name = self.session_name();
        let mut tokens: Vec<_> = values(headers, name).filter(|token| !token.is_empty()).collect();
        tokens.sort_unstable();
        tokens.dedup();
        let alone = tokens.into_iter().map(|token| [name.as_bytes(), b"=", token].concat());
        alone.filter_map(|cookie| HeaderValue::try_from(cookie).ok()).collect()
    }

    /// Returns the encrypted session data of a request.
    pub fn sealed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        values(headers, self.variables_name()).next().and_then(|sealed| str::from_utf8(sealed).ok())
    }

    /// Returns the sealed state of a sign-in at a provider.
    pub fn flow<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        values(headers, &self.flow_name).next().and_then(|sealed| str::from_utf8(sealed).ok())
    }

    /// Returns the cookie for the sealed state of a sign-in at a provider.
    ///
    /// # Errors
    /// [`Error::ReturnToNotAllowed`] if browsers would reject the cookie, because the address to return to is too long.
    pub fn set_flow(&self, sealed: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        if self.flow_name.len() + sealed.len() >= MAX_COOKIE_BYTES {
            return Err(Error::ReturnToNotAllowed);
        }
        self.write(&self.flow_name, sealed, until, now)
    }

    /// Returns the header that clears the state of a sign-in at a provider.
    pub fn cleared_flow(&self) -> HeaderValue {
        self.cleared(&self.flow_name)
    }

    /// Returns the cookie for a session token.
    pub fn session(&self, token: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        self.write(self.session_name(), token, until, now)
    }

    /// Returns the cookie for encrypted session data.
    ///
    /// # Errors
    /// [`Error::VariablesTooLarge`] if browsers would reject the cookie.
    pub fn session_data(&self, sealed: &str, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        if self.variables_name().len() + sealed.len() >= MAX_COOKIE_BYTES {
            return Err(Error::VariablesTooLarge);
        }
        self.write(self.variables_name(), sealed, ends_at, now)
    }

    fn write(&self, name: &str, value: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        let seconds = (until.timestamp() - now.timestamp()).max(0);
        let cookie = self.with_attributes(Cookie::build((name, value))).max_age(Duration::seconds(seconds));
        HeaderValue::try_from(cookie.build().to_string()).map_err(Error::fault)
    }

    /// Returns whether a response sets or clears the session cookie.
    pub fn sets_session(&self, headers: &HeaderMap) -> bool {
        sets(headers, self.session_name())
    }

    /// Clears both cookies, except those that the response already sets (RFC 6265bis §4.1.1). Does not use
    /// `Clear-Site-Data`, which would also delete the cookies of other applications on the host and on sibling domains.
    pub fn clear(&self, headers: &mut HeaderMap) {
        for name in [self.session_name(), self.variables_name()] {
            if !sets(headers, name) {
                headers.append(SET_COOKIE, self.cleared(name));
            }
        }
    }

    /// Returns the header that clears the session cookie.
    pub fn cleared_session(&self) -> HeaderValue {
        self.cleared(self.session_name())
    }

    fn cleared(&self, name: &str) -> HeaderValue {
        let cookie = self.with_attributes(Cookie::build((name, ""))).max_age(Duration::ZERO);
        HeaderValue::try_from(cookie.build().to_string()).expect("name and attributes are visible ASCII")
    }

    fn with_attributes<'a>(&self, cookie: CookieBuilder<'a>) -> CookieBuilder<'a> {
        cookie.http_only(true).same_site(SameSite::Lax).path("/").secure(self.secure)
    }
}

/// Returns the values of all cookies with this name. Parses bytes, because other cookies of the domain may not be
/// UTF-8.
fn values<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
}

fn sets(headers: &HeaderMap, name: &str) -> bool {
    let after_name = |cookie: &HeaderValue| cookie.as_bytes().strip_prefix(name.as_bytes())?.first().copied();
    headers.get_all(SET_COOKIE).iter().any(|cookie| after_name(cookie) == Some(b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn clear_leaves_cookies_that_the_response_sets() {
        let (cookies, mut headers) = (Cookies::new("daypass", true), HeaderMap::new());
        headers.append(SET_COOKIE, cookies.session_data("sealed", now(), now()).unwrap());
        cookies.clear(&mut headers);
        let set: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert!(set.len() == 2 && set[0].starts_with("__Host-daypass-variables=sealed;"), "{set:?}");
        assert!(set[1].starts_with("__Host-daypass=;") && set[1].contains("Max-Age=0"), "{set:?}");
    }

    #[test]
    fn cookie_that_browsers_would_reject_is_an_error() {
        let name = Cookies::new("daypass", true).variables_name().len();
        let max = "x".repeat(MAX_COOKIE_BYTES - name - 1);
        assert!(Cookies::new("daypass", true).session_data(&max, now(), now()).is_ok());
        assert!(Cookies::new("daypass", true).session_data(&format!("{max}x"), now(), now()).is_err());
    }
}
