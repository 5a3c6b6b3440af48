//! Names of the header fields that no library defines.

use axum::http::HeaderName;

/// The device token. The client stores it and sends it with its next sign-in.
pub const DEVICE: HeaderName = HeaderName::from_static("daypass-device");
/// A renewed session token, for clients that send theirs in `Authorization`.
pub const SESSION_TOKEN: HeaderName = HeaderName::from_static("daypass-session-token");

/// Forward authentication: the user.
pub const AUTH_USER_ID: HeaderName = HeaderName::from_static("x-auth-user-id");
/// Forward authentication: the session.
pub const AUTH_SESSION_ID: HeaderName = HeaderName::from_static("x-auth-session-id");
/// Forward authentication: the time at which the session token expires.
pub const AUTH_EXPIRES_AT: HeaderName = HeaderName::from_static("x-auth-expires-at");

/// The rate limit: number of attempts (`q`) and window in seconds (`w`).
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// Attempts left (`r`) and seconds until there is one more (`t`), as in `Retry-After`.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The request id, the same in the response and in the log.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The addresses of the client and of the proxies between it and the server.
pub const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The scheme that the client used, `http` or `https`.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The method of the request that a proxy asks about (Caddy, Traefik).
pub const FORWARDED_METHOD: HeaderName = HeaderName::from_static("x-forwarded-method");
/// The same from nginx.
pub const ORIGINAL_METHOD: HeaderName = HeaderName::from_static("x-original-method");

/// The relation between the page that sent a request and this origin (Fetch Metadata).
pub const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
