//! Settings of outgoing e-mail.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::{Host, Url};

use super::Environment;

/// The port of message submission with STARTTLS (RFC 6409), and with TLS (RFC 8314).
const STARTTLS_PORT: u16 = 587;
const TLS_PORT: u16 = 465;
/// The sender in development.
const DEVELOPMENT_SENDER: &str = "Daypass <daypass@localhost>";

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "E-mail")]
pub struct MailConfig {
    /// How to send e-mail: smtp, log (write messages to the log), file:DIR (write files), or none [default: log in
    /// development, none in production]
    #[arg(long, env = "MAILER", value_parser = mailer, global = true)]
    pub mailer: Option<MailerKind>,
    /// SMTP server: smtps://user:password@host (TLS), smtp://user:password@host (STARTTLS), or smtp://host?tls=none
    #[arg(long, env = "SMTP_URL", value_parser = SmtpUrl::parse, hide_env_values = true, global = true)]
    pub smtp_url: Option<SmtpUrl>,
    /// Sender of the messages, such as "Example <no-reply@example.com>"
    #[arg(long, env = "MAIL_FROM", value_parser = sender, global = true)]
    pub mail_from: Option<Mailbox>,
    /// Folder with your own templates of the messages
    #[arg(long, env = "MAIL_TEMPLATES", global = true)]
    pub mail_templates: Option<PathBuf>,
}

/// How messages are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailerKind {
    Smtp,
    /// Messages are written to the log.
    Log,
    /// Messages are written to files in this folder.
    File(PathBuf),
    /// Messages are not sent, and operations that need them are rejected.
    None,
}

impl MailConfig {
    /// Returns `MAILER`, or the environment's default.
    #[must_use]
    pub fn mailer(&self, environment: Environment) -> MailerKind {
        self.mailer.clone().unwrap_or(match environment {
            Environment::Development => MailerKind::Log,
            Environment::Production => MailerKind::None,
        })
    }

    /// Returns the sender of the messages.
    #[must_use]
    pub fn sender(&self) -> Mailbox {
        let default = || sender(DEVELOPMENT_SENDER).expect("the default is a valid sender");
        self.mail_from.clone().unwrap_or_else(default)
    }

    /// Checks that the settings are complete. `has_public_url` says whether `PUBLIC_URL` is set.
    ///
    /// # Errors
    /// What is missing, for the operator.
    pub fn check(&self, environment: Environment, has_public_url: bool) -> Result<(), String> {
        let mailer = self.mailer(environment);
        if mailer == MailerKind::Smtp && self.smtp_url.is_none() {
            return Err("MAILER=smtp needs SMTP_URL".to_owned());
        }
        if mailer == MailerKind::Smtp && self.mail_from.is_none() {
            return Err("MAILER=smtp needs MAIL_FROM".to_owned());
        }
        if environment == Environment::Development || mailer == MailerKind::None {
            return Ok(());
        }
        if mailer == MailerKind::Log {
            return Err("MAILER=log writes codes to the log, so it works only in development; use smtp".to_owned());
        }
        if !has_public_url {
            return Err("MAILER needs PUBLIC_URL in production, because links in messages start with it".to_owned());
        }
        Ok(())
    }
}

impl fmt::Display for MailerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp => f.write_str("smtp"),
            Self::Log => f.write_str("log"),
            Self::File(folder) => write!(f, "file:{}", folder.display()),
            Self::None => f.write_str("none"),
        }
    }
}

fn mailer(text: &str) -> Result<MailerKind, String> {
    let text = text.trim();
    match &*text.to_ascii_lowercase() {
        "smtp" => return Ok(MailerKind::Smtp),
        "log" => return Ok(MailerKind::Log),
        "none" => return Ok(MailerKind::None),
        _ => {}
    }
    let folder = text.strip_prefix("file:").filter(|folder| !folder.is_empty());
    folder.map(|folder| MailerKind::File(folder.into())).ok_or_else(|| "must be smtp, log, file:DIR or none".to_owned())
}

fn sender(text: &str) -> Result<Mailbox, String> {
    // A sender with other characters would need a server with SMTPUTF8.
    let sender = text.trim().parse().ok().filter(|sender: &Mailbox| AsRef::<str>::as_ref(&sender.email).is_ascii());
    sender.ok_or_else(|| "must be a sender, such as \"Example <no-reply@example.com>\"".to_owned())
}

/// The encryption of the connection to the SMTP server. STARTTLS is never optional, because an attacker could then remove
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the start.
    Tls,
    /// TLS after the command STARTTLS.
    StartTls,
    None,
}

/// The address of an SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpUrl {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    pub credentials: Option<SmtpCredentials>,
}

/// The user and the password for the SMTP server.
#[derive(Clone, Debug)]
pub struct SmtpCredentials {
    pub user: String,
    pub password: SecretString,
}

impl SmtpUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|_| "must look like smtps://user:password@host")?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or("must have a host")?;
        let (tls, port) = match (url.scheme(), url.query()) {
            ("smtps", None) => (SmtpTls::Tls, TLS_PORT),
            ("smtp", None) => (SmtpTls::StartTls, STARTTLS_PORT),
            ("smtp", Some("tls=none")) => (SmtpTls::None, STARTTLS_PORT),
            ("smtp" | "smtps", _) => return Err("accepts only smtp://…?tls=none as an option".to_owned()),
            _ => return Err("must start with smtps:// or smtp://".to_owned()),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err("must not have a path".to_owned());
        }
        let credentials = credentials(&url)?;
        if tls == SmtpTls::None && credentials.is_some() && !is_this_machine(&url) {
            return Err("would send the password without TLS; remove ?tls=none".to_owned());
        }
        // An IPv6 address has brackets in a URL only.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: url.port().unwrap_or(port), tls, credentials })
    }
}

/// Shows the address without user and password.
impl fmt::Display for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, tls, credentials } = self;
        let scheme = if *tls == SmtpTls::Tls { "smtps" } else { "smtp" };
        let hidden = credentials.as_ref().map_or("", |_| "(hidden)@");
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let option = if *tls == SmtpTls::None { "?tls=none" } else { "" };
        write!(f, "{scheme}://{hidden}{host}:{port}{option}")
    }
}

fn credentials(url: &Url) -> Result<Option<SmtpCredentials>, String> {
    let decoded = |text| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
    let decoded = |text| decoded(text).map_err(|_| "must have a user and a password in UTF-8".to_owned());
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) => {
            Ok(Some(SmtpCredentials { user: decoded(user)?, password: SecretString::from(decoded(password)?) }))
        }
        (_, None) => Err("must have a password for its user".to_owned()),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        // The host of an unknown scheme is never parsed as an IPv4 address.
        Some(Host::Domain(name)) => name == "localhost" || name == "127.0.0.1",
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn smtp_addresses_are_parsed() {
        for (text, host, port, tls, shown) in [
            ("smtps://u:p%40x@mail.example", "mail.example", 465, SmtpTls::Tls, "smtps://(hidden)@mail.example:465"),
            ("smtp://mail.example", "mail.example", 587, SmtpTls::StartTls, "smtp://mail.example:587"),
            ("smtp://[::1]:25?tls=none", "::1", 25, SmtpTls::None, "smtp://[::1]:25?tls=none"),
            (
                "smtp://u:p@localhost:25?tls=none",
                "localhost",
                25,
                SmtpTls::None,
                "smtp://(hidden)@localhost:25?tls=none",
            ),
        ] {
            let url = SmtpUrl::parse(text).unwrap();
            assert_eq!((&*url.host, url.port, url.tls, &*url.to_string()), (host, port, tls, shown));
        }
        let url = SmtpUrl::parse("smtps://ada:p%40x@mail.example").unwrap();
        let credentials = url.credentials.as_ref().unwrap();
        assert_eq!((&*credentials.user, credentials.password.expose_secret()), ("ada", "p@x"));
        assert!(!format!("{url:?}").contains("p@x"));
    }

    #[test]
    fn unsafe_or_incomplete_smtp_addresses_are_rejected() {
        for text in [
            "",
            "mail.example",
            "https://mail.example",
            "smtp://",
            "smtp://user@mail.example",
            "smtp://user:password@mail.example?tls=none",
            "smtp://mail.example?tls=opportunistic",
            "smtps://mail.example?tls=none",
            "smtps://mail.example/path",
        ] {
            assert!(SmtpUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mailers_are_parsed() {
        assert_eq!(mailer("SMTP"), Ok(MailerKind::Smtp));
        assert_eq!(mailer(" log "), Ok(MailerKind::Log));
        assert_eq!(mailer("file:data/Mail"), Ok(MailerKind::File("data/Mail".into())));
        assert!(mailer("file:").is_err() && mailer("sendmail").is_err());
    }
}
