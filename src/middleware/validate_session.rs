//! The heart: a request that carries a good token *is* a session.
//!
//! Wraps the whole protected group, so a route in it is closed unless this lets it through. No I/O: a
//! key from memory, a MAC, a few comparisons, a look into the set of ended sessions. Only when that set
//! could not be kept in step is the database asked, and if it does not answer either, nobody is let in.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::auth::refusal::Refusal;
use crate::auth::revocations::Standing;
use crate::error::Error;
use crate::models::revocation;

/// Establishes the [`Session`](crate::auth::token::Session) of a request, or refuses it.
///
/// # Errors
/// `401` with the [`Refusal`], `400` for more than one `Authorization` header, `503` when it cannot be
/// told whether the session has ended.
pub async fn validate_session(State(app): State<App>, mut request: Request, next: Next) -> Result<Response, Error> {
    let token = presented_token(request.headers())?;
    let now = app.clock.now();
    let session = app.tokens.verify(token, now)?;
    let ended = match app.revocations.standing(session.id, now) {
        Standing::Live => None,
        Standing::Ended(reason) => Some(reason),
        Standing::Unknown => revocation::find(&app.db, session.id).await?,
    };
    if let Some(reason) = ended {
        return Err(Refusal::Revoked(reason).into());
    }
    request.extensions_mut().insert(session);
    Ok(next.run(request).await)
}

/// The token of `Authorization: Bearer <jwt>`, the scheme in any case (RFC 9110 §11.1), or of a bare
/// `<jwt>`, as the clients of the course send it. Another scheme presents no token of ours.
fn presented_token(headers: &HeaderMap) -> Result<&str, Error> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(Refusal::NoToken)?;
    if values.next().is_some() {
        return Err(Error::AmbiguousToken);
    }
    let value = value.to_str().map_err(|_| Refusal::MalformedToken)?.trim_matches(' ');
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim_start_matches(' '),
        Some(_) => return Err(Refusal::NoToken.into()),
        None if value.eq_ignore_ascii_case("bearer") => "",
        None => value,
    };
    if token.is_empty() { Err(Refusal::NoToken.into()) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn presented(value: &[u8]) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        presented_token(&headers).map(str::to_owned).map_err(|error| error.code().to_owned())
    }

    #[test]
    fn bearer_in_any_case_and_a_bare_token_are_heard() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c", "a.b.c", "a.b.c "] {
            assert_eq!(presented(value.as_bytes()), Ok("a.b.c".to_owned()), "{value}");
        }
    }

    #[test]
    fn another_scheme_or_nothing_is_no_token() {
        for value in ["", " ", "Bearer", "bearer ", "Basic YWRhOng=", "Digest x=1, y=2"] {
            assert_eq!(presented(value.as_bytes()), Err("no_token".to_owned()), "{value}");
        }
        assert_eq!(presented(b"a.b.\xe9"), Err("malformed_token".to_owned()));
    }

    proptest! {
        #[test]
        fn any_header_value_is_read_without_panic(value in proptest::collection::vec(0x20_u8..=0xff, 0..60)) {
            if let Ok(header) = HeaderValue::from_bytes(&value) {
                let _ = presented(header.as_bytes());
            }
        }
    }
}
