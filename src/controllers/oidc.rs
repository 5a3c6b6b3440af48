//! Sign-in at OpenID Connect providers. The browser visits the first two routes, and a provider calls the last one.

use axum::Json as Reply;
use axum::extract::State;
use axum::http::header::{ACCEPT, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::ClientInfo;
use crate::accounts::provider;
use crate::accounts::provider::{Destination, ProviderResponse, Redirect, ReturnTo, StartFlow};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::{Fields, Form, FromBody, FromQuery, Id, Json, Query};
use crate::transport::Transport;
use crate::types::provider_name::ProviderName;
use crate::types::secret_code::SecretCode;
use crate::views::problem::AsPage;
use crate::views::{Credentials, StartUrl};

/// How to start a sign-in at a provider.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StartParameters {
    /// Where the browser goes afterwards: a path, or an address whose origin is in `CORS_ORIGINS`. The page of the service
    /// by default.
    #[param(example = "/")]
    return_to: Option<String>,
    /// `cookie`: the session begins in a cookie. `bearer`: the browser gets a code, for `POST /api/sessions/exchange`.
    #[param(value_type = Option<String>, pattern = "^(cookie|bearer)$", example = "cookie")]
    transport: Transport,
    /// `true`: the provider must authenticate the user again.
    #[param(value_type = Option<bool>)]
    fresh: bool,
    /// The ticket of a `startUrl`.
    ticket: Option<String>,
}

impl FromQuery for StartParameters {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let text = |text: &str| Ok(text.to_owned());
        let return_to = fields.optional("return_to", text);
        let transport = fields.optional("transport", Transport::parse).unwrap_or(Transport::Cookie);
        let fresh = fields.word_flag("fresh").unwrap_or(false);
        let ticket = fields.optional("ticket", text);
        fields.finish(Some(Self { return_to, transport, fresh, ticket }))
    }
}

/// Start a sign-in at a provider
///
/// Sends the browser to the provider. A cookie keeps the state of the sign-in for ten minutes.
#[utoipa::path(get, path = "/api/oidc/{provider}/start", tag = "providers",
    params(("provider" = String, Path), StartParameters), responses(
    (status = 303, description = "The browser goes to the provider."),
    (status = 400, description = "`flow_invalid`"),
    (status = 404, description = "`not_found`"),
    (status = 422, description = "`return_to_not_allowed` or `invalid_fields`"),
    (status = 503, description = "`provider_unavailable`"),
))]
pub async fn start(
    State(app): State<AppState>,
    Id(name): Id<ProviderName>,
    headers: HeaderMap,
    client: ClientInfo,
    Query(parameters): Query<StartParameters>,
) -> Response {
    let StartParameters { return_to, transport, fresh, ticket } = parameters;
    let started = async {
        let return_to = ReturnTo::parse(return_to.as_deref(), &app.config)?;
        let start = StartFlow { return_to, transport, fresh, ticket };
        let Redirect { url, cookie } = provider::start(&app, &client, &name, start).await?;
        redirect(&url, vec![cookie])
    };
    for_browser(&app, &headers, started.await)
}

/// The parameters of a provider's response.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallbackParameters {
    code: Option<String>,
    state: Option<String>,
    /// The issuer (RFC 9207).
    iss: Option<String>,
    error: Option<String>,
}

impl FromQuery for CallbackParameters {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let mut text = |name| fields.optional(name, |text| Ok(text.to_owned()));
        let (code, state, iss, error) = (text("code"), text("state"), text("iss"), text("error"));
        fields.finish(Some(Self { code, state, iss, error }))
    }
}

/// Complete a sign-in at a provider
///
/// The provider sends the browser here. The session begins, or an identity is added to the account that asked for it.
#[utoipa::path(get, path = "/api/oidc/{provider}/callback", tag = "providers",
    params(("provider" = String, Path), CallbackParameters), responses(
    (status = 303, description = "The browser goes to `return_to`, with a session cookie or with `#code=…`."),
    (status = 400, description = "`flow_invalid`"),
    (status = 403, description = "`provider_denied`, `identity_not_linked`, `sign_up_closed`, `invitation_required`, \
                                  `invitation_invalid`, `invitation_used_up` or `invitation_expired`"),
    (status = 404, description = "`not_found`"),
    (status = 409, description = "`identity_taken`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 502, description = "`provider_failed`"),
    (status = 503, description = "`provider_unavailable`"),
))]
pub async fn callback(
    State(app): State<AppState>,
    Id(name): Id<ProviderName>,
    headers: HeaderMap,
    client: ClientInfo,
    Query(CallbackParameters { code, state, iss: issuer, error }): Query<CallbackParameters>,
) -> Response {
    let response = ProviderResponse { code, state, issuer, error };
    let returned = provider::user_returns(&app, &client, &name, response).await;
    for_browser(&app, &headers, returned.and_then(|Destination { url, cookies }| redirect(&url, cookies)))
}

fn redirect(url: &str, cookies: Vec<HeaderValue>) -> Result<Response, Error> {
    let location = HeaderValue::try_from(url).map_err(Error::fault)?;
    let cookies = AppendHeaders(cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)).collect::<Vec<_>>());
    Ok((StatusCode::SEE_OTHER, [(LOCATION, location)], cookies).into_response())
}

/// Shows an error as a page if the client is a browser, because a person sees it.
fn for_browser(app: &AppState, headers: &HeaderMap, result: Result<Response, Error>) -> Response {
    let mut response = result.into_response();
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        response.extensions_mut().insert(AsPage { has_home: app.config.serves_pages() });
    }
    response
}

/// An invitation to sign up.
#[derive(ToSchema)]
pub struct InvitedSignUp {
    #[schema(value_type = String, example = "uGx3x2JqAbSdDtrsSSu_6w")]
    invitation: SecretCode,
}

impl FromBody for InvitedSignUp {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let invitation = fields.required("invitation", |text| Ok(SecretCode::presented(text)));
        fields.finish(invitation.map(|invitation| Self { invitation }))
    }
}

/// Prepare a sign-up at a provider with an invitation
///
/// Returns the address at which this browser starts the sign-in. It does not contain the code of the invitation.
#[utoipa::path(post, path = "/api/oidc/{provider}/start", tag = "providers", params(("provider" = String, Path)),
    request_body = InvitedSignUp, responses(
    (status = 201, body = StartUrl),
    (status = 404, description = "`not_found`"),
))]
pub async fn prepare_sign_up(
    State(app): State<AppState>,
    Id(name): Id<ProviderName>,
    client: ClientInfo,
    Json(InvitedSignUp { invitation }): Json<InvitedSignUp>,
) -> Result<impl IntoResponse, Error> {
    let Redirect { url, cookie } = provider::prepare_sign_up(&app, &client, &name, &invitation)?;
    Ok((StatusCode::CREATED, [(SET_COOKIE, cookie)], Reply(StartUrl { start_url: url })))
}

/// The code of a sign-in at a provider.
#[derive(ToSchema)]
pub struct ExchangeCode {
    /// From the fragment of the address: `#code=…`.
    #[schema(example = "3Zk1dWQ2…")]
    code: String,
}

impl FromBody for ExchangeCode {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let code = fields.required("code", |text| Ok(text.to_owned()));
        fields.finish(code.map(|code| Self { code }))
    }
}

/// Get the session of a sign-in at a provider
///
/// The code is valid for 60 seconds, once, in the browser that signed in.
#[utoipa::path(post, path = "/api/sessions/exchange", tag = "providers", request_body = ExchangeCode, responses(
    (status = 201, body = Credentials),
    (status = 403, description = "`code_invalid` or `identity_not_linked`"),
    (status = 429, description = "`too_many_attempts`"),
))]
pub async fn exchange(
    State(app): State<AppState>,
    client: ClientInfo,
    Json(ExchangeCode { code }): Json<ExchangeCode>,
) -> Result<impl IntoResponse, Error> {
    let new = provider::exchange_code(&app, &client, &code).await?;
    let location = [(LOCATION, "/api/sessions/current")];
    Ok(new.map(|new| (StatusCode::CREATED, location, Credentials::of(new, "successfully authenticated"))))
}

/// The message of a provider that a user signed out.
#[derive(ToSchema)]
pub struct ProviderLogout {
    /// A signed token of the provider.
    #[schema(example = "eyJhbGciOiJFUzI1NiIs…")]
    logout_token: String,
}

impl FromBody for ProviderLogout {
    fn from_body(mut fields: Fields, _: &AppState) -> Result<Self, Error> {
        let token = fields.required("logout_token", |text| Ok(text.to_owned()));
        fields.finish(token.map(|logout_token| Self { logout_token }))
    }
}

/// Receive a sign-out at a provider
///
/// The provider calls this route (OpenID Connect Back-Channel Logout). The sessions that began there end.
#[utoipa::path(post, path = "/api/oidc/{provider}/backchannel-logout", tag = "providers",
    params(("provider" = String, Path)),
    request_body(content = ProviderLogout, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "The sessions have ended."),
    (status = 400, description = "`logout_token_invalid`"),
    (status = 404, description = "`not_found`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`provider_unavailable`"),
))]
pub async fn backchannel_logout(
    State(app): State<AppState>,
    Id(name): Id<ProviderName>,
    client: ClientInfo,
    Form(ProviderLogout { logout_token }): Form<ProviderLogout>,
) -> Result<StatusCode, Error> {
    provider::sign_out_at_provider(&app, &client, &name, &logout_token).await?;
    Ok(StatusCode::OK)
}
