//! Restricts routes to users with certain roles.
//!
//! This service has no such route of its own. Applications that are built on this code use the middleware for theirs.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::auth::token::Session;
use crate::error::Error;
use crate::types::role::{InvalidRole, Role};

/// Rejects requests of users who have none of these roles. The routes must also have
/// [`validate_session`](fn@super::validate_session).
///
/// ```
/// use axum::Router;
/// use axum::middleware::from_fn_with_state;
/// use axum::routing::get;
/// use daypass::app::AppState;
/// use daypass::extract::Policy;
/// use daypass::middleware::{RequireRole, require_role, validate_session};
///
/// fn reports(app: &AppState) -> Router<AppState> {
///     let editors = RequireRole::any_of(["admin", "editor"]).expect("the names of the roles are valid");
///     Router::new()
///         .route("/api/reports", get(|| async { "reports" }))
///         .route_layer(from_fn_with_state(editors, require_role))
///         .route_layer(from_fn_with_state((app.clone(), Policy::Required), validate_session))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RequireRole(Vec<Role>);

impl RequireRole {
    /// # Errors
    /// [`InvalidRole`] if a name is not valid.
    pub fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidRole> {
        names.into_iter().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// The middleware of [`RequireRole`].
pub async fn require_role(
    State(RequireRole(roles)): State<RequireRole>,
    session: Session,
    request: Request,
    next: Next,
) -> Response {
    if session.roles.contain_any(&roles) { next.run(request).await } else { Error::MissingRole.into_response() }
}
