//! Reads the settings. Flags override the environment, and the environment overrides `.env`.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use super::Cli;
use super::failure::Failure;
use crate::config::{Config, EnvFile, OidcConfig, SecretOrigin, SecretOrigins, SecretVariables, file_setting};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

pub(super) const ENV_FILE: &str = ".env";
/// What is shown instead of a secret.
pub(super) const HIDDEN: &str = "(hidden)";

/// The parsed command line, with the sources of its settings.
pub(super) struct Settings {
    pub(super) cli: Cli,
    pub(super) file: EnvFile,
    pub(super) list: Vec<Setting>,
    /// The settings that were replaced by their defaults. Only `doctor` continues with them.
    pub(super) invalid: Vec<Invalid>,
}

/// A setting with an invalid value.
pub(super) struct Invalid {
    /// Names the setting, its source and the allowed values.
    pub(super) message: String,
    /// The line that sets the default.
    pub(super) repair: String,
}

/// The places where settings are set, except the command line.
struct Sources {
    file: EnvFile,
    from_environment: BTreeSet<String>,
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

/// Reads `.env` and parses the command line. If `uses_defaults` is true, uses the defaults of invalid settings.
pub(super) fn read(uses_defaults: impl Fn() -> bool) -> Result<Settings, Failure> {
    let sources = Sources::read()?;
    let (mut ignored, mut invalid) = (BTreeSet::new(), Vec::new());
    loop {
        let error = match parse(&ignored) {
            Ok(matches) => return sources.settings(&matches, invalid),
            Err(error) => error,
        };
        let failure = sources.failure(&error);
        let Some((name, default)) = invalid_variable(&error).filter(|_| uses_defaults()) else { return Err(failure) };
        let repair = default.map_or_else(|| format!("remove {name}"), |default| format!("{name}={default}"));
        invalid.push(Invalid { message: failure.message().to_owned(), repair });
        if !ignored.insert(name) {
            return Err(failure);
        }
    }
}

/// Parses the command line. Does not read the variables in `ignored`.
fn parse(ignored: &BTreeSet<String>) -> Result<ArgMatches, clap::Error> {
    let command = Cli::command().mut_args(|argument| {
        let is_ignored = argument.get_env().and_then(|name| name.to_str()).is_some_and(|name| ignored.contains(name));
        if is_ignored { argument.env(None::<&str>) } else { argument }
    });
    with_own_help(without_empty_variables(command)).try_get_matches()
}

impl Sources {
    /// Reads `.env` and the secret files, and adds their settings to the environment.
    fn read() -> Result<Self, Failure> {
        let variables = SecretVariables::from_environment();
        let file = EnvFile::read_with_secrets(Path::new(ENV_FILE), variables).map_err(Failure::usage)?;
        let names = setting_names().into_iter().chain(variables_of_providers());
        let from_environment: BTreeSet<_> = names.filter(|name| is_set(name)).collect();
        file.apply(is_set).map_err(Failure::usage)?;
        Ok(Self { file, from_environment })
    }

    /// Prints the help if it was requested. Otherwise returns the failure for this error.
    fn failure(&self, error: &clap::Error) -> Failure {
        // The help is also printed if a subcommand is missing.
        if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            error.exit();
        }
        Failure::usage(describe(error, &self.from_environment, &self.file))
    }

    fn settings(self, matches: &ArgMatches, invalid: Vec<Invalid>) -> Result<Settings, Failure> {
        let Self { file, from_environment } = self;
        let mut cli = Cli::from_arg_matches(matches).map_err(|error| Failure::usage(error.to_string()))?;
        file.check_secrets(|name| cli.needs(name)).map_err(Failure::usage)?;
        let mut list = list(&Cli::command(), matches, &from_environment, &file);
        let read = read_providers(&mut cli.config.oidc);
        if cli.needs("OIDC_PROVIDERS") {
            read.map_err(Failure::usage)?;
        }
        list.extend(list_providers(&cli.config, &from_environment, &file));
        let origin = |name: &str| match list.iter().find(|setting| setting.name == name).map(|setting| &setting.source)
        {
            Some(Source::Flag | Source::Environment) => SecretOrigin::Fixed,
            Some(Source::SecretFile(_)) => SecretOrigin::SecretFile,
            _ => SecretOrigin::EnvFile,
        };
        let (signing, retired) = (origin("JWT_SECRET"), origin("JWT_SECRETS_RETIRED"));
        cli.config.tokens.origins = SecretOrigins { signing, retired };
        Ok(Settings { cli, file, list, invalid })
    }
}

/// Reads the settings of each provider in `OIDC_PROVIDERS`.
///
/// # Errors
/// What is missing or wrong, for the operator.
pub(super) fn read_providers(config: &mut OidcConfig) -> Result<(), String> {
    let names = variables_of_providers();
    config.read(variable, names.iter().map(String::as_str))
}

/// Returns the names of all variables that can be settings of providers. After the settings of `.env` were added to the
/// environment, these include those of `.env`.
pub(super) fn variables_of_providers() -> Vec<String> {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("OIDC_")).collect()
}

/// Returns the value of an environment variable. After the settings of `.env` were added to the environment, these are
/// included.
pub(super) fn variable(name: &str) -> Option<String> {
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
pub(super) fn is_set(name: &str) -> bool {
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
fn describe(error: &clap::Error, from_environment: &BTreeSet<String>, file: &EnvFile) -> String {
    let first_line = || {
        let text = error.render().to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let line = line.trim_end_matches(':');
        format!("{line}{} (see daypass --help)", missing_or_meant(error))
    };
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return first_line() };
    let (Some(argument), Some(allowed)) = (invalid_argument(error), allowed_values(error)) else {
        return first_line();
    };
    let source = source(&argument, from_environment, file);
    let value = if argument.is_hide_env_values_set() { String::new() } else { format!("{value:?} is invalid: ") };
    format!("{source}: {value}{allowed} (see daypass --help)")
}

/// Returns the setting that the error is about.
fn invalid_argument(error: &clap::Error) -> Option<Arg> {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    let mut command = Cli::command();
    command.build();
    command.get_arguments().find(|argument| argument.to_string() == *shown).cloned()
}

/// Returns the name and the default of the variable that the error is about. Returns `None` if a flag sets the value.
fn invalid_variable(error: &clap::Error) -> Option<(String, Option<String>)> {
    let argument = invalid_argument(error).filter(|argument| !is_flag(argument))?;
    let name = argument.get_env()?.to_str()?.to_owned();
    let default = argument.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    Some((name, default))
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
    let flag = flag(argument);
    if is_flag(argument) {
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

fn flag(argument: &Arg) -> String {
    format!("--{}", argument.get_long().unwrap_or_default())
}

/// Returns whether the command line sets the value.
fn is_flag(argument: &Arg) -> bool {
    let flag = flag(argument);
    let matches =
        |given: String| given.strip_prefix(&*flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    std::env::args_os().skip(1).filter_map(|given| given.into_string().ok()).any(matches)
}
