//! Reads the rows of a CSV file with a header line.

use std::io::{BufRead as _, Chain, Cursor, Read as _};

use csv::{ByteRecord, Position, Reader, ReaderBuilder, StringRecord};

use super::rows::{Columns, MAX_ROW_BYTES, Row, RowLimit, Texts, Utf8};
use crate::cli::failure::Failure;

pub(super) struct CsvRows {
    reader: Reader<Chain<Cursor<Vec<u8>>, Utf8>>,
    /// The positions of the columns with the username, the hash and the sign-up time.
    positions: [Option<usize>; 3],
    fields: usize,
    first_line: u64,
    left: RowLimit,
}

impl CsvRows {
    /// Reads the header. Every row must have as many fields as the header, because an unquoted comma in a name would
    /// shift the fields after it.
    pub(super) fn open(mut file: Utf8, columns: &Columns, left: RowLimit) -> Result<Self, Failure> {
        let mut start = Vec::new();
        file.read_until(b'\n', &mut start).map_err(|error| error.to_string())?;
        let separator = separator(&start);
        let mut reader =
            ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(Cursor::new(start).chain(file));
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let positions = columns.find(&header.iter().collect::<Vec<_>>())?;
        if positions[..2].contains(&None) {
            let (username, password) = columns.required();
            let advice = "--username-column and --password-column choose others";
            return Err(Failure::from(format!("the header must have the columns {username} and {password}; {advice}")));
        }
        // With CR LF, the reader counts a line break only when it reads the next record. Its line numbers are then one
        // too low.
        let first_line = u64::from(reader.position().line() == 1);
        Ok(Self { reader, positions, fields: header.len(), first_line, left })
    }

    pub(super) fn next(&mut self) -> Result<Option<Row>, Failure> {
        self.left.set(MAX_ROW_BYTES);
        let mut record = ByteRecord::new();
        let read = self.reader.read_byte_record(&mut record);
        let line = record.position().map_or(0, Position::line) + self.first_line;
        let found = read.map_err(|error| format!("line {line}: {error}"))?;
        Ok(found.then(|| Row { line, texts: self.texts(record).map_err(str::to_owned) }))
    }

    fn texts(&self, record: ByteRecord) -> Result<Texts, &'static str> {
        let record = StringRecord::from_byte_record(record).map_err(|_| "not UTF-8")?;
        if record.len() != self.fields {
            return Err("the number of fields differs from the header");
        }
        Ok(self.positions.map(|position| position.and_then(|at| record.get(at)).unwrap_or_default().to_owned()))
    }
}

/// Returns the separator that occurs most often in the header.
fn separator(header: &[u8]) -> u8 {
    let count = |separator: &u8| header.iter().filter(|byte| *byte == separator).count();
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}
