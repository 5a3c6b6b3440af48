//! Reads the objects of a JSON file: an array of objects, or objects one after the other. An object may span several
//! lines.

use std::io;
use std::io::BufRead as _;

use serde_json::{Map, Value};

use super::rows::{Columns, MAX_ROW_BYTES, Row, RowLimit, TOO_LONG, Texts, Utf8};
use crate::cli::failure::Failure;

pub(super) struct JsonRows {
    file: Utf8,
    columns: Columns,
    /// The line number of the next byte.
    line: u64,
    left: RowLimit,
}

/// The text of one JSON object. Invalid text ends at the next object or at the end of the line, so one error does not
/// affect the next rows.
#[derive(Default)]
struct Piece {
    line: u64,
    text: Vec<u8>,
    /// The number of open brackets.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl JsonRows {
    pub(super) fn new(file: Utf8, columns: Columns, left: RowLimit) -> Self {
        Self { file, columns, line: 1, left }
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let piece = self.next_piece().map_err(|error| format!("line {}: {error}", self.line))?;
        Ok(piece.map(|Piece { line, text, .. }| Row { line, texts: texts(&text, &self.columns) }))
    }

    fn next_piece(&mut self) -> io::Result<Option<Piece>> {
        let mut piece = Piece::default();
        self.left.set(MAX_ROW_BYTES);
        while let Some(&byte) = self.file.fill_buf()?.first() {
            if piece.text.is_empty() {
                piece.line = self.line;
            }
            if piece.ends_before(byte) {
                return Ok(Some(piece));
            }
            self.file.consume(1);
            self.line += u64::from(byte == b'\n');
            if piece.text.is_empty() && (byte.is_ascii_whitespace() || b"[],".contains(&byte)) {
                self.left.set(MAX_ROW_BYTES);
                continue;
            }
            piece.push(byte);
            if piece.is_complete() {
                return Ok(Some(piece));
            }
            if piece.text.len() as u64 > MAX_ROW_BYTES {
                return Err(io::Error::other(TOO_LONG));
            }
        }
        Ok((!piece.text.is_empty()).then_some(piece))
    }
}

impl Piece {
    /// Returns whether the text is invalid and ends before `byte`.
    fn ends_before(&self, byte: u8) -> bool {
        match byte {
            _ if self.text.is_empty() => false,
            // A JSON string cannot contain a line break.
            b'\n' => self.in_string || self.depth == 0,
            b'{' if !self.in_string => {
                let last = self.text.trim_ascii_end().last();
                self.depth == 0 || !last.is_some_and(|last| b":,[".contains(last))
            }
            _ => false,
        }
    }

    fn push(&mut self, byte: u8) {
        self.text.push(byte);
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn is_complete(&self) -> bool {
        self.depth == 0 && self.text.ends_with(b"}")
    }
}

fn texts(text: &[u8], columns: &Columns) -> Result<Texts, String> {
    let object: Map<String, Value> = serde_json::from_slice(text).map_err(|_| "not a JSON object")?;
    let names: Vec<_> = object.keys().map(String::as_str).collect();
    let [username, hash, created_at] = columns.find(&names)?.map(|at| at.and_then(|at| object.values().nth(at)));
    let text = |value: Option<&Value>| match value {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Null) | None => Ok(String::new()),
        Some(_) => Err("the username and the hash must be text"),
    };
    // A time may also be a number. The importer reports invalid times.
    let time = text(created_at).unwrap_or_else(|_| created_at.map(Value::to_string).unwrap_or_default());
    Ok([text(username)?, text(hash)?, time])
}
