//! Sign-out at the provider (OpenID Connect RP-Initiated Logout 1.0). The provider has no sessions, so it only sends
//! the browser back. A provider with sessions also verifies `id_token_hint`, or asks the person.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use url::Url;

use super::parameters::Parameters;
use super::{Provider, TeachingProvider};

pub(super) async fn by_query(State(provider): Provider, RawQuery(query): RawQuery) -> Response {
    provider.end_session(&Parameters::parse(query.unwrap_or_default().as_bytes()))
}

pub(super) async fn by_form(State(provider): Provider, body: Bytes) -> Response {
    provider.end_session(&Parameters::parse(&body))
}

impl TeachingProvider {
    fn end_session(&self, parameters: &Parameters) -> Response {
        let target = parameters.get("post_logout_redirect_uri").and_then(|target| Url::parse(target).ok());
        // An address of another origin may be an attacker's.
        let Some(mut target) = target.filter(|target| target.origin() == self.redirect_uri.origin()) else {
            let text = "The provider stores nothing about you in this browser.";
            return self.pages.render(StatusCode::OK, "message.html", context! { title => "Signed out", text });
        };
        if let Some(state) = parameters.get("state") {
            target.query_pairs_mut().append_pair("state", state);
        }
        (StatusCode::SEE_OTHER, [(LOCATION, String::from(target))]).into_response()
    }
}
