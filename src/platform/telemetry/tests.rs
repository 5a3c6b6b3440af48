use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::{info, info_span};

use super::*;

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs `work` with a log of this format and returns the log.
fn logged(format: LogFormat, work: impl FnOnce()) -> String {
    let written = Written::default();
    let (lines, worker) = NonBlockingBuilder::default().finish(written.clone());
    let queues = Queues { lines: lines.clone(), reports: lines };
    let subscriber = subscriber("info", format, false, queues).unwrap();
    tracing::subscriber::with_default(subscriber, work);
    drop(worker);
    String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
}

/// A value whose formatting panics or fails.
struct Broken {
    panics: bool,
}

impl fmt::Display for Broken {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        assert!(!self.panics, "a value that cannot be shown");
        Err(fmt::Error)
    }
}

#[test]
fn value_that_cannot_be_formatted_breaks_neither_its_caller_nor_the_log() {
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let log = logged(format, || {
            info!(value = %Broken { panics: true }, "first");
            info!(value = %Broken { panics: false }, "second");
            info_span!("span", value = %Broken { panics: true }).in_scope(|| info!("inside"));
            info!("last");
        });
        assert!(log.contains("last"), "{log}");
    }
}

#[test]
fn client_text_cannot_start_a_line_or_control_the_terminal() {
    for format in [LogFormat::Json, LogFormat::Pretty] {
        let log = logged(format, || info!(path = "\u{202e}a\nb\u{9b}31m", name = %"c\nd\u{1b}[31m", "one"));
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.trim_end().chars().all(is_plain), "{log:?}");
    }
}

fn is_plain(character: char) -> bool {
    !character.is_control() && character != '\u{202e}'
}
