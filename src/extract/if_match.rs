//! Conditional requests (RFC 9110 §13). The version of a row is its entity tag.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;

use crate::types::version::Expected;

/// The content codings that proxies append to entity tags.
const CODINGS: [&str; 4] = ["gzip", "br", "zstd", "deflate"];

/// Returns the entity tag of a version. The tag is strong, because every change of a row increments the version.
pub fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// `If-Match`: the change is made only if the current version is in the list.
pub struct IfMatch(pub Expected);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(match tags(parts, &IF_MATCH) {
            None => Expected::Any,
            Some(tags) if tags.iter().any(|tag| tag == "*") => Expected::Exists,
            Some(tags) => Expected::Versions(tags.iter().filter_map(|tag| version(tag)).collect()),
        }))
    }
}

/// `If-None-Match`: the resource is sent only if the current version is not in the list.
pub struct IfNoneMatch(Option<Vec<String>>);

impl IfNoneMatch {
    /// Returns whether the client already has this version.
    pub fn has(&self, version: i64) -> bool {
        self.has_tag(&etag(version))
    }

    /// Returns whether the list contains this tag, or is `*`.
    pub fn has_tag(&self, tag: &str) -> bool {
        let matches = |listed: &String| listed == "*" || (opaque(listed).is_some() && opaque(listed) == opaque(tag));
        self.0.as_ref().is_some_and(|tags| tags.iter().any(matches))
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(tags(parts, &IF_NONE_MATCH)))
    }
}

/// Returns the tags of all headers with this name, or `None` without such a header. This server's tags contain no
/// comma, so a comma always separates two tags.
fn tags(parts: &Parts, name: &HeaderName) -> Option<Vec<String>> {
    let mut values = parts.headers.get_all(name).iter().peekable();
    values.peek()?;
    let text = values.map(|value| value.to_str().unwrap_or_default());
    Some(text.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect())
}

/// Parses the version in a tag. Accepts only the canonical form, because tags are compared character by character
/// (§8.8.3.2).
fn version(tag: &str) -> Option<i64> {
    let text = opaque(tag)?;
    text.parse().ok().filter(|version: &i64| version.to_string() == text)
}

/// Returns the text between the quotes of a tag, as this server sent it.
///
/// A proxy that compresses a response makes its tag weak (nginx: `W/"1"`) or appends the content coding (Apache and
/// Caddy: `"1-gzip"`, Jetty: `"1--gzip"`). Such a tag still identifies the version. It also matches in `If-Match`,
/// although §13.1.1 excludes weak tags. Otherwise, requests with `If-Match` through such a proxy would always fail.
fn opaque(tag: &str) -> Option<&str> {
    let text = tag.strip_prefix("W/").unwrap_or(tag).strip_prefix('"')?.strip_suffix('"')?;
    let uncompressed = CODINGS.iter().find_map(|coding| text.strip_suffix(coding)?.strip_suffix('-'));
    Some(uncompressed.map_or(text, |text| text.strip_suffix('-').unwrap_or(text)))
}
