//! What the checks find, and how it is printed.

use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::stdout_line;
use crate::config::Environment;

/// The name of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check(pub(super) &'static str);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    Warning,
    Error,
}

impl Level {
    /// Returns the level of a problem that is only acceptable in development.
    pub(super) fn strict(environment: Environment) -> Self {
        match environment {
            Environment::Development => Self::Warning,
            Environment::Production => Self::Error,
        }
    }
}

/// The result of a check. The texts do not contain secrets.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    check: Check,
    pub(super) level: Level,
    found: String,
    /// The setting line or the command that repairs it.
    repair: Option<String>,
}

impl Check {
    pub(super) fn ok(self, found: impl Into<String>) -> Finding {
        Finding { check: self, level: Level::Ok, found: found.into(), repair: None }
    }

    pub(super) fn warning(self, found: impl Into<String>, repair: impl Into<String>) -> Finding {
        self.problem(Level::Warning, found, repair)
    }

    pub(super) fn error(self, found: impl Into<String>, repair: impl Into<String>) -> Finding {
        self.problem(Level::Error, found, repair)
    }

    pub(super) fn problem(self, level: Level, found: impl Into<String>, repair: impl Into<String>) -> Finding {
        Finding { check: self, level, found: found.into(), repair: Some(repair.into()) }
    }

    /// Returns the problems, or one finding with this text if there are none.
    pub(super) fn or_ok(self, problems: Vec<Finding>, found: impl Into<String>) -> Vec<Finding> {
        if problems.is_empty() { vec![self.ok(found)] } else { problems }
    }
}

/// All findings, as `--json` prints them.
#[derive(Serialize)]
struct Report {
    findings: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

/// Prints the findings.
///
/// # Errors
/// If there is an error among them. It has been reported.
pub(super) fn report(findings: Vec<Finding>, json: bool) -> Result<(), Failure> {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    if json {
        let report = Report { findings, errors, warnings };
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        stdout_line(&text)?;
    } else {
        findings.iter().try_for_each(print)?;
        stdout_line(&format!("{errors} errors, {warnings} warnings"))?;
    }
    if errors == 0 { Ok(()) } else { Err(Failure::reported()) }
}

fn print(finding: &Finding) -> Result<(), Failure> {
    let level = match finding.level {
        Level::Ok => "ok",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    stdout_line(&format!("{level:<8} {:<11} {}", finding.check.0, printable(&finding.found)))?;
    let lines = finding.repair.iter().flat_map(|repair| repair.lines());
    lines.map(printable).try_for_each(|line| stdout_line(&format!("         {line}")))
}

/// Escapes control characters, because texts of other servers must not control the terminal.
fn printable(text: &str) -> String {
    let escaped = |char: char| if char.is_control() { char.escape_default().to_string() } else { char.to_string() };
    text.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("a\u{1b}[31mb\nc ü"), "a\\u{1b}[31mb\\nc ü");
    }
}
