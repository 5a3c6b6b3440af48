//! Messages by SMTP: one connection for each message.

use std::error::Error as _;
use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::delivery::DeliveryError;
use super::line_stream::LineStream;
use crate::config::{SmtpTls, SmtpUrl};

/// The maximum time of one attempt.
const MAX_TIME: Duration = Duration::from_mins(1);
/// How long the end of a connection may take. The server has accepted or rejected the message before.
const MAX_QUIT_TIME: Duration = Duration::from_secs(5);

pub(super) struct Smtp {
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
    hello: ClientId,
}

enum Encryption {
    FromStart(TlsParameters),
    StartTls(TlsParameters),
    None,
}

impl Smtp {
    /// Reads the certificates of the system, which verify the server.
    pub(super) fn new(url: &SmtpUrl) -> Result<Self, smtp::Error> {
        let parameters = || TlsParameters::new(url.host.clone());
        let encryption = match url.tls {
            SmtpTls::Tls => Encryption::FromStart(parameters()?),
            SmtpTls::StartTls => Encryption::StartTls(parameters()?),
            SmtpTls::None => Encryption::None,
        };
        let credentials = url.credentials.as_ref().map(|credentials| {
            Credentials::new(credentials.user.clone(), credentials.password.expose_secret().to_owned())
        });
        Ok(Self { host: url.host.clone(), port: url.port, encryption, credentials, hello: ClientId::default() })
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let attempt = async {
            let mut connection = self.connect().await?;
            let sent = transfer(&mut connection, message).await;
            Ok::<_, DeliveryError>((connection, sent))
        };
        let (mut connection, sent) = timeout(MAX_TIME, attempt).await.map_err(|_| DeliveryError::TimedOut)??;
        // Best effort: the result does not depend on the response to QUIT.
        let _ = timeout(MAX_QUIT_TIME, connection.abort()).await;
        sent
    }

    /// Connects, encrypts the connection and signs in, but sends no message.
    pub(super) async fn check(&self) -> Result<(), DeliveryError> {
        let mut connection = self.connect().await?;
        let _ = timeout(Duration::from_secs(1), connection.abort()).await;
        Ok(())
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let server = (&*self.host, self.port);
        let opened = if let Encryption::FromStart(parameters) = &self.encryption {
            AsyncSmtpConnection::connect_tokio1(server, None, &self.hello, Some(parameters.clone()), None).await
        } else {
            let stream = TcpStream::connect(server).await;
            let stream = stream.map_err(|error| DeliveryError::Unreachable(error.to_string()))?;
            AsyncSmtpConnection::connect_with_transport(Box::new(LineStream::new(stream)), &self.hello).await
        };
        opened.map_err(|error| postponed(&error))
    }

    /// Connects, encrypts the connection and signs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let mut connection = self.open().await?;
        if let Encryption::StartTls(parameters) = &self.encryption {
            if !connection.can_starttls() {
                return Err(DeliveryError::Unreachable("it does not offer STARTTLS".to_owned()));
            }
            connection.starttls(parameters.clone(), &self.hello).await.map_err(|error| postponed(&error))?;
        }
        if let Some(credentials) = &self.credentials {
            if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                return Err(DeliveryError::Unreachable("it does not offer a known way to sign in".to_owned()));
            }
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| postponed(&error))?;
        }
        Ok(connection)
    }
}

/// Transfers a message (RFC 5321 §3.3). A rejection of the sender can be caused by the settings, so it is not final.
async fn transfer(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), DeliveryError> {
    let envelope = message.envelope();
    let mail = Mail::new(envelope.from().cloned(), Vec::new());
    connection.command(mail).await.map_err(|error| postponed(&error))?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|error| rejected(&error))?;
    }
    connection.command(Data).await.map_err(|error| rejected(&error))?;
    connection.message(&message.formatted()).await.map_err(|error| rejected(&error))?;
    Ok(())
}

/// Converts an error about the recipient or the content. The codes from 550 to 559 are final.
fn rejected(error: &smtp::Error) -> DeliveryError {
    match error.status().map(u16::from) {
        Some(code @ 550..=559) => DeliveryError::Rejected(code),
        _ => postponed(error),
    }
}

/// Converts an error after which another attempt can succeed, for example because the operator corrects the settings.
fn postponed(error: &smtp::Error) -> DeliveryError {
    if let Some(code) = error.status() {
        return DeliveryError::Answered(code.into());
    }
    if error.is_timeout() {
        return DeliveryError::TimedOut;
    }
    if error.is_response() {
        return DeliveryError::Unreachable("its answer is not valid SMTP".to_owned());
    }
    let cause = error.source().map_or_else(|| "connection failed".to_owned(), ToString::to_string);
    DeliveryError::Unreachable(cause)
}
