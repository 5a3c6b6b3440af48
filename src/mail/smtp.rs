//! Messages by SMTP.

use std::error::Error as _;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::response::{Category, Code, Severity};
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::delivery::{DeliveryError, MAX_TIME};
use crate::config::{SmtpTls, SmtpUrl};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

pub(super) struct Smtp(Transport);

impl Smtp {
    /// Reads the certificates of the system, which verify the server.
    pub(super) fn new(url: &SmtpUrl) -> Result<Self, smtp::Error> {
        let builder = match url.tls {
            SmtpTls::Tls => Transport::relay(&url.host)?,
            SmtpTls::StartTls => Transport::starttls_relay(&url.host)?,
            SmtpTls::None => Transport::builder_dangerous(&url.host),
        };
        let builder = builder.port(url.port).timeout(Some(MAX_TIME));
        let builder = match &url.credentials {
            Some(credentials) => {
                let password = credentials.password.expose_secret().to_owned();
                builder.credentials(Credentials::new(credentials.user.clone(), password))
            }
            None => builder,
        };
        Ok(Self(builder.build()))
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        match self.0.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(delivery_error(&error)),
        }
    }
}

fn delivery_error(error: &smtp::Error) -> DeliveryError {
    if let Some(code) = error.status() {
        let number = code.into();
        return if rejects_the_message(code) {
            DeliveryError::Rejected(number)
        } else {
            DeliveryError::Answered(number)
        };
    }
    if error.is_timeout() {
        return DeliveryError::TimedOut;
    }
    if error.is_response() || error.is_client() {
        return DeliveryError::Unreachable("its answer is not valid SMTP".to_owned());
    }
    let cause = error.source().map_or_else(|| "connection failed".to_owned(), ToString::to_string);
    DeliveryError::Unreachable(cause)
}

/// Returns whether the server will never accept the message: a code from 550 to 559. Other codes from 500 mean that the
/// settings are wrong, for example the password, and the operator can correct them.
fn rejects_the_message(code: Code) -> bool {
    code.severity == Severity::PermanentNegativeCompletion && code.category == Category::MailSystem
}
