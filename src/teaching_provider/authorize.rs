//! The authorization endpoint: the form, and the response through the browser.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::{Value, context};

use super::authorization_request::{AuthorizationRequest, Refusal};
use super::defect::{DESCRIPTIONS, Description};
use super::last_sign_in::{IssuedCode, SignIn};
use super::pages::explain;
use super::parameters::Parameters;
use super::protection::is_cross_site;
use super::{Defect, Grant, Person, Provider, TeachingProvider, explanations, random};

const OTHER_ISSUER: &str = "https://another-provider.example";

/// The parameters of a response, in the order in which the address of the redirection contains them.
pub(super) type ResponseParameters = Vec<(&'static str, String)>;

/// Shows the form.
pub(super) async fn show(State(provider): Provider, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let request = match AuthorizationRequest::parse(&query, &provider.client) {
        Ok(request) => request,
        Err(refusal) => return provider.refuse(refusal),
    };
    let defects: Vec<Value> = DESCRIPTIONS.iter().map(describe).collect();
    let request = explain(request.parameters.iter(), &explanations::REQUEST);
    let values = context! { query, request, defects };
    provider.pages.render(StatusCode::OK, "authorize.html", values)
}

fn describe(description: &Description) -> Value {
    context! { name => description.name, label => description.label, text => description.text }
}

/// Handles the submitted form.
pub(super) async fn decide(State(provider): Provider, headers: HeaderMap, body: Bytes) -> Response {
    if is_cross_site(&headers) {
        return provider.error_page(StatusCode::FORBIDDEN, "A page of another site sent the form.");
    }
    let form = Parameters::parse(&body);
    let query = form.get("request").unwrap_or_default();
    let request = match AuthorizationRequest::parse(query, &provider.client) {
        Ok(request) => request,
        Err(refusal) => return provider.refuse(refusal),
    };
    if form.get("decision") == Some("deny") {
        return provider.deny(request);
    }
    let Some(defect) = form.get("defect").and_then(Defect::by_name) else {
        return provider.error_page(StatusCode::BAD_REQUEST, "Choose what to break.");
    };
    match Person::of(&form, &request.scope) {
        Ok(person) => provider.grant(request, person, defect),
        Err(text) => provider.error_page(StatusCode::BAD_REQUEST, text),
    }
}

impl TeachingProvider {
    fn error_page(&self, status: StatusCode, text: &'static str) -> Response {
        self.pages.render(status, "message.html", context! { title => "Request refused", text })
    }

    fn refuse(&self, refusal: Refusal) -> Response {
        match refusal {
            Refusal::Page(text) => self.error_page(StatusCode::BAD_REQUEST, text),
            Refusal::Redirect { error, description, state } => {
                self.redirect(&self.error_response(error, description, state))
            }
        }
    }

    fn deny(&self, request: AuthorizationRequest) -> Response {
        let state = request.parameters.get("state").map(ToOwned::to_owned);
        let response = self.error_response("access_denied", "the person refused", state);
        self.respond(SignIn { request: request.parameters, response, issued: None })
    }

    /// Creates a code, and sends it to the service through the browser.
    fn grant(&self, request: AuthorizationRequest, person: Person, defect: Defect) -> Response {
        let AuthorizationRequest { parameters, scope, challenge } = request;
        let challenge = if defect == Defect::OtherChallenge { random::text() } else { challenge };
        let nonce = parameters.get("nonce").map(ToOwned::to_owned);
        let grant = Grant { challenge: challenge.clone(), nonce, scope, person, defect };
        let code = self.codes.insert(grant, self.clock.monotonic());
        let wrong_state = (defect == Defect::OtherState).then(random::text);
        let state = wrong_state.or_else(|| parameters.get("state").map(ToOwned::to_owned));
        let issuer = if defect == Defect::OtherIssuer { OTHER_ISSUER } else { &self.issuer };
        let mut response = vec![("code", code.clone())];
        response.extend(state.map(|state| ("state", state)));
        response.push(("iss", issuer.to_owned()));
        let issued = IssuedCode { code, challenge, defect, exchange: None };
        self.respond(SignIn { request: parameters, response, issued: Some(issued) })
    }

    /// Stores a sign-in as the last one, and sends its response.
    fn respond(&self, sign_in: SignIn) -> Response {
        let redirection = self.redirect(&sign_in.response);
        *self.last_sign_in() = Some(sign_in);
        redirection
    }

    fn error_response(&self, error: &str, description: &str, state: Option<String>) -> ResponseParameters {
        let mut response = vec![("error", error.to_owned()), ("error_description", description.to_owned())];
        response.extend(state.map(|state| ("state", state)));
        response.push(("iss", self.issuer.clone()));
        response
    }

    /// Redirects the browser to the service. The status 303 makes it send a GET without the form (RFC 9700 §4.12).
    fn redirect(&self, response: &ResponseParameters) -> Response {
        let mut address = self.redirect_uri.clone();
        address.query_pairs_mut().extend_pairs(response);
        (StatusCode::SEE_OTHER, [(LOCATION, String::from(address))]).into_response()
    }
}
