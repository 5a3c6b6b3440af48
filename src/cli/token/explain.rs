//! `daypass token explain`: the checks of a token, without the database.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::app;
use crate::auth::token::explanation::foreign::{self, ForeignKeys};
use crate::auth::token::explanation::{CheckResult, Explanation, Outcome};
use crate::cli::failure::Failure;
use crate::cli::output::stdout_line;
use crate::cli::secret::keys;
use crate::config::{Config, SigningAlgorithm, without_final_newline};
use crate::platform::clock::Clock;
use crate::views;

/// The maximum size of a token, of a secret file and of a key set.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

#[derive(Args, Debug)]
pub(in crate::cli) struct Explain {
    /// Token; - reads it from standard input
    token: SecretString,
    /// Explain a token of another service that was signed with the secret in this file
    #[arg(long, value_name = "FILE", conflicts_with = "jwks")]
    secret_file: Option<PathBuf>,
    /// Explain a token of another service with the public keys in this file (a JWK Set)
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Print the explanation as JSON
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// Returns whether the operator gives the keys of another service.
    pub(super) fn has_keys(&self) -> bool {
        self.secret_file.is_some() || self.jwks.is_some()
    }
}

pub(super) fn run(explain: &Explain, config: &Config) -> Result<(), Failure> {
    let text = read_token(&explain.token)?;
    let token = text.expose_secret().trim();
    let now = Clock::System.now();
    let explanation = if let Some(keys) = foreign_keys(explain)? {
        foreign::explain(token, &keys, now)
    } else {
        require_secret(config)?;
        let (mut explanation, session) = app::tokens(config, keys(config)?.0).explain(token, now);
        if session.is_some() {
            explanation.add_unavailable("This command does not read the database. `POST /api/tokens/explain` does.");
        }
        explanation
    };
    let accepted = explanation.refusal.is_none();
    if explain.json {
        let view = views::Explanation::from(explanation);
        stdout_line(&serde_json::to_string_pretty(&view).map_err(|error| error.to_string())?)?;
    } else {
        print(&explanation)?;
    }
    if accepted { Ok(()) } else { Err(Failure::reported()) }
}

fn read_token(argument: &SecretString) -> Result<SecretString, Failure> {
    if argument.expose_secret() != "-" {
        return Ok(argument.clone());
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_string(&mut text);
    read.map_err(|error| format!("cannot read the token from standard input: {error}"))?;
    Ok(text.into())
}

fn foreign_keys(explain: &Explain) -> Result<Option<ForeignKeys>, Failure> {
    if let Some(path) = &explain.secret_file {
        let secret = read(path)?;
        let bytes = without_final_newline(secret.expose_secret()).as_bytes().to_vec();
        return Ok(Some(ForeignKeys::Secret(SecretSlice::from(bytes))));
    }
    let Some(path) = &explain.jwks else { return Ok(None) };
    let text = read(path)?;
    let set = serde_json::from_str(text.expose_secret());
    let set = set.map_err(|error| Failure::usage(format!("{} is not a JWK Set: {error}", path.display())))?;
    Ok(Some(ForeignKeys::Set(set)))
}

fn read(path: &Path) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_INPUT_BYTES).read_to_string(&mut text));
    read.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(text.into())
}

/// In the wrong folder, reading the keys would create a new development secret.
fn require_secret(config: &Config) -> Result<(), Failure> {
    let folder = config.database.database_url.folder();
    let is_needed = config.tokens.jwt_algorithm == SigningAlgorithm::Hs256;
    if !is_needed || config.tokens.existing_secret(config.daypass_env, &folder)?.is_some() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "there is no secret {}; run this command in the folder of the service, set JWT_SECRET, or use --secret-file",
        config.tokens.secret_file(&folder).display()
    )))
}

fn print(explanation: &Explanation) -> Result<(), Failure> {
    let verdict = if explanation.refusal.is_none() { "valid" } else { "rejected" };
    stdout_line(&format!("{verdict}: {}", printable(&explanation.summary())))?;
    for result in &explanation.checks {
        print_check(result)?;
    }
    let trust = if explanation.has_valid_signature { "" } else { " (not trusted: anybody can have written them)" };
    for (name, json) in [("header", &explanation.header), ("claims", &explanation.claims)] {
        if let Some(json) = json {
            stdout_line(&format!("\n{name}{trust}\n{}", printable(&format!("{json:#}"))))?;
        }
    }
    Ok(())
}

fn print_check(CheckResult { check, outcome, detail, repair }: &CheckResult) -> Result<(), Failure> {
    let mark = match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
        Outcome::NotReached => "not reached",
    };
    let reference = if *outcome == Outcome::Failed { format!(" ({})", check.reference()) } else { String::new() };
    let line = format!("  {mark:<12}{:<11}{}{reference}", check.name(), printable(detail));
    stdout_line(line.trim_end())?;
    repair.as_ref().map_or(Ok(()), |repair| stdout_line(&format!("{:25}{repair}", "")))
}

/// Replaces control characters, because the token is text of others and the terminal would obey it.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() && char != '\n' { '\u{fffd}' } else { char }).collect()
}
