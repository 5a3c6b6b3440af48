//! Terminal output.

use std::io::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use qrcode::QrCode;
use qrcode::render::unicode;

use super::failure::Failure;

/// Prints a line of the result to standard output.
pub(super) fn stdout_line(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    written.map_err(|error| Failure::from(format!("cannot write to standard output: {error}")))
}

/// Prints a message to standard error. The command continues if standard error is closed.
pub(super) fn stderr_line(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

pub(super) fn iso_8601(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Returns a progress bar, which is shown only at a terminal.
pub(super) fn progress_bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

/// Returns a QR code with this text, or an empty text if it is too long.
pub(super) fn qr_code(text: &str) -> String {
    // Scanners need dark modules on a light background. Most terminals are dark, so the colours are inverted.
    let code = QrCode::new(text).map(|code| {
        code.render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build()
    });
    code.map_or_else(|_| String::new(), |code| format!("{code}\n"))
}
