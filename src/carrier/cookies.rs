//! Our cookies: the session's, and the one that the variables of a session can be kept in.
//!
//! `__Host-` is a promise that the browser keeps: `Secure`, the whole path, this host alone, so that no sister
//! domain can plant one (RFC 6265bis §4.1.3.2). Without TLS, in development, the names do without it.

use axum::http::header::{COOKIE, InvalidHeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use cookie::time::Duration;
use cookie::{Cookie, CookieBuilder, SameSite};

use crate::error::Error;

/// Tells the browser to forget what it keeps of us.
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
/// What a browser takes of one cookie, name and value together (RFC 6265bis §5.6).
pub const MAX_COOKIE_BYTES: usize = 4096;

/// Reads and writes our cookies.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    secure: bool,
}

impl Cookies {
    /// Cookies for TLS alone, or for development without it.
    #[must_use]
    pub fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// Whether they are for TLS alone.
    #[must_use]
    pub fn secure(&self) -> bool {
        self.secure
    }

    /// The name of the cookie that carries a session token.
    #[must_use]
    pub fn session_name(&self) -> &'static str {
        if self.secure { "__Host-daypass" } else { "daypass" }
    }

    /// The name of the cookie that keeps variables.
    #[must_use]
    pub fn variables_name(&self) -> &'static str {
        if self.secure { "__Host-daypass-variables" } else { "daypass-variables" }
    }

    /// The session token in the request's cookies.
    ///
    /// # Errors
    /// [`Error::AmbiguousToken`] for two cookies of its name.
    pub fn token<'a>(&self, headers: &'a HeaderMap) -> Result<Option<&'a str>, Error> {
        let mut tokens = values(headers, self.session_name()).filter(|token| !token.is_empty());
        match (tokens.next(), tokens.next()) {
            // What is no text is a malformed token, and not none.
            (token, None) => Ok(token.map(|token| str::from_utf8(token).unwrap_or("\u{fffd}"))),
            (_, Some(_)) => Err(Error::AmbiguousToken),
        }
    }

    /// The variables in the request's cookies, as they were sealed.
    #[must_use]
    pub fn sealed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        values(headers, self.variables_name()).next().and_then(|sealed| str::from_utf8(sealed).ok())
    }

    /// Carries this token until it expires.
    ///
    /// # Errors
    /// When the text cannot stand in a header, which no token does.
    pub fn carry(&self, token: &str, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        self.write(self.session_name(), token, expires_at, now)
    }

    /// Keeps sealed variables until their session ends.
    ///
    /// # Errors
    /// [`Error::VariablesTooLarge`] for more than a browser takes.
    pub fn keep(&self, sealed: &str, ends_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        if self.variables_name().len() + sealed.len() >= MAX_COOKIE_BYTES {
            return Err(Error::VariablesTooLarge);
        }
        self.write(self.variables_name(), sealed, ends_at, now)
    }

    fn write(&self, name: &str, value: &str, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<HeaderValue, Error> {
        let seconds = (until.timestamp() - now.timestamp()).max(0);
        let cookie = self.dressed(Cookie::build((name, value))).max_age(Duration::seconds(seconds));
        HeaderValue::try_from(cookie.build().to_string()).map_err(Error::fault)
    }

    /// Whether an answer already says what becomes of the session's cookie.
    #[must_use]
    pub fn sets_session(&self, headers: &HeaderMap) -> bool {
        sets(headers, self.session_name())
    }

    /// Takes the session's cookies back, but for one that the answer sets already (RFC 6265bis §4.1.1).
    pub fn clear(&self, headers: &mut HeaderMap) {
        for name in [self.session_name(), self.variables_name()] {
            if !sets(headers, name)
                && let Ok(value) = self.taken_back(name)
            {
                headers.append(SET_COOKIE, value);
            }
        }
    }

    /// Takes back the cookie that carried a session whose place one takes that travels otherwise.
    ///
    /// # Errors
    /// Never, as the name is text.
    pub fn take_back_session(&self) -> Result<HeaderValue, Error> {
        self.taken_back(self.session_name()).map_err(Error::fault)
    }

    fn taken_back(&self, name: &'static str) -> Result<HeaderValue, InvalidHeaderValue> {
        let cookie = self.dressed(Cookie::build((name, ""))).max_age(Duration::ZERO);
        HeaderValue::try_from(cookie.build().to_string())
    }

    /// Takes the session's cookies back because the session has ended (ASVS 14.3.1).
    pub fn sign_out(&self, headers: &mut HeaderMap) {
        self.clear(headers);
        headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cookies\""));
    }

    fn dressed<'a>(&self, cookie: CookieBuilder<'a>) -> CookieBuilder<'a> {
        cookie.http_only(true).same_site(SameSite::Lax).path("/").secure(self.secure)
    }
}

/// The values of all cookies of this name. A browser sends each once; two are somebody's attempt. They stand among
/// others that need not be text: any script of the domain can set those.
fn values<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
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
    fn the_cookie_has_all_that_its_name_promises() {
        let until = now() + chrono::TimeDelta::days(1);
        let cookie = Cookies::new(true).carry("a.b.c", until, now()).unwrap();
        let expected = "__Host-daypass=a.b.c; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400";
        assert_eq!(cookie, expected);
        let plain = Cookies::new(false).carry("a.b.c", until, now()).unwrap();
        assert_eq!(plain, "daypass=a.b.c; HttpOnly; SameSite=Lax; Path=/; Max-Age=86400");
    }

    #[test]
    fn what_an_answer_sets_it_does_not_take_back() {
        let (cookies, mut headers) = (Cookies::new(true), HeaderMap::new());
        headers.append(SET_COOKIE, cookies.keep("sealed", now(), now()).unwrap());
        cookies.clear(&mut headers);
        let set: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect();
        assert!(set.len() == 2 && set[0].starts_with("__Host-daypass-variables=sealed;"), "{set:?}");
        assert!(set[1].starts_with("__Host-daypass=;") && set[1].contains("Max-Age=0"), "{set:?}");
    }

    #[test]
    fn more_than_a_browser_takes_is_refused() {
        let name = Cookies::new(true).variables_name().len();
        let most = "x".repeat(MAX_COOKIE_BYTES - name - 1);
        assert!(Cookies::new(true).keep(&most, now(), now()).is_ok());
        assert!(Cookies::new(true).keep(&format!("{most}x"), now(), now()).is_err());
    }
}
