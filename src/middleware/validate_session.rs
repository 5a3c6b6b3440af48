//! Authenticates requests before their handlers run, and updates the session cookie in the response.
//!
//! The router wraps each group of routes in [`validate_session`] with a [`Policy`].

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::AppState;
use crate::auth::revocation::Status;
use crate::auth::token::AnySession;
use crate::auth::token::refusal::Refusal;
use crate::config::VerifyPreflight;
use crate::error::Error;
use crate::extract::{Authenticated, Authentication, Policy, SignedOut, authenticate};
use crate::headers::{FORWARDED_METHOD, ORIGINAL_METHOD};
use crate::platform::random;
use crate::transport;
use crate::transport::{Cookies, FetchSite, Transport};

/// Adds the [`Authenticated`] session to the request, or rejects the request if the policy requires this.
pub async fn validate_session(
    State((app, policy)): State<(AppState, Policy)>,
    request: Request,
    next: Next,
) -> Response {
    if policy == Policy::SignOut
        && let Some(cookies) = several_cookies(&app, &request)
    {
        // Boxed, because otherwise the future of every request would be as large as this one.
        return Box::pin(sign_out_of_each(&app, cookies, request, next)).await;
    }
    validate(&app, policy, request, next).await
}

async fn validate(app: &AppState, policy: Policy, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if policy == Policy::ForwardAuth && is_accepted_preflight(app.config.cors.verify_preflight, &head) {
        return StatusCode::OK.into_response();
    }
    let cookies = app.cookies(&head.uri, &head.headers);
    let Authentication { result, clears_cookie } = authenticate(app, &head, policy).await;
    let mut response = match result {
        Ok(Some(session)) => respond(app, policy, cookies, session, head, body, next).await,
        Ok(None) => next.run(Request::from_parts(head, body)).await,
        Err(error) => {
            if let Error::Refused(refusal) = &error {
                app.failed_attempts.add_refusal(refusal);
            }
            error.into_response()
        }
    };
    if clears_cookie && !cookies.sets_session(response.headers()) {
        cookies.clear(response.headers_mut());
    }
    response
}

/// Returns whether a proxy asks about a CORS preflight for an application behind it, and the setting accepts
/// preflights. Browsers send preflights without credentials. Only the header that the setting names is read, because
/// the proxy overwrites it. Clients could forge the other headers.
fn is_accepted_preflight(setting: VerifyPreflight, request: &Parts) -> bool {
    let headers = &request.headers;
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none())
    };
    let method = match setting {
        VerifyPreflight::Reject => return false,
        VerifyPreflight::Method => Some(request.method.as_str().as_bytes()),
        VerifyPreflight::XForwardedMethod => only(FORWARDED_METHOD).map(HeaderValue::as_bytes),
        VerifyPreflight::XOriginalMethod => only(ORIGINAL_METHOD).map(HeaderValue::as_bytes),
    };
    let has = |name: HeaderName| headers.contains_key(name);
    let is_preflight = has(ORIGIN) && has(ACCESS_CONTROL_REQUEST_METHOD) && !has(AUTHORIZATION) && !has(COOKIE);
    method == Some(b"OPTIONS".as_slice()) && is_preflight
}

/// Returns one `Cookie` header for each session, if the request has several session cookies and no `Authorization`
/// header that takes precedence.
fn several_cookies(app: &AppState, request: &Request) -> Option<Vec<HeaderValue>> {
    let headers = request.headers();
    let cookies = app.cookies(request.uri(), headers);
    let ambiguous = matches!(transport::presented(headers, || cookies), Err(Error::AmbiguousToken));
    let several_headers = headers.get_all(AUTHORIZATION).iter().count() > 1;
    (ambiguous && !several_headers).then(|| cookies.each_alone(headers))
}

/// Signs out with each session cookie of the request. Another host of the domain may have set one of these cookies, and
/// the server cannot tell which of them is genuine.
async fn sign_out_of_each(app: &AppState, cookies: Vec<HeaderValue>, request: Request, next: Next) -> Response {
    let parts = request.into_parts().0;
    let own = app.cookies(&parts.uri, &parts.headers);
    let mut responses = Vec::new();
    for cookie in cookies {
        let mut parts = parts.clone();
        parts.headers.insert(COOKIE, cookie);
        let request = Request::from_parts(parts, Body::empty());
        responses.push(validate(app, Policy::AnySession, request, next.clone()).await);
    }
    let rank = |response: &Response| (response.status().is_server_error(), response.status().is_success());
    let Some(mut response) = responses.into_iter().max_by_key(rank) else {
        return Error::AmbiguousToken.into_response();
    };
    if response.status().is_success() || response.status() == StatusCode::UNAUTHORIZED {
        own.clear(response.headers_mut());
    }
    response
}

/// Runs the handler, then updates the session cookie or renews the token.
async fn respond(
    app: &AppState,
    policy: Policy,
    cookies: &Cookies,
    authenticated: Authenticated,
    mut head: Parts,
    body: Body,
    next: Next,
) -> Response {
    let transport = authenticated.transport;
    let has_old_roles = authenticated.has_old_roles;
    let follow_up = (transport == Transport::Cookie || app.tokens.renews() || has_old_roles).then(|| FollowUp {
        cookies,
        session: authenticated.session.clone(),
        transport,
        has_old_roles,
        // Otherwise a page on another port could keep an unused session alive. A renewal already returns a token.
        may_renew: policy != Policy::Renewal && transport.check(FetchSite::of(&head, cookies.secure())).is_ok(),
    });
    head.extensions.insert(authenticated);
    let mut response = next.run(Request::from_parts(head, body)).await;
    match follow_up.map_or(Ok(()), |follow_up| follow_up.apply(app, &mut response)) {
        Ok(()) => response,
        Err(error) => error.into_response(),
    }
}

/// What to do with the token of a request after the handler has run.
struct FollowUp<'a> {
    cookies: &'a Cookies,
    session: AnySession,
    transport: Transport,
    /// Whether the roles in the token are out of date.
    has_old_roles: bool,
    may_renew: bool,
}

impl FollowUp<'_> {
    /// Clears the cookie of an ended session, or renews the token of an active session.
    fn apply(&self, app: &AppState, response: &mut Response) -> Result<(), Error> {
        let signed_out = response.extensions().get::<SignedOut>().is_some();
        let headers = response.headers_mut();
        if self.cookies.sets_session(headers) {
            return Ok(());
        }
        match (app.revocations.status(&self.session, app.clock.monotonic()), self.transport) {
            (_, Transport::Cookie) if signed_out => self.cookies.clear(headers),
            (Status::Revoked(reason), Transport::Cookie) if Refusal::Revoked(reason).is_final() => {
                self.cookies.clear(headers);
            }
            // `Unknown` means that the revocations are too old by now. The session was active when the request was
            // authenticated.
            (Status::Active | Status::Unknown, _) if self.may_renew && !signed_out => {
                let now = app.clock.now();
                let renewed = app.tokens.renew(&self.session, self.has_old_roles, now, &mut random::secure())?;
                if let Some(issued) = renewed {
                    self.transport.send_token(&issued, self.cookies, now, headers)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}
