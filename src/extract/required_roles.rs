//! The parameter `role` of the query string, which can be repeated.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::types::role::{Role, Roles};

/// The roles of which the user needs one. `None` if the request names no role.
///
/// A name that is not valid is accepted, and no user has this role. So a typing error in the configuration of a proxy
/// rejects every user, and the response is not a `422`, which nginx would turn into a `500`.
pub struct RequiredRoles(Option<Vec<Role>>);

impl RequiredRoles {
    #[must_use]
    pub fn are_met_by(&self, roles: &Roles) -> bool {
        self.0.as_ref().is_none_or(|required| roles.contain_any(required))
    }
}

impl<S: Sync> FromRequestParts<S> for RequiredRoles {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let mut names = query.filter(|(name, _)| name == "role").peekable();
        let is_restricted = names.peek().is_some();
        let roles = names.filter_map(|(_, name)| name.parse().ok()).collect();
        Ok(Self(is_restricted.then_some(roles)))
    }
}
