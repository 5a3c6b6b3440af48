//! Removes a single trailing slash from the path of a request.
//!
//! Other slashes stay. If `//api/verify` became `/api/verify`, a proxy could check another path than the one that is
//! served. The path `/api/verify/` also stays, because Envoy uses it to ask about a request for `/`.

use axum::http::Uri;
use axum::http::uri::PathAndQuery;

/// Removes the trailing slash of the path, if there is exactly one.
pub(super) fn trim_trailing_slash(uri: &mut Uri) {
    let trimmed = uri.path().strip_suffix('/');
    let trims = |path: &&str| !path.is_empty() && !path.ends_with('/') && *path != "/api/verify";
    let Some(path) = trimmed.filter(trims) else { return };
    let path = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = path.ok();
    if let Ok(trimmed) = Uri::from_parts(parts) {
        *uri = trimmed;
    }
}
