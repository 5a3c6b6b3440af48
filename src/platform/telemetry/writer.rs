//! Writers for the log: [`Escape`] escapes control characters, and [`StandardError`] never returns an error.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::atomic::Ordering;

use tracing::Metadata;
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::fmt::MakeWriter;

use super::losses;

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One readable line per event.
    Pretty,
    /// One JSON object per line.
    Json,
}

impl std::fmt::Display for LogFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pretty => "pretty",
            Self::Json => "json",
        })
    }
}

/// Escapes characters that are not printable, because clients can put them into paths and names.
pub(super) struct Escape<W> {
    inner: W,
    format: LogFormat,
    /// Whether the formatter adds colours. If so, it has already escaped the escape characters in values.
    ansi: bool,
}

impl<W> Escape<W> {
    pub(super) fn new(inner: W, format: LogFormat, ansi: bool) -> Self {
        Self { inner, format, ansi }
    }

    fn escape<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let (text, end) = line.strip_suffix(b"\n").map_or((line, ""), |text| (text, "\n"));
        if text.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            return Cow::Borrowed(line);
        }
        let mut escaped = String::with_capacity(line.len() + 16);
        for character in String::from_utf8_lossy(text).chars() {
            if is_printable(character) || (self.ansi && character == '\u{1b}') {
                escaped.push(character);
            } else {
                self.push_escaped(&mut escaped, character);
            }
        }
        escaped.push_str(end);
        Cow::Owned(escaped.into_bytes())
    }

    /// Appends an escaped character. In JSON, unprintable characters occur only in strings, so the escapes of JSON
    /// strings are valid.
    fn push_escaped(&self, escaped: &mut String, character: char) {
        // Writing to a string does not fail.
        match self.format {
            LogFormat::Json => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            }
            LogFormat::Pretty => escaped.extend(character.escape_unicode()),
        }
    }
}

/// Returns whether Rust's `Debug` would print the character unescaped. Quotes and the backslash also count as
/// printable.
fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~') || character.escape_debug().len() == 1
}

impl<W: Write> Write for Escape<W> {
    /// Writes one line. The formatter writes each line with one call.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&self.escape(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The queues of the log. Reports of lost lines have a separate queue, because they are written when the queue of lines
/// is full.
#[derive(Clone)]
pub(super) struct Queues {
    pub(super) lines: NonBlocking,
    pub(super) reports: NonBlocking,
}

/// Creates a writer for each line of the log.
pub(super) struct Writers {
    pub(super) queues: Queues,
    pub(super) format: LogFormat,
    pub(super) ansi: bool,
}

impl<'a> MakeWriter<'a> for Writers {
    type Writer = Escape<NonBlocking>;

    fn make_writer(&'a self) -> Self::Writer {
        Escape::new(self.queues.lines.clone(), self.format, self.ansi)
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Self::Writer {
        if event.target() == losses::TARGET {
            return Escape::new(self.queues.reports.clone(), self.format, self.ansi);
        }
        self.make_writer()
    }
}

/// A writer to standard error. It counts lines that standard error does not accept.
pub(super) struct StandardError;

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().write_all(line).is_err() {
            losses::FAILED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    /// Standard error has no buffer.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(format: LogFormat, ansi: bool, line: &str) -> String {
        let mut written = Vec::new();
        Escape::new(&mut written, format, ansi).write_all(line.as_bytes()).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn unprintable_characters_are_escaped() {
        let line = "a\tb\u{9b}31m\u{202e}\u{e0001}é\u{7f}\"\\\n";
        let json = escaped(LogFormat::Json, false, line);
        assert_eq!(json, "a\\u0009b\\u009b31m\\u202e\\udb40\\udc01é\\u007f\"\\\n");
        let text = format!("\"{}\"", json.trim_end().trim_end_matches("\"\\"));
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), line.trim_end().trim_end_matches("\"\\"));
        let pretty = escaped(LogFormat::Pretty, false, line);
        assert_eq!(pretty, "a\\u{9}b\\u{9b}31m\\u{202e}\\u{e0001}é\\u{7f}\"\\\n");
    }

    #[test]
    fn line_break_in_a_value_is_escaped() {
        assert_eq!(escaped(LogFormat::Pretty, false, "one\r\ntwo\n"), "one\\u{d}\\u{a}two\n");
    }

    #[test]
    fn only_terminal_colours_contain_escape_characters() {
        assert_eq!(escaped(LogFormat::Pretty, true, "\u{1b}[2mé\n"), "\u{1b}[2mé\n");
        assert_eq!(escaped(LogFormat::Pretty, false, "\u{1b}[2mé\n"), "\\u{1b}[2mé\n");
    }
}
