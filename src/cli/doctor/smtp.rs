//! Whether the SMTP server can be reached.

use super::{Check, Finding, within};
use crate::config::{Config, MailerKind};
use crate::mail;

const CHECK: Check = Check("smtp");

/// Connects to the server and signs in. Sends no message.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let mailer = config.mailer();
    let (MailerKind::Smtp, Some(url)) = (&mailer, &config.mail.smtp_url) else {
        return vec![CHECK.ok(format!("no server is used (MAILER={mailer})"))];
    };
    let result = within(mail::check_server(url)).await.and_then(|result| result.map_err(|error| error.to_string()));
    vec![match result {
        Ok(()) => CHECK.ok(format!(
            "{url} accepts connections{}",
            if url.credentials.is_some() { " and the password" } else { "" }
        )),
        Err(cause) => CHECK.error(
            format!("{url}: {cause}"),
            "SMTP_URL=smtps://<user>:<password>@<host of the mail server>\nand allow connections to it in the firewall",
        ),
    }]
}
