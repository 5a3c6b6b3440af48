//! Authentication: turns a request into a session.
//!
//! This usually needs no I/O, because the keys and the revocations are in memory. The database is read only if the
//! revocations in memory are too old, or do not have the token's generation. If this read fails, the request is
//! rejected.

use axum::http::Method;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::is_json;
use crate::accounts::use_current_roles;
use crate::app::AppState;
use crate::auth::revocation::Status;
use crate::auth::token::AnySession;
use crate::auth::token::refusal::Refusal;
use crate::error::Error;
use crate::headers::{FORWARDED_METHOD, ORIGINAL_METHOD};
use crate::transport;
use crate::transport::{FetchSite, Transport};

/// Which sessions a route accepts, and what happens to a request without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A user's session is required.
    Required,
    /// Like `Required`, but an expired token is accepted if it can be renewed.
    Renewal,
    /// Like `Required`, but the response to a request with several tokens is `401` instead of `400`, because nginx
    /// turns a `400` into a `500`.
    ForwardAuth,
    /// A user's session, an anonymous session or no token is accepted. An invalid token is rejected.
    AnySession,
    /// Like `AnySession`, but the response clears the session cookie whenever its token is rejected.
    SignOut,
    /// Like `AnySession`, but an invalid token counts as no token. So does a cookie that `AnySession` would reject,
    /// unless the request is cross-site. Cross-site requests are rejected if they have a cookie or could come from a
    /// link, because these routes change state even with `GET`.
    Lenient,
    /// A session is used if there is one. No request is rejected, and the database is not read. This policy is for
    /// sign-up and sign-in, which must also work with a stale token.
    Optional,
    /// Like `Optional`, but also for a request that another site caused. This policy is for the return from a provider,
    /// which shows in another way that this browser started the sign-in.
    Return,
}

/// The session of a request.
#[derive(Clone, Debug)]
pub struct Authenticated {
    pub session: AnySession,
    /// How the request sent its token.
    pub transport: Transport,
    /// Whether the roles in the token are out of date. The session has the current ones.
    pub has_old_roles: bool,
}

/// The result of [`authenticate`].
pub struct Authentication {
    /// The session, or `None` if the request continues without a session. An error says why the request is rejected.
    pub result: Result<Option<Authenticated>, Error>,
    /// Whether the response clears the session cookie, because the server will not accept its token again.
    pub clears_cookie: bool,
}

/// Authenticates a request.
pub async fn authenticate(app: &AppState, head: &Parts, policy: Policy) -> Authentication {
    let (token, transport) = match accepted_token(app, head, policy) {
        Ok(found) => found,
        Err(error) => return policy.without_session(error, None),
    };
    match session(app, token, policy).await {
        Ok((session, has_old_roles)) => {
            let result = Ok(Some(Authenticated { session, transport, has_old_roles }));
            Authentication { result, clears_cookie: false }
        }
        Err(error) => policy.without_session(error, Some(transport)),
    }
}

/// Returns the token of the request and its transport, if the policy accepts the transport.
fn accepted_token<'a>(app: &AppState, head: &'a Parts, policy: Policy) -> Result<(&'a str, Transport), Error> {
    let cookies = || app.cookies(&head.uri, &head.headers);
    let site = || FetchSite::of(head, cookies().secure());
    // A link or an image on another site can cause such a request.
    let may_be_a_link = || head.method.is_safe() && !head.headers.contains_key(AUTHORIZATION);
    if policy == Policy::Lenient && may_be_a_link() && site() == FetchSite::CrossSite {
        return Err(Error::CrossSite);
    }
    let (token, transport) = transport::presented(&head.headers, cookies)?;
    if transport == Transport::Cookie {
        let site = site();
        match policy {
            Policy::Optional => transport.check(site)?,
            Policy::Return => {}
            Policy::Lenient => {
                transport.check(site)?;
                // The request continues as if it had no token.
                check_cookie_use(head, site, policy).map_err(|_| Refusal::NoToken)?;
            }
            _ => check_cookie_use(head, site, policy)?,
        }
    }
    Ok((token, transport))
}

/// Protects a session in a cookie against cross-site request forgery (ASVS 3.5.1, 3.5.2). Only pages of this origin may
/// use unsafe methods. A `POST` must also have a content type that HTML forms cannot send. Forms cannot send `PUT`,
/// `PATCH` and `DELETE`.
///
/// In forward authentication, the proxy sends the method of the original request in a header, or uses this method
/// itself. The application behind the proxy must check the content type.
fn check_cookie_use(head: &Parts, site: FetchSite, policy: Policy) -> Result<(), Error> {
    let original = [FORWARDED_METHOD, ORIGINAL_METHOD].into_iter().filter_map(|name| head.headers.get(name));
    let mut original = original.map(|value| Method::from_bytes(value.as_bytes()).unwrap_or(Method::POST));
    if !site.may(&head.method) || original.any(|method| !site.may(&method)) {
        return Err(Error::CrossSite);
    }
    if head.method == Method::POST && policy != Policy::ForwardAuth && !is_json(&head.headers) {
        return Err(Error::UnsupportedMediaType);
    }
    Ok(())
}

/// Returns the session of the token, and whether the roles in the token are out of date.
async fn session(app: &AppState, token: &str, policy: Policy) -> Result<(AnySession, bool), Error> {
    let now = app.clock.now();
    let mut session = if policy.accepts_renewable() {
        app.tokens.verify_renewable(token, now)?
    } else {
        app.tokens.verify(token, now)?
    };
    if policy.is_optional() {
        let revoked = matches!(app.revocations.status(&session, app.clock.monotonic()), Status::Revoked(_));
        if revoked || app.revocations.generation() != Some(session.generation) {
            return Err(Refusal::NoToken.into());
        }
        return Ok((session, false));
    }
    app.revocation_feed.check_active_or_refresh(&session).await?;
    if policy.needs_user() && session.user.is_none() {
        return Err(Refusal::Anonymous.into());
    }
    let has_old_roles = use_current_roles(app, &mut session).await?;
    Ok((session, has_old_roles))
}

impl Policy {
    /// Returns whether an expired token is accepted if it can be renewed. Sign-out and sign-in must also end a session
    /// whose token has expired, because otherwise the token could still be renewed.
    fn accepts_renewable(self) -> bool {
        matches!(self, Self::Renewal | Self::SignOut | Self::Optional | Self::Return)
    }

    fn is_optional(self) -> bool {
        matches!(self, Self::Optional | Self::Return)
    }

    fn needs_user(self) -> bool {
        matches!(self, Self::Required | Self::Renewal | Self::ForwardAuth)
    }

    /// Decides what happens to a request without a session. `error` says why the request has none.
    fn without_session(self, error: Error, transport: Option<Transport>) -> Authentication {
        let final_refusal = match &error {
            Error::Refused(refusal) => self == Self::SignOut || refusal.is_final(),
            _ => false,
        };
        let clears_cookie = transport == Some(Transport::Cookie) && final_refusal && !self.is_optional();
        let result = match (self, error) {
            (Self::Optional | Self::Return, _)
            | (Self::Lenient, Error::Refused(_))
            | (Self::AnySession | Self::SignOut, Error::Refused(Refusal::NoToken)) => Ok(None),
            (Self::ForwardAuth, Error::AmbiguousToken) => Err(Refusal::AmbiguousToken.into()),
            (_, error) => Err(error),
        };
        Authentication { result, clears_cookie }
    }
}
