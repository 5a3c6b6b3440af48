//! The heart: a request that carries a good token *is* a session.
//!
//! Wraps the whole protected group, so a route in it is closed unless this lets it through. No I/O: a
//! key from memory, a MAC, a few comparisons, a look into the set of ended sessions. Only when that set
//! could not be kept in step is the database asked, and if it does not answer either, nobody is let in.

use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::auth::refusal::Refusal;
use crate::auth::revocations::Standing;
use crate::auth::token::AnySession;
use crate::carrier::{self, Carrier, Site};
use crate::error::Error;
use crate::extract::{Presented, is_json};
use crate::models::revocation;
use crate::random;

/// How proxies name the method of the request that they ask about.
const FORWARDED_METHOD: [&str; 2] = ["x-forwarded-method", "x-original-method"];

/// Establishes the [`Session`](crate::auth::token::Session) of a request, or refuses it.
///
/// # Errors
/// `401` with the [`Refusal`], `400` for more than one token, `403` for a cookie that somebody else's page uses,
/// `503` when it cannot be told whether the session has ended.
pub async fn validate_session(State(app): State<App>, request: Request, next: Next) -> Response {
    let (carrier, session) = match established(&app, request.method(), request.uri(), request.headers()).await {
        Ok(established) => established,
        Err(error) => return error.into_response(),
    };
    match session {
        Ok(session) if session.user.is_some() => answer(&app, session, carrier, request, next).await,
        Ok(_) => Error::from(Refusal::Anonymous).into_response(),
        Err(error) => refused(&app, carrier, error),
    }
}

/// The same for routes that anonymous visitors may use, also those who present no token yet.
pub async fn validate_any_session(State(app): State<App>, request: Request, next: Next) -> Response {
    match established(&app, request.method(), request.uri(), request.headers()).await {
        Ok((carrier, Ok(session))) => answer(&app, session, carrier, request, next).await,
        Ok((carrier, Err(error))) => refused(&app, carrier, error),
        Err(Error::Refused(Refusal::NoToken)) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

/// The same for signing out: whatever is wrong with the token of a cookie, the browser is rid of it.
pub async fn validate_leaving_session(State(app): State<App>, request: Request, next: Next) -> Response {
    let by_cookie = matches!(carrier::presented(request.headers(), &app.cookies), Ok((_, Carrier::Cookie)));
    let mut response = validate_any_session(State(app.clone()), request, next).await;
    if by_cookie && response.status() == StatusCode::UNAUTHORIZED {
        app.cookies.clear(response.headers_mut());
    }
    response
}

/// The same for lessons: a token that is refused, or a cookie that may not be used here, is none; and no other page
/// may use a cookie, whatever the method.
pub async fn validate_leniently(State(app): State<App>, request: Request, next: Next) -> Response {
    let site = Site::read(request.uri(), request.headers(), app.cookies.secure());
    // What a link or an image of theirs can send.
    if site == Site::Elsewhere && request.method().is_safe() && !request.headers().contains_key(AUTHORIZATION) {
        return Error::CrossSite.into_response();
    }
    match established(&app, request.method(), request.uri(), request.headers()).await {
        Ok((Carrier::Cookie, _)) if site == Site::Elsewhere => Error::CrossSite.into_response(),
        Ok((carrier, Ok(session))) => answer(&app, session, carrier, request, next).await,
        Ok((carrier, Err(Error::Refused(refusal)))) => {
            let mut response = next.run(request).await;
            let take_back = carrier == Carrier::Cookie && refusal.is_final();
            if take_back && !app.cookies.sets_session(response.headers()) {
                app.cookies.clear(response.headers_mut());
            }
            response
        }
        Err(Error::Refused(_)) => next.run(request).await,
        Err(Error::CrossSite | Error::UnsupportedMediaType) if site != Site::Elsewhere => next.run(request).await,
        Ok((_, Err(error))) | Err(error) => error.into_response(),
    }
}

/// The carrier of the token that the request presents, and its session or why it has none.
async fn established(
    app: &App,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(Carrier, Result<AnySession, Error>), Error> {
    let (token, carrier) = carrier::presented(headers, &app.cookies)?;
    if carrier == Carrier::Cookie {
        check_intent(method, Site::read(uri, headers, app.cookies.secure()), headers)?;
    }
    Ok((carrier, session(app, token).await))
}

/// What a cookie allows: nothing is changed from a page that is not ours, nor by what a plain form can send
/// (ASVS 3.5.1, 3.5.2). `PUT`, `PATCH` and `DELETE` no form can send. A proxy that asks whether a request may pass
/// asks by `GET`, and tells the method of that request.
fn check_intent(method: &Method, site: Site, headers: &HeaderMap) -> Result<(), Error> {
    let asked_for = FORWARDED_METHOD.iter().filter_map(|name| headers.get(*name));
    let mut asked_for = asked_for.map(|value| Method::from_bytes(value.as_bytes()).unwrap_or(Method::POST));
    if !site.may(method) || asked_for.any(|method| !site.may(&method)) {
        return Err(Error::CrossSite);
    }
    if method == Method::POST && !is_json(headers) {
        return Err(Error::UnsupportedMediaType);
    }
    Ok(())
}

async fn session(app: &App, token: &str) -> Result<AnySession, Error> {
    let now = app.clock.now();
    let session = app.tokens.verify(token, now)?;
    let ended = match app.revocations.standing(session.id, now) {
        Standing::Live => None,
        Standing::Ended(reason) => Some(reason),
        Standing::Unknown => revocation::find(&app.db, session.id).await?,
    };
    match ended {
        Some(reason) => Err(Refusal::Revoked(reason).into()),
        None => Ok(session),
    }
}

/// A cookie that is refused for good is taken back: the browser would send it for ever.
fn refused(app: &App, carrier: Carrier, error: Error) -> Response {
    let take_back = carrier == Carrier::Cookie && matches!(&error, Error::Refused(refusal) if refusal.is_final());
    let mut response = error.into_response();
    if take_back {
        app.cookies.clear(response.headers_mut());
    }
    response
}

async fn answer(app: &App, session: AnySession, carrier: Carrier, mut request: Request, next: Next) -> Response {
    let follow_up = carrier == Carrier::Cookie || app.tokens.renews();
    let presented = Presented { session, carrier };
    let kept = follow_up.then(|| {
        let site = Site::read(request.uri(), request.headers(), app.cookies.secure());
        // Or any page of another port could keep the session of a person alive who has long left.
        (presented.session.clone(), carrier.check(site).is_ok())
    });
    request.extensions_mut().insert(presented);
    let mut response = next.run(request).await;
    if let Some((session, may_renew)) = kept {
        match after(app, &session, (carrier, may_renew), response.headers_mut()) {
            Ok(()) => {}
            Err(error) => return error.into_response(),
        }
    }
    response
}

/// Takes back the cookie of a session that ended, and renews the token of one that goes on.
fn after(
    app: &App,
    session: &AnySession,
    (carrier, may_renew): (Carrier, bool),
    headers: &mut HeaderMap,
) -> Result<(), Error> {
    if app.cookies.sets_session(headers) {
        return Ok(());
    }
    let now = app.clock.now();
    match (app.revocations.standing(session.id, now), carrier) {
        (Standing::Ended(reason), Carrier::Cookie) if Refusal::Revoked(reason).is_final() => {
            app.cookies.sign_out(headers);
        }
        // Unknown means that the database was asked, and the session lives.
        (Standing::Live | Standing::Unknown, _) if may_renew => {
            let Some(issued) = app.tokens.renew(session, now, &mut random::secure())? else { return Ok(()) };
            carrier.hand_out(&issued, &app.cookies, now, headers)?;
        }
        _ => {}
    }
    Ok(())
}
