//! Conditional requests (RFC 9110 §13): a row's version is its entity tag.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;

use crate::models::version::Expected;

/// The entity tag of a version: strong, for every change of the row makes another.
#[must_use]
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// `If-Match`: do it only if the present version is one of these.
pub struct IfMatch(pub Expected);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(match tags(parts, &IF_MATCH) {
            None => Expected::Any,
            Some(tags) if tags.iter().any(|tag| tag == "*") => Expected::Present,
            // A weak tag never matches here (§13.1.1), a tag that is no version neither.
            Some(tags) => Expected::Versions(tags.iter().filter_map(|tag| version(tag)).collect()),
        }))
    }
}

/// `If-None-Match`: send it only if the present version is none of these.
pub struct IfNoneMatch(Option<Vec<String>>);

impl IfNoneMatch {
    /// Whether the client already has this version (`304`).
    #[must_use]
    pub fn has(&self, present: i64) -> bool {
        self.has_tag(&etag(present))
    }

    /// Whether the client already has what this tag names; a weak tag will do (§13.1.2).
    #[must_use]
    pub fn has_tag(&self, present: &str) -> bool {
        let known = |tag: &String| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == present;
        self.0.as_ref().is_some_and(|tags| tags.iter().any(known))
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(parts, &IF_NONE_MATCH)))
    }
}

/// The tags of all headers of this name. No tag of ours holds a comma, so a comma parts two of them.
fn tags(parts: &Parts, name: &HeaderName) -> Option<Vec<String>> {
    let mut values = parts.headers.get_all(name).iter().peekable();
    values.peek()?;
    let text = values.map(|value| value.to_str().unwrap_or_default());
    Some(text.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect())
}

/// The version a tag stands for; tags are compared character by character (§8.8.3.2).
fn version(tag: &str) -> Option<i64> {
    let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (etag(version) == tag).then_some(version)
}
