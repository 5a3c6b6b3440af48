//! Reads a file with users row by row. `import` validates the values.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use clap::ValueEnum;
use encoding_rs_io::DecodeReaderBytesBuilder;
use indicatif::ProgressBar;

use super::csv_rows::CsvRows;
use super::json_rows::JsonRows;
use crate::cli::failure::Failure;

/// The maximum size of a row in bytes. Without a limit, an unclosed quotation mark would turn the rest of the file into
/// one row.
pub(super) const MAX_ROW_BYTES: u64 = 1024 * 1024;
pub(super) const TOO_LONG: &str = "a row is longer than 1 MiB; is a quotation mark not closed?";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// CSV with a header line, separated by commas, semicolons or tabs
    Csv,
    /// An array of objects, or objects one after the other
    #[value(alias = "jsonl")]
    Json,
}

impl Format {
    /// Returns the format that the file extension indicates.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::Json),
            _ => None,
        }
    }
}

pub(super) struct Row {
    pub(super) line: u64,
    /// The values, or why they cannot be read.
    pub(super) texts: Result<Texts, String>,
}

/// The username, the hash and the sign-up time. A missing value is empty.
pub(super) type Texts = [String; 3];

/// The possible names of the three columns. If a file has several names of a column, the first name in this list is
/// used.
pub(super) struct Columns([Vec<String>; 3]);

impl Columns {
    pub(super) fn named(username: Option<&str>, password: Option<&str>) -> Self {
        let names = |chosen: Option<&str>, usual: &[&str]| match chosen {
            Some(name) => vec![comparable(name)],
            None => usual.iter().copied().map(comparable).collect(),
        };
        Self([
            names(username, &["username"]),
            names(password, &["passwordhash", "password"]),
            names(None, &["createdat"]),
        ])
    }

    /// Returns the positions of the columns in `names`: the fields of a CSV header, or the members of a JSON object.
    pub(super) fn find(&self, names: &[&str]) -> Result<[Option<usize>; 3], String> {
        let mut found = [None; 3];
        for (column, wanted) in found.iter_mut().zip(&self.0) {
            let positions = |wanted: &String| {
                names.iter().enumerate().filter(|(_, name)| comparable(name) == *wanted).map(|(at, _)| at).collect()
            };
            let positions: Vec<Vec<_>> = wanted.iter().map(positions).collect();
            match positions.iter().find(|positions| !positions.is_empty()).map(Vec::as_slice) {
                Some([_, second, ..]) => return Err(format!("the column {:?} exists twice", names[*second])),
                first => *column = first.and_then(|first| first.first().copied()),
            }
        }
        Ok(found)
    }

    /// Returns the first possible names of the username column and the hash column.
    pub(super) fn required(&self) -> (&str, &str) {
        (&self.0[0][0], &self.0[1][0])
    }
}

/// Returns a name in the form that is compared: without underscores and in lower case.
fn comparable(name: &str) -> String {
    name.trim().replace('_', "").to_lowercase()
}

pub(super) enum Rows {
    Csv(CsvRows),
    Json(JsonRows),
}

/// A reader of the file that converts it to UTF-8.
pub(super) type Utf8 = BufReader<Box<dyn Read>>;

impl Rows {
    pub(super) fn open(
        file: Box<dyn Read>,
        format: Format,
        columns: Columns,
        bar: ProgressBar,
    ) -> Result<Self, Failure> {
        let left = RowLimit::new(Cell::new(MAX_ROW_BYTES));
        let file = Metered { file, bar, left: Rc::clone(&left) };
        // Converts UTF-16 with a byte order mark. Other text is not changed, so each row is checked for valid UTF-8.
        let decoded = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(file);
        let file: Utf8 = BufReader::new(Box::new(decoded));
        Ok(match format {
            Format::Csv => Self::Csv(CsvRows::open(file, &columns, left)?),
            Format::Json => Self::Json(JsonRows::new(file, columns, left)),
        })
    }

    /// Returns the next row, or `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        match self {
            Self::Csv(rows) => rows.next(),
            Self::Json(rows) => rows.next(),
        }
    }
}

/// How many more bytes the current row may have.
pub(super) type RowLimit = Rc<Cell<u64>>;

/// A reader that advances the progress bar and enforces the maximum row size.
struct Metered {
    file: Box<dyn Read>,
    bar: ProgressBar,
    left: RowLimit,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bar.inc(read as u64);
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(io::Error::other(TOO_LONG)),
        }
        Ok(read)
    }
}
