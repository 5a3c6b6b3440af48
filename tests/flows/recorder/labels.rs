//! The text of a request and of a response in a diagram.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::Value;

use super::Ask;
use super::masks::Masks;
use crate::support::Reply;

/// The headers of responses that a diagram shows, in this order.
const HEADERS: [&str; 9] = [
    "location",
    "daypass-session-token",
    "daypass-device",
    "www-authenticate",
    "x-auth-user-id",
    "x-auth-session-id",
    "x-auth-expires-at",
    "x-auth-roles",
    "set-cookie",
];
const FOR_PROXIES: [&str; 3] = ["x-auth-user-id", "x-auth-session-id", "x-auth-expires-at"];
/// The members of responses whose values a diagram shows. Of the others, it shows the names.
const SHOWN: [&str; 6] = ["sessionToken", "email", "name", "value", "ended", "status"];
/// The members of responses that a diagram leaves out, unless there are no others.
const OMITTED: [&str; 3] = ["message", "tokenType", "expiresIn"];
/// The query parameters whose values a diagram shows.
const SHOWN_PARAMETERS: [&str; 5] = ["role", "return_to", "transport", "carrier", "except"];

/// Returns the method, the path, the body and the relevant headers.
pub(super) fn request(ask: &Ask, credentials: &[(&'static str, String)], masks: &mut Masks) -> String {
    let mut label = format!("{} {}", ask.method, url(&ask.path));
    if let Some(body) = &ask.body {
        label += &format!(" {}", request_body(body, ask, masks));
    }
    for (name, value) in credentials.iter().chain(&ask.headers).filter(|(name, _)| *name != "content-type") {
        label += &format!(", {}", header(name, value, masks));
    }
    label
}

fn request_body(body: &str, ask: &Ask, masks: &mut Masks) -> String {
    let is_form = ask.headers.iter().any(|(_, value)| value.contains("form"));
    let members = if is_form {
        let fields = form_urlencoded::parse(body.as_bytes()).into_owned();
        fields.map(|(name, value)| (name, Value::from(value))).collect()
    } else {
        let Some(members) = members(body) else { return body.to_owned() };
        members
    };
    let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}: {}", shown(value, masks))).collect();
    format!("{{{}}}", members.join(", "))
}

/// Returns the status, the error code, the members of the body and the relevant headers. Only a proxy uses the headers of
/// [`FOR_PROXIES`].
pub(super) fn response(reply: &Reply, is_to_proxy: bool, masks: &mut Masks) -> String {
    let mut label = reply.status().to_string();
    match members(reply.text()) {
        Some(_) if reply.status() >= 400 => label += &problem(&reply.json()),
        Some(members) => label += &response_body(&members, masks),
        None => {}
    }
    for name in HEADERS.into_iter().filter(|name| is_to_proxy || !FOR_PROXIES.contains(name)) {
        for value in reply.headers_named(name).iter().filter(|value| !value.is_empty()) {
            label += &format!(", {}", header(name, value, masks));
        }
    }
    label
}

fn problem(problem: &Value) -> String {
    let errors = problem["errors"].as_array().into_iter().flatten();
    let errors: Vec<_> =
        errors.map(|error| format!(" ({} {})", text(&error["pointer"]), text(&error["code"]))).collect();
    format!(" {}{}", text(&problem["code"]), errors.concat())
}

fn response_body(members: &[(String, Value)], masks: &mut Masks) -> String {
    let relevant: Vec<_> = members.iter().filter(|(name, _)| !OMITTED.contains(&name.as_str())).collect();
    let relevant = if relevant.is_empty() { members.iter().collect() } else { relevant };
    let member = |(name, value): &(String, Value)| {
        let is_shown = SHOWN.contains(&name.as_str());
        if is_shown { format!("{name}: {}", shown(value, masks)) } else { name.clone() }
    };
    let members: Vec<_> = relevant.into_iter().map(member).collect();
    format!(" {{{}}}", members.join(", "))
}

fn header(name: &str, value: &str, masks: &mut Masks) -> String {
    let words: Vec<_> = name.split('-').map(capitalized).collect();
    let shown = match name {
        "authorization" => match value.split_once(' ') {
            Some((scheme, token)) => format!("{scheme} {}", masks.value(token)),
            None => masks.value(value),
        },
        "cookie" => {
            let cookies: Vec<_> = value.split("; ").map(|pair| cookie(pair, masks)).collect();
            cookies.join(", ")
        }
        "set-cookie" => set_cookie(value, masks),
        "daypass-device" => masks.numbered("device token", value),
        "location" => url(value),
        "www-authenticate" => challenge(value),
        _ => masks.value(value),
    };
    format!("{}: {shown}", words.join("-")).trim_end().to_owned()
}

fn capitalized(word: &str) -> String {
    match word.split_at_checked(1) {
        Some(("w", "ww")) => "WWW".to_owned(),
        Some((first, rest)) => first.to_uppercase() + rest,
        None => word.to_owned(),
    }
}

fn cookie(pair: &str, masks: &mut Masks) -> String {
    let (name, value) = pair.split_once('=').unwrap();
    let value = match value {
        "" => String::new(),
        token if token.starts_with("eyJ") => masks.value(token),
        state if name.ends_with("-flow") => masks.numbered("encrypted state", state),
        other => masks.numbered(&format!("value of {name}"), other),
    };
    format!("{name}={value}")
}

/// Leaves out `Path` and a `Max-Age` that does not delete the cookie.
fn set_cookie(value: &str, masks: &mut Masks) -> String {
    let mut parts = value.split("; ");
    let pair = cookie(parts.next().unwrap(), masks);
    let is_deleted = value.contains("Max-Age=0");
    let shown =
        |part: &&str| *part == "Max-Age=0" || (!is_deleted && !part.contains("Path") && !part.contains("Max-Age"));
    let attributes: Vec<_> = parts.filter(shown).collect();
    format!("{pair} ({})", attributes.join(", "))
}

/// Returns the scheme and the error of a challenge (RFC 6750, section 3).
fn challenge(value: &str) -> String {
    let error = value.split_once("error=").map(|(_, rest)| rest.split(',').next().unwrap());
    let scheme = value.split(' ').next().unwrap();
    error.map_or(scheme.to_owned(), |error| format!("{scheme} error={error}"))
}

/// Returns a URL with the names of its parameters. Values are shown only if they help to follow the flow.
pub(super) fn url(url: &str) -> String {
    let (url, fragment) = url.split_once('#').map_or((url, None), |(url, fragment)| (url, Some(fragment)));
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let mut shown = path.to_owned();
    if let Some(query) = query {
        shown += &format!("?{}", parameters(query));
    }
    if let Some(fragment) = fragment {
        shown += &format!(" with {} in the fragment", parameters(fragment));
    }
    shown
}

fn parameters(query: &str) -> String {
    let parameters = query.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap();
        if SHOWN_PARAMETERS.contains(&name) { pair } else { name }
    });
    parameters.collect::<Vec<_>>().join("&")
}

fn shown(value: &Value, masks: &mut Masks) -> String {
    match value {
        Value::String(text) if !text.trim().is_empty() => masks.value(text),
        other => other.to_string(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Returns the members of a JSON object in their order, or `None` if the text is not a JSON object.
fn members(text: &str) -> Option<Vec<(String, Value)>> {
    serde_json::Deserializer::from_str(text).deserialize_map(Members).ok()
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}
