//! The rows of a file of users, read one by one: the file may be larger than the memory.
//!
//! CSV with a header, or JSON with an object a line. What a row holds is judged by `import`; here it only has
//! to be found.

use std::cell::Cell;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use clap::ValueEnum;
use indicatif::ProgressBar;
use serde_json::{Map, Value};

use crate::cli::Failure;

/// The most bytes of a row. A quotation mark that is never closed would make one row of the rest of the file.
const LONGEST_ROW: u64 = 1024 * 1024;

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// With a header that names the columns
    Csv,
    /// One JSON object a line
    Jsonl,
}

impl Format {
    /// What the ending of the file's name says.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// A row of the file.
pub(super) struct Row {
    pub(super) line: u64,
    /// Its columns, or why they cannot be told.
    pub(super) columns: Result<Columns, &'static str>,
}

/// The columns we read; what a row has none of is empty.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) username: String,
    pub(super) password_hash: String,
    pub(super) created_at: String,
}

impl Columns {
    /// The column of this name: `passwordhash`, `passwordHash` and `password_hash` are one.
    fn named(&mut self, name: &str) -> Option<&mut String> {
        match name.trim().replace('_', "").to_lowercase().as_str() {
            "username" => Some(&mut self.username),
            "passwordhash" => Some(&mut self.password_hash),
            "createdat" => Some(&mut self.created_at),
            _ => None,
        }
    }
}

/// The rows of an open file.
pub(super) struct Rows {
    source: Source,
    /// What is left of the bytes that the present row may have.
    left: Rc<Cell<u64>>,
}

enum Source {
    Csv { reader: csv::Reader<Metered>, header: csv::StringRecord, first_line: u64 },
    Jsonl { reader: BufReader<Metered>, line: u64 },
}

impl Rows {
    pub(super) fn open(file: Box<dyn Read>, format: Format, bar: ProgressBar) -> Result<Self, Failure> {
        let left = Rc::new(Cell::new(LONGEST_ROW));
        let file = Metered { file, bar, left: Rc::clone(&left) };
        let source = match format {
            Format::Csv => csv_source(file)?,
            Format::Jsonl => Source::Jsonl { reader: BufReader::new(file), line: 0 },
        };
        Ok(Self { source, left })
    }

    /// The next row; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        self.left.set(LONGEST_ROW);
        match &mut self.source {
            Source::Csv { reader, header, first_line } => {
                let mut record = csv::ByteRecord::new();
                let read = reader.read_byte_record(&mut record);
                let line = record.position().map_or(0, csv::Position::line) + *first_line;
                let there = read.map_err(|error| format!("line {line}: {error}"))?;
                Ok(there.then(|| Row { line, columns: csv_columns(header, record) }))
            }
            Source::Jsonl { reader, line } => {
                let mut text = Vec::new();
                while text.trim_ascii().is_empty() {
                    text.clear();
                    *line += 1;
                    let read = reader.read_until(b'\n', &mut text).map_err(|error| format!("line {line}: {error}"))?;
                    if read == 0 {
                        return Ok(None);
                    }
                    text = bare_object(&text).to_vec();
                }
                Ok(Some(Row { line: *line, columns: json_columns(&text) }))
            }
        }
    }
}

/// Reads the header. Rows need as many fields as it has, or a comma in a name would move all that follows.
fn csv_source(file: Metered) -> Result<Source, Failure> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut columns = Columns::default();
    for name in &header {
        if let Some(column) = columns.named(name) {
            if !column.is_empty() {
                return Err(Failure::from(format!("the header names {name:?} twice")));
            }
            name.clone_into(column);
        }
    }
    if columns.username.is_empty() || columns.password_hash.is_empty() {
        return Err(Failure::from("the first line must name the columns username and passwordhash".to_owned()));
    }
    // The reader counts a line end of two characters when it begins the next line.
    let first_line = u64::from(reader.position().line() == 1);
    Ok(Source::Csv { reader, header, first_line })
}

fn csv_columns(header: &csv::StringRecord, record: csv::ByteRecord) -> Result<Columns, &'static str> {
    let record = csv::StringRecord::from_byte_record(record).map_err(|_| "it is not UTF-8")?;
    if record.len() != header.len() {
        return Err("it has not as many fields as the first line");
    }
    let mut columns = Columns::default();
    for (name, field) in header.iter().zip(&record) {
        if let Some(column) = columns.named(name) {
            field.clone_into(column);
        }
    }
    Ok(columns)
}

/// The object of a line, without what `sqlite3 -json` puts around it: the brackets and commas of an array.
fn bare_object(line: &[u8]) -> &[u8] {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let line = line.strip_suffix(b"]").unwrap_or(line);
    line.strip_suffix(b",").unwrap_or(line).trim_ascii()
}

fn json_columns(text: &[u8]) -> Result<Columns, &'static str> {
    let object: Map<String, Value> = serde_json::from_slice(text).map_err(|_| "it is not a JSON object")?;
    let mut columns = Columns::default();
    for (name, value) in object {
        let Some(column) = columns.named(&name) else { continue };
        match value {
            Value::String(text) => *column = text,
            Value::Null => {}
            _ => return Err("username, passwordhash and createdAt must be text"),
        }
    }
    Ok(columns)
}

/// A file that shows how far it is read, and ends a row that does not end by itself.
struct Metered {
    file: Box<dyn Read>,
    bar: ProgressBar,
    left: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bar.inc(read as u64);
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other("a row is longer than 1 MiB; is a quotation mark not closed?")),
        }
        Ok(read)
    }
}
