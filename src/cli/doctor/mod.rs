//! `daypass doctor`: checks the settings and what the service needs, and prints how to repair it. Changes nothing.

use std::time::Duration;

use clap::builder::ValueParser;
use clap::{Args, CommandFactory as _, FromArgMatches as _};
use tokio::time::timeout;

use super::Cli;
use super::failure::Failure;
use super::settings::Settings;
use crate::config::{PublicUrl, integer};
use crate::platform::clock::Clock;

mod clock;
mod cookies;
mod cors;
mod database;
mod files;
mod finding;
mod hashing;
mod http;
mod memory;
mod open_files;
mod providers;
mod proxy;
mod public_url;
mod secrets;
mod service;
mod settings;
mod smtp;
mod sqlite;

use finding::{Check, Finding, report};
use http::Http;
use memory::MemoryBudget;

/// The maximum time of a check. The checks that wait for other machines run at the same time.
const MAX_WAIT: Duration = Duration::from_secs(5);

#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Address of the running service, as clients reach it [default: http://HOST:PORT]
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    url: Option<PublicUrl>,
    /// Address of a replica, to compare its clock; repeat the option for each replica
    #[arg(long, value_name = "URL", value_parser = PublicUrl::parse)]
    replica: Vec<PublicUrl>,
    /// Suggest the setting ARGON2 for this time per password hash, in milliseconds
    #[arg(long, value_name = "MS", value_parser = integer::<u64>(1..=10_000))]
    target_ms: Option<u64>,
    /// Memory that the service may use, in MiB [default: limit of the cgroup, or memory of the machine]
    #[arg(long, value_name = "MIB", value_parser = integer::<u64>(1..=1_048_576))]
    memory_mib: Option<u64>,
}

/// Returns the options of `doctor` if the command line requests it. Ignores the values of settings, which may be invalid.
pub(super) fn requested() -> Option<Doctor> {
    let command = Cli::command().mut_args(|argument| {
        let takes_value = argument.get_action().takes_values();
        let argument = argument.env(None::<&str>);
        if takes_value { argument.value_parser(ValueParser::os_string()) } else { argument }
    });
    let matches = command.try_get_matches().ok()?;
    let (_, options) = matches.subcommand().filter(|(name, _)| *name == "doctor")?;
    Doctor::from_arg_matches(options).ok()
}

/// If the command is `doctor`, reports the failure to read the settings as its finding.
pub(super) fn report_failure(failure: Failure) -> Failure {
    let Some(command) = requested() else { return failure };
    let finding = settings::unreadable(failure.message());
    report(vec![finding], command.json).err().unwrap_or_else(Failure::reported)
}

pub(super) async fn run(command: &Doctor, settings: &Settings) -> Result<(), Failure> {
    let Settings { cli, file, .. } = settings;
    let (config, clock) = (&cli.config, Clock::System);
    let budget = MemoryBudget::of(command.memory_mib);
    let mut findings = settings::check(settings);
    findings.extend(secrets::check(config));
    findings.extend(proxy::check(config));
    findings.extend(public_url::check(config));
    findings.extend(cookies::check(config));
    findings.extend(cors::check(config));
    findings.extend(files::check(config, file));
    findings.push(memory::check(config, budget));
    findings.push(open_files::check());
    let http = Http::new();
    let (database, replicas, service, mail, providers) = tokio::join!(
        database::check(config, file, &clock),
        clock::of_replicas(&command.replica, &http, &clock),
        service::check(command.url.as_ref(), config, &http),
        smtp::check(config),
        providers::check(config, &clock),
    );
    findings.extend([database, replicas, service, mail, providers].into_iter().flatten());
    // Last, because hashing would delay the checks that wait for other machines.
    findings.extend(hashing::check(config, command.target_ms, budget));
    report(findings, command.json)
}

/// Waits for the result of a check until [`MAX_WAIT`].
async fn within<T>(result: impl Future<Output = T>) -> Result<T, String> {
    timeout(MAX_WAIT, result).await.map_err(|_| format!("no answer within {} seconds", MAX_WAIT.as_secs()))
}
