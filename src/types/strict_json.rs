//! Strict JSON: a repeated member name is an error at any depth.
//!
//! JSON parsers treat repeated names differently. So one program could check one of the values, while another program
//! uses the other one (RFC 8259 §4, RFC 7515 §4). This module therefore parses all session tokens and request bodies.
//! It checks the names after serde_json has parsed the text. The check is a loop, not a recursion, because session
//! variables can be nested to any depth.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use thiserror::Error;

/// If an object has at most this number of names, they are compared pairwise, which is faster than sorting.
const MAX_PAIRWISE: usize = 16;

/// The prefix of member names that serde_json treats specially: it would parse the value of such a member as JSON.
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
    /// The text is valid JSON, but not an object.
    #[error("it is not an object")]
    NotAnObject,
}

/// Parses `text` as a JSON object in UTF-8. No object in `text` may repeat a member name.
pub(crate) fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, StrictJsonError> {
    let text = std::str::from_utf8(text).map_err(|_| StrictJsonError::NotUtf8)?;
    // Serde would also accept a list for a struct.
    if !text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<IgnoredAny>(text)?;
        return Err(StrictJsonError::NotAnObject);
    }
    let object = serde_json::from_str(text)?;
    check_names(text, |name, depth| depth == 1 || !name.starts_with(RESERVED))?;
    Ok(object)
}

/// Parses `text` as any JSON value in UTF-8, and keeps it unchanged. No object in `text` may repeat a member name.
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
    // The names of all open objects, and where the names of each object start.
    let mut names: Vec<Name<'_>> = Vec::with_capacity(MAX_PAIRWISE);
    let mut open_objects: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at) {
        at += 1;
        match byte {
            b'{' => open_objects.push(names.len()),
            b'}' => {
                let start = open_objects.pop().unwrap_or_default();
                if let Some(at) = repeated(&mut names[start..]) {
                    let (line, column) = line_and_column(json, at);
                    return Err(StrictJsonError::RepeatedName { line, column });
                }
                names.truncate(start);
            }
            b'"' => {
                let string = JsonString::at_start_of(&json[at..]);
                at += string.text.len() + 1;
                if json[at..].trim_ascii_start().starts_with(':') {
                    // A name that is not valid text, such as half of a surrogate pair, cannot be compared.
                    let Some(name) = string.decode().filter(|name| allowed(name, open_objects.len())) else {
                        let (line, column) = line_and_column(json, at);
                        return Err(StrictJsonError::BadName { line, column });
                    };
                    names.push((name, at));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the line and the column of the last byte before `at`. Both start at 1, as in the messages of serde_json.
fn line_and_column(json: &str, at: usize) -> (usize, usize) {
    let before = &json[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, at - line_start)
}

/// A JSON string without its quotes.
struct JsonString<'a> {
    text: &'a str,
    has_escapes: bool,
}

impl<'a> JsonString<'a> {
    /// Returns the string whose opening quote is directly before `json`.
    fn at_start_of(json: &'a str) -> Self {
        let mut has_escapes = false;
        let mut bytes = json.bytes().enumerate();
        let end = loop {
            match bytes.next() {
                Some((_, b'\\')) => {
                    has_escapes = true;
                    bytes.next();
                }
                Some((end, b'"')) => break end,
                Some(_) => {}
                None => break json.len(),
            }
        };
        Self { text: &json[..end], has_escapes }
    }

    /// Decodes the escapes, so that names can be compared. Returns `None` if the string is not valid text.
    fn decode(&self) -> Option<Cow<'a, str>> {
        if self.has_escapes {
            return serde_json::from_str(&format!("\"{}\"", self.text)).map(Cow::Owned).ok();
        }
        Some(Cow::Borrowed(self.text))
    }
}

/// Returns the position after the first name that repeats an earlier name.
fn repeated(names: &mut [Name<'_>]) -> Option<usize> {
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
