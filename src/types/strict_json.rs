//! Strict JSON: a repeated member name is an error at any depth.
//!
//! Parsers differ on repeated names, so one could check another value than the one that is used (RFC 8259 §4, RFC 7515
//! §4). All tokens and request bodies are therefore parsed here. The names are checked in a loop after the text was
//! parsed, because session variables can be nested to any depth.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use thiserror::Error;

/// Up to this number, names are compared pairwise, which is faster than sorting.
const MAX_PAIRWISE: usize = 16;

/// The prefix of names that serde_json treats specially: it would parse the member's text as JSON.
const RESERVED: &str = "$serde_json::private::";

/// Why a text is not the JSON that this service accepts. The messages do not repeat the text.
#[derive(Debug, Error)]
pub(crate) enum StrictJsonError {
    #[error("it is not UTF-8")]
    NotUtf8,
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    #[error("a member name is repeated at line {line} column {column}")]
    RepeatedName { line: usize, column: usize },
    #[error("a member name is reserved or not valid text at line {line} column {column}")]
    BadName { line: usize, column: usize },
    /// The text is valid JSON.
    #[error("it is not an object")]
    NotAnObject,
}

/// Parses `text` as a JSON object in UTF-8. No object in it may repeat a member name.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, StrictJsonError> {
    let text = std::str::from_utf8(text).map_err(|_| StrictJsonError::NotUtf8)?;
    // A struct could also be read from a list.
    if !text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text)?;
        return Err(StrictJsonError::NotAnObject);
    }
    let object = serde_json::from_str(text)?;
    check_names(text, |name, depth| depth == 1 || !name.starts_with(RESERVED))?;
    Ok(object)
}

/// Parses `text` as any JSON value in UTF-8, without changing it. No object in it may repeat a member name.
pub(crate) fn read_value(text: &[u8]) -> Result<Box<RawValue>, StrictJsonError> {
    let text = std::str::from_utf8(text).map_err(|_| StrictJsonError::NotUtf8)?;
    let value = serde_json::from_str(text)?;
    check_names(text, |_, _| true)?;
    Ok(value)
}

/// A member name and the position after it.
type Name<'a> = (Cow<'a, str>, usize);

/// Checks the member names of all objects. `json` must be valid JSON.
fn check_names(json: &str, allowed: impl Fn(&str, usize) -> bool) -> Result<(), StrictJsonError> {
    let mut open_objects: Vec<Vec<Name<'_>>> = Vec::new();
    let mut rest = json;
    while let Some(at) = rest.find(['{', '}', '"']) {
        let (found, after) = rest[at..].split_at(1);
        rest = after;
        match found {
            "{" => open_objects.push(Vec::with_capacity(MAX_PAIRWISE)),
            "}" => {
                if let Some(at) = open_objects.pop().and_then(repeated) {
                    let (line, column) = line_and_column(json, at);
                    return Err(StrictJsonError::RepeatedName { line, column });
                }
            }
            _ => {
                let (text, after) = split_string(after);
                rest = after;
                let is_name = after.trim_ascii_start().starts_with(':');
                if let (true, depth, Some(names)) = (is_name, open_objects.len(), open_objects.last_mut()) {
                    let at = json.len() - after.len();
                    // A name that is not valid text, such as half of a surrogate pair, cannot be compared.
                    let Some(name) = decode(text).filter(|name| allowed(name, depth)) else {
                        let (line, column) = line_and_column(json, at);
                        return Err(StrictJsonError::BadName { line, column });
                    };
                    names.push((name, at));
                }
            }
        }
    }
    Ok(())
}

/// The line and the column of the last byte before `at`, both starting at 1 as in the messages of serde_json.
fn line_and_column(json: &str, at: usize) -> (usize, usize) {
    let before = &json[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, at - line_start)
}

/// Splits after the quote that ends a string.
fn split_string(text: &str) -> (&str, &str) {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        is_end
    });
    let (string, rest) = text.split_at(end.unwrap_or(text.len()));
    (string, rest.get(1..).unwrap_or_default())
}

/// Decodes escapes, so that names can be compared.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('\\') {
        return serde_json::from_str(&format!("\"{text}\"")).map(Cow::Owned).ok();
    }
    Some(Cow::Borrowed(text))
}

/// Returns the position after the first name that occurred before.
fn repeated(mut names: Vec<Name<'_>>) -> Option<usize> {
    let same = |(name, _): &Name<'_>, (other, _): &Name<'_>| name == other;
    if names.len() <= MAX_PAIRWISE {
        let mut all = names.iter().enumerate();
        return all
            .find(|(place, name)| names[..*place].iter().any(|before| same(before, name)))
            .map(|(_, name)| name.1);
    }
    names.sort_unstable();
    names.windows(2).filter(|pair| same(&pair[0], &pair[1])).map(|pair| pair[1].1).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &[u8]) -> bool {
        read::<IgnoredAny>(text).is_ok()
    }

    #[test]
    fn repeated_names_are_rejected_even_if_escaped() {
        assert!(accepts(br#"{"sub":"1","sid":{"sub":1}}"#));
        assert!(!accepts(br#"{"sid":[{"sub":1,"s\u0075b":1}]}"#));
        assert!(!accepts(br#"{"sid":{"\ud800":1}}"#));
        assert!(accepts(b" {} "));
        assert!(!accepts(br#"{"sub":"1","sub":"2"}"#));
        assert!(!accepts(br#"{"sub":"1","\u0073ub":"2"}"#));
    }

    #[test]
    fn repeated_names_are_rejected_in_objects_of_any_size() {
        for number in [2, MAX_PAIRWISE, MAX_PAIRWISE + 1, 5000] {
            let names: Vec<_> = (0..number).map(|each| format!(r#""{each}":0"#)).collect();
            assert!(accepts(format!("{{{}}}", names.join(",")).as_bytes()), "{number}");
            assert!(!accepts(format!(r#"{{{},"0":1}}"#, names[..number - 1].join(",")).as_bytes()), "{number}");
        }
    }

    #[test]
    fn errors_name_the_position_of_the_second_name() {
        let many: Vec<_> = (0..20).map(|each| format!("\"{each}\":0")).collect();
        for (text, expected) in [
            (r#"{"a":1,"b":2,"a":3}"#.to_owned(), "a member name is repeated at line 1 column 16"),
            ("{\n \"a\": {\n  \"é\":1, \"\\u00e9\":2}}".to_owned(), "a member name is repeated at line 3 column 18"),
            (format!("{{{},\n\"7\":1}}", many.join(",")), "a member name is repeated at line 2 column 3"),
            ("{\"a\":1 \"b\"}".to_owned(), "expected `,` or `}` at line 1 column 8"),
            ("[1]".to_owned(), "it is not an object"),
        ] {
            assert_eq!(read::<IgnoredAny>(text.as_bytes()).unwrap_err().to_string(), expected);
        }
        assert_eq!(read::<IgnoredAny>(b"{\"\xff\":1}").unwrap_err().to_string(), "it is not UTF-8");
    }

    #[test]
    fn anything_but_one_object_is_rejected() {
        for text in [&b"[]"[..], b"null", b"1", b"\"{}\"", b"", b"{} {}", b"\xef\xbb\xbf{}", b"{\"\xff\":1}", b"{"] {
            assert!(!accepts(text), "{text:?}");
        }
    }

    #[test]
    fn list_is_rejected_even_for_a_struct() {
        #[derive(Debug, Deserialize)]
        struct One {
            #[expect(dead_code, reason = "only whether it can be read counts")]
            a: u8,
        }
        assert!(read::<One>(br#"{"a":1}"#).is_ok());
        assert!(read::<One>(b"[1]").is_err());
        assert!(read::<One>(br#"{"a":1,"x":0,"x":0}"#).is_err(), "unknown members are checked, too");
    }
}
