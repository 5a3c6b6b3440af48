//! Reads the settings. Flags override the environment, and the environment overrides `.env`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use strsim::osa_distance;

use super::Cli;
use super::failure::Failure;
use crate::config::{
    Config, EnvFile, OidcConfig, SECRET_SETTINGS, SecretOrigin, SecretOrigins, SecretVariables, SigningAlgorithm,
    file_setting,
};

pub(super) const ENV_FILE: &str = ".env";
/// The maximum number of typing errors in a name that counts as a misspelt setting.
const MAX_TYPOS: usize = 2;
/// Shorter names do not count as misspelt, because they are similar to too many others.
const MIN_NAME_CHARS: usize = 5;
/// What is shown instead of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// The parsed command line, with the sources of its settings.
pub(super) struct Settings {
    pub(super) cli: Cli,
    pub(super) file: EnvFile,
    pub(super) list: Vec<Setting>,
}

/// The name, text and source of a setting.
pub(super) struct Setting {
    pub(super) name: String,
    /// The text that was given, or the default. May be empty.
    pub(super) given: String,
    pub(super) source: Source,
}

/// Where the value of a setting comes from.
pub(super) enum Source {
    Default,
    Flag,
    Environment,
    /// The number of a line of `.env`.
    Line(usize),
    SecretFile(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Flag => f.write_str("command line"),
            Self::Environment => f.write_str("environment"),
            Self::Line(number) => write!(f, "{ENV_FILE}, line {number}"),
            Self::SecretFile(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// Reads `.env` and parses the command line.
pub(super) fn read() -> Result<Settings, Failure> {
    let variables = SecretVariables::from_environment();
    let file = EnvFile::read_with_secrets(Path::new(ENV_FILE), variables).map_err(Failure::usage)?;
    let names = setting_names().into_iter().chain(variables_of_providers());
    let from_environment: BTreeSet<_> = names.filter(|name| is_set(name)).collect();
    file.apply(is_set).map_err(Failure::usage)?;
    let mut command = Cli::command();
    let matches = with_own_help(without_empty_variables(command.clone())).try_get_matches().map_err(|error| {
        // The help is also printed if a subcommand is missing.
        if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            error.exit();
        }
        Failure::usage(describe(&error, &mut command, &from_environment, &file))
    })?;
    let mut cli = Cli::from_arg_matches(&matches).map_err(|error| Failure::usage(error.to_string()))?;
    file.check_secrets(|name| cli.needs(name)).map_err(Failure::usage)?;
    let mut list = list(&command, &matches, &from_environment, &file);
    let names = variables_of_providers();
    let read = cli.config.oidc.read(variable, names.iter().map(String::as_str));
    if cli.needs("OIDC_PROVIDERS") {
        read.map_err(Failure::usage)?;
    }
    list.extend(list_providers(&cli.config, &from_environment, &file));
    let origin = |name: &str| match list.iter().find(|setting| setting.name == name).map(|setting| &setting.source) {
        Some(Source::Flag | Source::Environment) => SecretOrigin::Fixed,
        Some(Source::SecretFile(_)) => SecretOrigin::SecretFile,
        _ => SecretOrigin::EnvFile,
    };
    cli.config.tokens.origins = SecretOrigins { signing: origin("JWT_SECRET"), retired: origin("JWT_SECRETS_RETIRED") };
    Ok(Settings { cli, file, list })
}

/// Returns the names of all variables that can be settings of providers. After the settings of `.env` were added to the
/// environment, these include those of `.env`.
fn variables_of_providers() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("OIDC_")).collect()
}

fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// Returns the settings of the providers. Secrets are hidden.
fn list_providers(config: &Config, from_environment: &BTreeSet<String>, file: &EnvFile) -> Vec<Setting> {
    let setting = |name: String| {
        let given = variable(&name).filter(|value| !value.is_empty())?;
        let given = if name.ends_with("_CLIENT_SECRET") { HIDDEN.to_owned() } else { given };
        let line = file.line_number(&name).filter(|_| !from_environment.contains(&name));
        Some(Setting { source: line.map_or(Source::Environment, Source::Line), name, given })
    };
    config.oidc.settings().into_iter().filter_map(setting).collect()
}

fn list(command: &Command, matches: &ArgMatches, from_environment: &BTreeSet<String>, file: &EnvFile) -> Vec<Setting> {
    let setting = |argument: &Arg| {
        let (id, name) = (argument.get_id().as_str(), argument.get_env()?.to_str()?);
        let source = match matches.value_source(id) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) if from_environment.contains(name) => Source::Environment,
            Some(ValueSource::EnvVariable) => match file.secret_file(name) {
                Some(path) => Source::SecretFile(path.to_owned()),
                None => file.line_number(name).map_or(Source::Environment, Source::Line),
            },
            _ => Source::Default,
        };
        let given: Vec<_> = matches.get_raw(id).into_iter().flatten().map(|text| text.to_string_lossy()).collect();
        Some(Setting { name: name.to_owned(), given: given.join(","), source })
    };
    command.get_arguments().filter_map(setting).collect()
}

/// Returns the names of the environment variables that are settings.
pub(super) fn setting_names() -> Vec<String> {
    let command = Cli::command();
    command.get_arguments().filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned())).collect()
}

/// Returns whether the environment variable is set and not empty.
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Makes empty environment variables count as not set, so that `NAME=` in `.env` means the default.
fn without_empty_variables(command: Command) -> Command {
    command.mut_args(|argument| {
        let empty = argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
        if empty { argument.env(None::<&str>) } else { argument }
    })
}

/// Hides the settings in the help of all subcommands except `serve`. The subcommands still accept them.
fn with_own_help(command: Command) -> Command {
    let settings = command.get_arguments().filter(|argument| argument.is_global_set());
    let hidden: Vec<_> = settings.map(|argument| argument.clone().hide(true)).collect();
    command.mut_subcommands(|verb| if verb.get_name() == "serve" { verb } else { without_settings(verb, &hidden) })
}

fn without_settings(command: Command, hidden: &[Arg]) -> Command {
    let command = command.args(hidden.iter().cloned()).after_help("Settings: see daypass --help");
    command.mut_subcommands(|verb| without_settings(verb, hidden))
}

/// Returns a one-line error message. It names the flag, the variable or the line of `.env`, and the allowed values.
fn describe(error: &clap::Error, command: &mut Command, from_environment: &BTreeSet<String>, file: &EnvFile) -> String {
    let first_line = || {
        let text = error.render().to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let line = line.trim_end_matches(':');
        format!("{line}{} (see daypass --help)", missing_or_meant(error))
    };
    command.build();
    let (Some(ContextValue::String(shown)), Some(ContextValue::String(value))) =
        (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidValue))
    else {
        return first_line();
    };
    let argument = command.get_arguments().find(|argument| argument.to_string() == *shown);
    let (Some(argument), Some(allowed)) = (argument, allowed_values(error)) else { return first_line() };
    let source = source(argument, from_environment, file);
    let value = if argument.is_hide_env_values_set() { String::new() } else { format!("{value:?} is invalid: ") };
    format!("{source}: {value}{allowed} (see daypass --help)")
}

/// Returns the missing arguments, or the subcommand that was probably meant.
fn missing_or_meant(error: &clap::Error) -> String {
    let texts = |kind| match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    };
    match error.kind() {
        ErrorKind::MissingRequiredArgument => format!(": {}", texts(ContextKind::InvalidArg).join(" ")),
        ErrorKind::InvalidSubcommand => {
            let meant = texts(ContextKind::SuggestedSubcommand);
            meant.first().map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
        }
        _ => String::new(),
    }
}

/// Returns a description of the allowed values.
fn allowed_values(error: &clap::Error) -> Option<String> {
    match (error.kind(), error.get(ContextKind::ValidValue)) {
        (ErrorKind::InvalidValue, Some(ContextValue::Strings(names))) if !names.is_empty() => {
            Some(format!("must be {}", names.join(" or ")))
        }
        (ErrorKind::ValueValidation, _) => std::error::Error::source(error).map(ToString::to_string),
        _ => None,
    }
}

/// Returns the source of a setting's value: a flag, a variable, or a line of `.env`.
fn source(argument: &Arg, from_environment: &BTreeSet<String>, file: &EnvFile) -> String {
    let flag = format!("--{}", argument.get_long().unwrap_or_default());
    let is_flag =
        |given: String| given.strip_prefix(&*flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    if std::env::args_os().skip(1).filter_map(|given| given.into_string().ok()).any(is_flag) {
        return flag;
    }
    let name = argument.get_env().and_then(|name| name.to_str()).unwrap_or(&flag);
    if let Some(path) = file.secret_file(name) {
        return format!("{} ({})", file_setting(name), path.display());
    }
    match file.line_number(name).filter(|_| !from_environment.contains(name)) {
        Some(line) => format!("{name} ({ENV_FILE}, line {line})"),
        None => name.to_owned(),
    }
}

/// Logs settings that have no effect: repeated or misspelt names, and settings that require another one.
pub(super) fn warn_of_ineffective(config: &Config, file: &EnvFile) {
    warn_of_repeated_names(file);
    let environment = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let names: BTreeSet<_> = environment.chain(file.names().map(ToOwned::to_owned)).collect();
    let files = SECRET_SETTINGS.into_iter().map(file_setting);
    let settings: Vec<_> = setting_names().into_iter().chain(files).collect();
    for name in names {
        if let Some(meant) = nearest(&name, &settings) {
            tracing::warn!("{name} is not a setting; did you mean {meant}?");
        }
    }
    let providers = config.oidc.settings();
    for name in variables_of_providers() {
        if is_set(&name) && name != "OIDC_PROVIDERS" && OidcConfig::is_setting(&name) && !providers.contains(&name) {
            tracing::warn!("{name} has no effect, because OIDC_PROVIDERS does not name its provider");
        }
    }
    if config.tokens.jwt_private_key_file.is_some() && config.tokens.jwt_algorithm != SigningAlgorithm::EdDsa {
        tracing::warn!("JWT_PRIVATE_KEY_FILE has no effect without JWT_ALGORITHM=EdDSA");
    }
}

/// Logs the names that the file sets more than once, without their values.
pub(super) fn warn_of_repeated_names(file: &EnvFile) {
    for name in file.repeated() {
        tracing::warn!("{ENV_FILE} sets {name} more than once; the first line counts");
    }
}

/// Returns the setting that the operator probably meant by `name`. Every name that starts with `JWT_` counts as a
/// misspelt setting if it is not one.
fn nearest<'a>(name: &str, settings: &'a [String]) -> Option<&'a str> {
    let upper = name.to_ascii_uppercase();
    let distance = |setting: &&String| osa_distance(&upper, setting);
    let nearest = settings.iter().min_by_key(distance)?;
    let is_near = distance(&nearest) <= MAX_TYPOS && nearest.len() >= MIN_NAME_CHARS && upper.len() >= MIN_NAME_CHARS;
    (name != nearest && (is_near || upper.starts_with("JWT_"))).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_a_setting_are_recognised() {
        let settings = setting_names();
        for (name, meant) in [
            ("JWT_SECRETT", Some("JWT_SECRET")),
            ("RATELIMITS", Some("RATE_LIMITS")),
            ("database_url", Some("DATABASE_URL")),
            ("DATABSE_URL", Some("DATABASE_URL")),
            ("JWT_EXPIRES_IN", Some("JWT_ISSUER")),
            ("TRUSTED_PROXY", None),
            ("HOSTNAME", None),
            ("POST", None),
            ("PATH", None),
            ("LOGNAME", None),
            ("DAYPASS_PORT", None),
            ("POSTGRES_PASSWORD", None),
        ] {
            let found = nearest(name, &settings);
            assert_eq!(found.is_some(), meant.is_some(), "{name}: {found:?}");
            assert!(name == "JWT_EXPIRES_IN" || found == meant, "{name}: {found:?}");
        }
        assert!(settings.iter().all(|name| nearest(name, &settings).is_none()));
    }
}
