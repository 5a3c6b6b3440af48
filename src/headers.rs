//! Names of the header fields that no library defines.

use axum::http::HeaderName;

/// The device token. The client stores it and sends it with its next sign-in.
pub const DEVICE: HeaderName = HeaderName::from_static("daypass-device");
/// A new or renewed session token, for clients that send their token in `Authorization`.
pub const SESSION_TOKEN: HeaderName = HeaderName::from_static("daypass-session-token");

/// The id of the user, in forward authentication.
pub const AUTH_USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
/// The id of the session, in forward authentication.
pub const AUTH_SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
/// The time at which the session token expires, in forward authentication.
pub const AUTH_EXPIRES_AT: HeaderName = HeaderName::from_static("x-auth-expires-at");
/// The roles of the user, separated by commas, in forward authentication. Empty if the user has none.
pub const AUTH_ROLES: HeaderName = HeaderName::from_static("x-auth-roles");

/// The rate limit: the number of attempts (`q`) and the window in seconds (`w`).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The remaining attempts (`r`), and the seconds until one more attempt is allowed (`t`), as in `Retry-After`.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The request id. The response and the log have the same id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The addresses of the client and of the proxies between it and the server.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The scheme that the client used, `http` or `https`.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The method of the request that a proxy asks about (Caddy, Traefik).
pub const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
/// The method of the request that a proxy asks about (nginx, HAProxy).
pub const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");

/// The relation between the page that sent a request and this origin (Fetch Metadata).
pub const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
