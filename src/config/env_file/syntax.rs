//! The syntax of `.env`: lines of the form `NAME=value`, with comments and quotes as in dotenv libraries.
//!
//! Variable names in values are not replaced, because a secret may contain `$`.

use std::str::Chars;

/// A setting and the number of its first line.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) number: usize,
}

/// The error for a line that cannot be read. The message does not contain the line, because the line may have a secret.
#[derive(Debug, thiserror::Error)]
#[error("line {number}: {why}")]
pub(super) struct InvalidLine {
    number: usize,
    why: &'static str,
}

/// Parses the text of a file.
pub(super) fn parse(text: &str) -> Result<Vec<Line>, InvalidLine> {
    let mut lines = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut number = 1;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            (rest, number) = (after, number + 1);
            continue;
        }
        let invalid = |why| InvalidLine { number, why };
        let (name, value) = name_and_rest(rest).ok_or_else(|| invalid("must have the form NAME=value"))?;
        let (value, after) = value_and_rest(value).map_err(invalid)?;
        lines.push(Line { name: name.to_owned(), value, number });
        number += rest[..rest.len() - after.len()].matches('\n').count();
        rest = after;
    }
    Ok(lines)
}

fn name_and_rest(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once('=')?;
    let name = name.trim();
    let name = name.strip_prefix("export ").map_or(name, str::trim_start);
    let is_allowed = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '.');
    (!name.is_empty() && name.chars().all(is_allowed)).then_some((name, rest))
}

/// Reads a value. Returns the value and the text after its line.
fn value_and_rest(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.trim_start_matches([' ', '\t']).chars();
    if chars.as_str().len() < text.len() && chars.as_str().starts_with('#') {
        return Ok((value, after_line(chars.as_str())?));
    }
    loop {
        match chars.next() {
            None | Some('\n') => return Ok((value, chars.as_str())),
            Some(' ' | '\t' | '\r') => return Ok((value, after_line(chars.as_str())?)),
            Some('\'') => {
                let (inside, after) = chars.as_str().split_once('\'').ok_or(OPEN_QUOTE)?;
                value.push_str(inside);
                chars = after.chars();
            }
            Some('"') => double_quoted(&mut chars, &mut value)?,
            Some(char) => value.push(unescaped(char, &mut chars)?),
        }
    }
}

fn double_quoted(chars: &mut Chars<'_>, value: &mut String) -> Result<(), &'static str> {
    loop {
        match chars.next().ok_or(OPEN_QUOTE)? {
            '"' => return Ok(()),
            char => value.push(unescaped(char, chars)?),
        }
    }
}

/// Returns the character, or resolves an escape: if `char` is a backslash, reads the next character too.
fn unescaped(char: char, chars: &mut Chars<'_>) -> Result<char, &'static str> {
    match char {
        '\\' => match chars.next() {
            Some('n') => Ok('\n'),
            Some(escaped @ ('\\' | '\'' | '"' | '$' | ' ')) => Ok(escaped),
            _ => {
                Err("a backslash must be followed by n, $, a quote, a space or another backslash; or use single quotes")
            }
        },
        '$' if chars.as_str().starts_with('{') => {
            Err("${…} is not replaced by another value; write that value, or use single quotes if ${ belongs to it")
        }
        '\0' => Err("contains a NUL character"),
        char => Ok(char),
    }
}

/// Returns the text after this line. The rest of the line must be empty or a comment.
fn after_line(text: &str) -> Result<&str, &'static str> {
    let (line, after) = text.split_once('\n').unwrap_or((text, ""));
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') { Ok(after) } else { Err("quote values that contain spaces") }
}

const OPEN_QUOTE: &str = "the quote is not closed";
