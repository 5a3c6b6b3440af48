//! The texts of the messages. Each message has a template for plain text, whose first line is the subject, and one for
//! HTML. A folder of the operator can replace each file.

use std::path::{Path, PathBuf};

use minijinja::{Environment, UndefinedBehavior, context};

use crate::config::PublicUrl;
use crate::types::secret_code::{SecretCode, ShortCode};

/// The maximum number of characters of a username in a message.
const MAX_NAME_CHARS: usize = 32;

/// The built-in templates by file name.
const FILES: [(&str, &str); 7] = [
    ("layout.html", include_str!("templates/layout.html")),
    ("verify_email.txt", include_str!("templates/verify_email.txt")),
    ("verify_email.html", include_str!("templates/verify_email.html")),
    ("email_changed.txt", include_str!("templates/email_changed.txt")),
    ("email_changed.html", include_str!("templates/email_changed.html")),
    ("password_reset.txt", include_str!("templates/password_reset.txt")),
    ("password_reset.html", include_str!("templates/password_reset.html")),
];

/// What a message says.
#[derive(Clone, Debug)]
pub enum Content {
    VerifyEmail { username: String, code: ShortCode },
    EmailChanged { username: String, code: SecretCode },
    PasswordReset { username: String, code: SecretCode },
}

impl Content {
    /// Returns the name of the templates, without the extension.
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::EmailChanged { .. } => "email_changed",
            Self::PasswordReset { .. } => "password_reset",
        }
    }
}

/// The variables of the templates.
pub(super) struct Context<'a> {
    /// The name of the service.
    service: String,
    /// The address of the service.
    url: String,
    /// The username in quotes, or `your account`.
    account: String,
    code: &'a str,
    /// The address of the page that uses the code.
    link: String,
}

impl<'a> Context<'a> {
    pub(super) fn of(content: &'a Content, service: String, public_url: &PublicUrl) -> Self {
        let (username, fragment, code) = match content {
            Content::VerifyEmail { username, code } => (username, "verify-email", code.expose()),
            Content::EmailChanged { username, code } => (username, "restore-email", code.expose()),
            Content::PasswordReset { username, code } => (username, "reset", code.expose()),
        };
        let link = public_url.with_fragment(fragment, code);
        Self { service, url: public_url.to_string(), account: account(username), code, link }
    }
}

/// Returns how a message names the account. A client can sign up with the address of another person, so a username that
/// looks like a link or an advertisement is left out.
fn account(username: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || matches!(char, '-' | '_' | '\'');
    if username.chars().count() <= MAX_NAME_CHARS && username.chars().all(is_plain) {
        return format!("the account \"{username}\"");
    }
    "your account".to_owned()
}

/// The texts of a message.
pub(super) struct Text {
    pub(super) subject: String,
    pub(super) plain: String,
    pub(super) html: String,
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error("cannot read {}: {cause}", path.display())]
    Read { path: PathBuf, cause: std::io::Error },
    #[error("{} has no templates; the files are {expected}", folder.display())]
    Empty { folder: PathBuf, expected: String },
    #[error("{name}: {cause}")]
    Syntax { name: String, cause: minijinja::Error },
    #[error("{name}: the first line must be \"Subject: …\"")]
    NoSubject { name: String },
    #[error("{name}: the message must contain the code or the link")]
    NoCode { name: String },
}

pub(super) struct Templates(Environment<'static>);

impl Templates {
    /// Loads the built-in templates and the files of the folder that replace them. Renders each template once, so that
    /// a mistake prevents the start and not a message.
    pub(super) fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        // A misspelt variable is an error.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut replaced = 0;
        for (name, built_in) in FILES {
            let own = folder.map(|folder| read(&folder.join(name))).transpose()?.flatten();
            replaced += usize::from(own.is_some());
            let added = environment.add_template_owned(name, own.unwrap_or_else(|| built_in.to_owned()));
            added.map_err(|cause| TemplateError::Syntax { name: name.to_owned(), cause })?;
        }
        if let Some(folder) = folder.filter(|_| replaced == 0) {
            let expected = FILES.map(|(name, _)| name).join(", ");
            return Err(TemplateError::Empty { folder: folder.to_owned(), expected });
        }
        let templates = Self(environment);
        templates.check()?;
        Ok(templates)
    }

    fn check(&self) -> Result<(), TemplateError> {
        let (username, long) = ("ada".to_owned(), || SecretCode::presented("GjsPSXTFBOuVFiTl5dDNaA"));
        for content in [
            Content::VerifyEmail { username: username.clone(), code: ShortCode::presented("3XGH9M2Q") },
            Content::EmailChanged { username: username.clone(), code: long() },
            Content::PasswordReset { username, code: long() },
        ] {
            let context = Context::of(&content, "Example".to_owned(), &PublicUrl::example());
            let name = content.template();
            let text = self.render(name, &context)?;
            for (text, extension) in [(text.plain, "txt"), (text.html, "html")] {
                if !text.contains(context.code) {
                    return Err(TemplateError::NoCode { name: format!("{name}.{extension}") });
                }
            }
        }
        Ok(())
    }

    pub(super) fn render(&self, template: &str, context: &Context<'_>) -> Result<Text, TemplateError> {
        let Context { service, url, account, code, link } = context;
        let values = context! { service, url, account, code => *code, link };
        let render = |extension| {
            let name = format!("{template}.{extension}");
            let rendered = self.0.get_template(&name).and_then(|template| template.render(values.clone()));
            rendered.map_err(|cause| TemplateError::Syntax { name, cause })
        };
        let (text, html) = (render("txt")?, render("html")?);
        let no_subject = || TemplateError::NoSubject { name: format!("{template}.txt") };
        let (first, plain) = text.split_once('\n').ok_or_else(no_subject)?;
        let subject = first.strip_prefix("Subject:").ok_or_else(no_subject)?.trim().to_owned();
        Ok(Text { subject, plain: plain.trim_start().to_owned(), html })
    }
}

/// Reads a file of the operator. Returns `None` if it does not exist.
fn read(path: &Path) -> Result<Option<String>, TemplateError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.replace("\r\n", "\n"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(TemplateError::Read { path: path.to_owned(), cause }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn username_that_looks_like_a_link_or_an_advertisement_is_left_out() {
        assert_eq!(account("ada"), "the account \"ada\"");
        for name in ["evil.example", "https://evil", "you won", "call+1555", &"a".repeat(33)] {
            assert_eq!(account(name), "your account", "{name}");
        }
    }

    #[test]
    fn html_is_escaped_and_plain_text_is_not() {
        let templates = Templates::load(None).unwrap();
        let content = Content::PasswordReset { username: "o'hara".to_owned(), code: SecretCode::presented("x") };
        let context = Context::of(&content, "Ham & <Eggs>".to_owned(), &PublicUrl::example());
        let text = templates.render("password_reset", &context).unwrap();
        assert!(text.subject.contains("Ham & <Eggs>") && !text.html.contains("<Eggs>"), "{}", text.html);
        assert!(text.plain.contains("the account \"o'hara\""), "{}", text.plain);
    }

    #[test]
    fn folder_replaces_single_files_and_mistakes_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let load = || Templates::load(Some(folder.path()));
        assert!(matches!(load(), Err(TemplateError::Empty { .. })));
        let file = folder.path().join("password_reset.txt");
        std::fs::write(&file, "Subject: Neues Passwort\r\n\r\nCode: {{ code }}\r\n").unwrap();
        let content = Content::PasswordReset { username: "ada".to_owned(), code: SecretCode::presented("xyz") };
        let context = Context::of(&content, String::new(), &PublicUrl::example());
        let text = load().unwrap().render("password_reset", &context).unwrap();
        assert_eq!((&*text.subject, &*text.plain), ("Neues Passwort", "Code: xyz"));
        for (mistake, expected) in [
            ("Subject: x\n{{ cod }}", "password_reset.txt: undefined value"),
            ("Subject: x\n{{ code", "password_reset.txt: syntax error"),
            ("Hello\n{{ code }}", "password_reset.txt: the first line"),
            ("Subject: x\nHello", "password_reset.txt: the message must contain"),
        ] {
            std::fs::write(&file, mistake).unwrap();
            let error = load().err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with(expected), "{mistake}: {error}");
        }
    }
}
