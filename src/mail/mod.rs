//! Outgoing e-mail: the texts of the messages, and the ways to send them.

use chrono::{DateTime, Utc};
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use crate::config::{Config, MailerKind, PublicUrl, SmtpUrl};
use crate::types::email::Email;

mod delivery;
mod line_stream;
mod smtp;
mod templates;

pub use delivery::DeliveryError;
pub use templates::{Content, TemplateError};

use delivery::Delivery;
use smtp::Smtp;
use templates::{Context, Templates, Text};

/// Writes and sends messages.
pub struct Mailer {
    delivery: Delivery,
    templates: Templates,
    sender: Mailbox,
    public_url: PublicUrl,
}

/// Why messages cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    #[error("SMTP_URL: {0}")]
    Smtp(#[source] lettre::transport::smtp::Error),
    #[error("MAILER=smtp needs SMTP_URL")]
    NoServer,
    #[error("MAILER=file:{folder}: {cause}")]
    Folder { folder: String, cause: std::io::Error },
    #[error("MAIL_TEMPLATES: {0}")]
    Templates(#[from] TemplateError),
}

/// Connects to the SMTP server and signs in, but sends no message.
///
/// # Errors
/// [`DeliveryError`].
pub async fn check_server(url: &SmtpUrl) -> Result<(), DeliveryError> {
    Smtp::new(url).map_err(|error| DeliveryError::Unreachable(error.to_string()))?.check().await
}

/// A message to one user.
pub struct Letter {
    /// The same for all attempts to send the message. Used as `Message-ID`.
    pub id: String,
    /// Different for each attempt.
    pub attempt: i64,
    pub to: Email,
    pub date: DateTime<Utc>,
    pub content: Content,
}

impl Mailer {
    /// Creates the mailer. Returns `None` if the service sends no messages.
    ///
    /// # Errors
    /// [`MailerError`] if the settings or the templates are invalid.
    pub fn new(config: &Config) -> Result<Option<Self>, MailerError> {
        let kind = config.mailer();
        let templates = Templates::load(config.mail.mail_templates.as_deref())?;
        if kind == MailerKind::None {
            return Ok(None);
        }
        let delivery = Delivery::new(kind, config.mail.smtp_url.as_ref())?;
        let (sender, public_url) = (config.mail.sender(), config.public_url());
        Ok(Some(Self { delivery, templates, sender, public_url }))
    }

    /// Writes the message and sends it.
    ///
    /// # Errors
    /// [`DeliveryError`]. Its text contains no address and no code.
    pub async fn send(&self, letter: Letter) -> Result<(), DeliveryError> {
        let service = self.sender.name.clone().unwrap_or_else(|| self.sender.email.domain().to_owned());
        let context = Context::of(&letter.content, service, &self.public_url);
        let text = self.templates.render(letter.content.template(), &context).map_err(DeliveryError::Template)?;
        let message = self.write(&letter, &text)?;
        let file_name = format!("{}-{}.eml", letter.id, letter.attempt);
        self.delivery.deliver(message, &text, &file_name).await
    }

    fn write(&self, letter: &Letter, text: &Text) -> Result<Message, DeliveryError> {
        let to: Address = letter.to.as_str().parse().map_err(|_| DeliveryError::Address)?;
        // Given explicitly, because the library reads the header without the quotes of a local part.
        let envelope = Envelope::new(Some(self.sender.email.clone()), vec![to.clone()]);
        Message::builder()
            .envelope(envelope.map_err(|_| DeliveryError::Address)?)
            .from(self.sender.clone())
            .to(Mailbox::new(None, to))
            .date(letter.date.into())
            .message_id(Some(format!("<{}@{}>", letter.id, self.sender.email.domain())))
            .subject(text.subject.clone())
            // Automatic replies, such as absence notices, must not be sent to these messages (RFC 3834).
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(text.plain.clone(), text.html.clone()))
            .map_err(|_| DeliveryError::Address)
    }
}
