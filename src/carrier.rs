//! Carriers: how a session token travels, in the `Authorization` header or in a cookie.
//!
//! The token is the same. A header is sent by a program that means it; a cookie is sent by the browser, whatever
//! page asked it to, so a session that came by cookie changes nothing unless the page is ours (`site`).

use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;

use crate::auth::refusal::Refusal;
use crate::auth::token::Issued;
use crate::error::Error;

pub mod cookies;
pub mod site;

pub use cookies::Cookies;
pub use site::Site;

/// Brings a token, without being asked for one, to who sends theirs in `Authorization`.
pub const TOKEN_HEADER: HeaderName = HeaderName::from_static("daypass-session-token");

/// How a session token travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// In `Authorization: Bearer <jwt>`.
    #[default]
    Bearer,
    /// In a cookie that no script can read.
    Cookie,
}

impl Carrier {
    /// The carrier of this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "bearer" => Some(Self::Bearer),
            "cookie" => Some(Self::Cookie),
            _ => None,
        }
    }

    /// Whether it may be used for a page of this site.
    ///
    /// # Errors
    /// [`Error::CrossSite`] for a cookie and somebody else's page.
    pub fn check(self, site: Site) -> Result<(), Error> {
        if self == Self::Cookie && site == Site::Elsewhere { Err(Error::CrossSite) } else { Ok(()) }
    }

    /// Puts a token into the headers of an answer.
    ///
    /// # Errors
    /// When the text cannot stand in a header, which no token does.
    pub fn hand_out(
        self,
        issued: &Issued,
        cookies: &Cookies,
        now: DateTime<Utc>,
        headers: &mut HeaderMap,
    ) -> Result<(), Error> {
        let token = issued.token.expose_secret();
        match self {
            Self::Cookie => {
                headers.append(SET_COOKIE, cookies.carry(token, issued.session.expires_at, now)?);
            }
            Self::Bearer => {
                headers.insert(TOKEN_HEADER, HeaderValue::try_from(token).map_err(Error::fault)?);
            }
        }
        Ok(())
    }
}

/// The token that a request presents, and by which carrier. What a program puts into the header wins over what
/// the browser adds.
///
/// # Errors
/// [`Refusal::NoToken`], and [`Error::AmbiguousToken`] for more than one header, or cookie of this name.
pub fn presented<'a>(headers: &'a HeaderMap, cookies: &Cookies) -> Result<(&'a str, Carrier), Error> {
    match in_header(headers) {
        Ok(Some(token)) => Ok((token, Carrier::Bearer)),
        Ok(None) => match cookies.token(headers)? {
            Some(token) => Ok((token, Carrier::Cookie)),
            None => Err(Refusal::NoToken.into()),
        },
        Err(error) => Err(error),
    }
}

/// The token of `Authorization: Bearer <jwt>`, the scheme in any case (RFC 9110 §11.1), or of a bare
/// `<jwt>`, as the clients of the course send it. Another scheme presents no token of ours.
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;
    use proptest::prelude::*;

    use super::*;

    fn presented_in(headers: &HeaderMap) -> Result<(String, Carrier), String> {
        let presented = presented(headers, &Cookies::new(true));
        presented.map(|(token, carrier)| (token.to_owned(), carrier)).map_err(|error| error.code().to_owned())
    }

    fn in_authorization(value: &[u8]) -> Result<(String, Carrier), String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        presented_in(&headers)
    }

    fn in_cookies(values: &[&str]) -> Result<(String, Carrier), String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_str(value).unwrap());
        }
        presented_in(&headers)
    }

    #[test]
    fn bearer_in_any_case_and_a_bare_token_are_heard() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c", "a.b.c", "a.b.c "] {
            assert_eq!(in_authorization(value.as_bytes()), Ok(("a.b.c".to_owned(), Carrier::Bearer)), "{value}");
        }
    }

    #[test]
    fn another_scheme_or_nothing_is_no_token() {
        for value in ["", " ", "Bearer", "bearer ", "Basic YWRhOng=", "Digest x=1, y=2"] {
            assert_eq!(in_authorization(value.as_bytes()), Err("no_token".to_owned()), "{value}");
        }
        assert_eq!(in_authorization(b"a.b.\xe9"), Err("malformed_token".to_owned()));
    }

    #[test]
    fn the_cookie_is_found_among_others_by_its_whole_name() {
        let found = Ok(("a.b.c".to_owned(), Carrier::Cookie));
        assert_eq!(in_cookies(&["__Host-daypass=a.b.c"]), found);
        assert_eq!(in_cookies(&["x=1; __Host-daypass=a.b.c; y=2"]), found);
        assert_eq!(in_cookies(&["x=1", "__Host-daypass=a.b.c"]), found, "HTTP/2 may split the header");
        for none in ["daypass=a.b.c", "X__Host-daypass=a.b.c", "__Host-daypass=", "", ";;=", "__Host-daypass"] {
            assert_eq!(in_cookies(&[none]), Err("no_token".to_owned()), "{none}");
        }
        let beside = |other: &[u8]| {
            let mut headers = HeaderMap::new();
            let cookies = [other, b"; __Host-daypass=a.b.c"].concat();
            headers.insert(COOKIE, HeaderValue::from_bytes(&cookies).unwrap());
            presented_in(&headers)
        };
        assert_eq!(beside("lang=fran\u{e7}ais".as_bytes()), found, "others need not be ASCII");
        assert_eq!(beside(b"x=\xff"), found, "nor text at all");
        let twice = in_cookies(&["__Host-daypass=a.b.c; __Host-daypass=d.e.f"]);
        assert_eq!(twice, Err("ambiguous_token".to_owned()));
    }

    #[test]
    fn the_header_wins_over_the_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("__Host-daypass=a.b.c"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("d.e.f"));
        assert_eq!(presented_in(&headers), Ok(("d.e.f".to_owned(), Carrier::Bearer)));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic YWRhOng="));
        assert_eq!(presented_in(&headers), Ok(("a.b.c".to_owned(), Carrier::Cookie)));
    }

    proptest! {
        #[test]
        fn any_header_value_is_read_without_panic(value in proptest::collection::vec(0x20_u8..=0xff, 0..60)) {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                let mut headers = HeaderMap::new();
                headers.insert(COOKIE, value.clone());
                let _ = presented_in(&headers);
                headers.insert(AUTHORIZATION, value);
                let _ = presented_in(&headers);
            }
        }
    }
}
