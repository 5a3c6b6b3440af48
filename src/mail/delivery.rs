//! The ways to send a message.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lettre::Message;
use tracing::info;

use super::MailerError;
use super::smtp::Smtp;
use super::templates::{TemplateError, Text};
use crate::config::{MailerKind, SmtpUrl};
use crate::platform::private_file;

pub(super) enum Delivery {
    Smtp(Smtp),
    Log,
    File(PathBuf),
}

/// Why a message was not sent. The texts contain no address and no code, and not the words of the SMTP server, which can
/// repeat the address.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("the SMTP server rejected the message with {0}")]
    Rejected(u16),
    #[error("the SMTP server answered {0}")]
    Answered(u16),
    #[error("the SMTP server did not answer in time")]
    TimedOut,
    #[error("cannot reach the SMTP server: {0}")]
    Unreachable(String),
    #[error("cannot write the message to its file: {0}")]
    File(#[from] io::Error),
    #[error("the template cannot be rendered: {0}")]
    Template(TemplateError),
    #[error("the address cannot be written in a message")]
    Address,
}

impl DeliveryError {
    /// The names of all errors in metrics.
    pub const CODES: [&str; 6] = ["rejected", "postponed", "time-out", "unreachable", "file", "message"];

    /// Returns whether another attempt cannot succeed.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Address)
    }

    /// Returns the name of the error in metrics.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::Answered(_) => "postponed",
            Self::TimedOut => "time-out",
            Self::Unreachable(_) => "unreachable",
            Self::File(_) => "file",
            Self::Template(_) | Self::Address => "message",
        }
    }
}

impl Delivery {
    pub(super) fn new(kind: MailerKind, smtp_url: Option<&SmtpUrl>) -> Result<Self, MailerError> {
        match (kind, smtp_url) {
            (MailerKind::Smtp, Some(url)) => Smtp::new(url).map(Self::Smtp).map_err(MailerError::Smtp),
            (MailerKind::File(folder), _) => {
                let created = std::fs::create_dir_all(&folder).and_then(|()| private_file::create_temporary(&folder));
                created.map_err(|cause| MailerError::Folder { folder: folder.display().to_string(), cause })?;
                Ok(Self::File(folder))
            }
            (MailerKind::Log, _) => Ok(Self::Log),
            (MailerKind::Smtp | MailerKind::None, _) => Err(MailerError::NoServer),
        }
    }

    /// Sends a message. `text` is the readable part of the message.
    pub(super) async fn deliver(&self, message: Message, text: &Text, file_name: &str) -> Result<(), DeliveryError> {
        match self {
            Self::Smtp(smtp) => smtp.send(&message).await,
            Self::Log => {
                let to = message.envelope().to().first().map(ToString::to_string).unwrap_or_default();
                info!("message to {to}: {}", text.subject);
                // One line of the log for each line of the text, because the log escapes line breaks.
                text.plain.lines().filter(|line| !line.is_empty()).for_each(|line| info!("> {line}"));
                Ok(())
            }
            Self::File(folder) => Ok(write(folder, file_name, &message.formatted())?),
        }
    }
}

/// Writes a complete file, so that no reader sees a part of the message.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!(".{name}.part"));
    let _ = std::fs::remove_file(&draft);
    let mut file = private_file::create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, folder.join(name))
}
