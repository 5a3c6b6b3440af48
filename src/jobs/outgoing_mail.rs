//! Sends the messages of the outbox.
//!
//! A request only inserts a row. The codes of a message are created here, immediately before it is sent. So the outbox
//! has no codes, and a request takes the same time whether or not the account exists.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::stream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use metrics::counter;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, info, warn};

use crate::auth::token::Tokens;
use crate::error::Error;
use crate::events::{Actor, Event, EventKind};
use crate::mail::{Content, DeliveryError, Letter, Mailer};
use crate::models::one_time_code::{NewCode, Purpose};
use crate::models::outbox::{AccountName, MAX_AGE, Mail};
use crate::models::{event, one_time_code, outbox, user};
use crate::platform::clock::Clock;
use crate::platform::database::{Pool, Transaction};
use crate::platform::draining::Draining;
use crate::platform::random;
use crate::types::email::Email;
use crate::types::secret_code::{SecretCode, ShortCode};
use crate::types::{MailId, UserId};

/// How often the outbox is read.
const INTERVAL: Duration = Duration::from_secs(1);
const BATCH: u64 = 20;
/// The maximum number of messages that are sent at the same time.
const CONCURRENT: usize = 8;
/// How long a replica may take for one attempt. It is longer than the time limit of a delivery, plus the difference
/// between the clocks of replicas.
const LEASE: TimeDelta = TimeDelta::minutes(5);
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const MAX_PAUSE: TimeDelta = TimeDelta::hours(1);
/// The maximum number of messages with a reset code that a user gets in [`RESET_WINDOW`]. Further requests are ignored,
/// because a client that requests a reset must not learn whether the account exists.
///
/// An account has two names, and `mail` in `RATE_LIMITS` allows five messages for each.
const MAX_RESETS: usize = 10;
const RESET_WINDOW: TimeDelta = TimeDelta::hours(1);

/// The job that sends messages.
#[derive(Clone)]
pub struct OutgoingMail {
    db: Pool,
    mailer: Arc<Mailer>,
    tokens: Arc<Tokens>,
    clock: Clock,
    /// The job claims no messages after this has started.
    draining: Draining,
    /// The attempts in progress hold permits, so that a stopping service can wait for them.
    attempts: Arc<Semaphore>,
}

impl OutgoingMail {
    pub fn new(db: Pool, mailer: Mailer, tokens: Arc<Tokens>, clock: Clock, draining: Draining) -> Self {
        Self { db, mailer: Arc::new(mailer), tokens, clock, draining, attempts: Arc::new(Semaphore::new(CONCURRENT)) }
    }

    /// Sends messages until the service stops. Never returns. A slow message does not delay the others.
    pub async fn run(self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut attempts, mut more, mut works) = (JoinSet::new(), false, true);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Some(_) = attempts.join_next(), if more => {}
            }
            while attempts.try_join_next().is_some() {}
            let free = CONCURRENT - attempts.len();
            if free == 0 {
                more = true;
                continue;
            }
            if self.draining.has_started() {
                continue;
            }
            let due = outbox::due(&self.db, self.clock.now(), free as u64).await;
            match &due {
                Ok(_) if !works => info!("the outbox can be read again"),
                Err(error) if works => warn!(cause = error.cause(), "cannot read the outbox"),
                _ => {}
            }
            works = due.is_ok();
            let due = due.unwrap_or_default();
            more = due.len() == free;
            for row in due {
                let (job, permit) = (self.clone(), Arc::clone(&self.attempts).acquire_owned().await);
                attempts.spawn(async move {
                    job.attempt_and_log(row).await;
                    drop(permit);
                });
            }
        }
    }

    async fn attempt_and_log(&self, row: outbox::Model) {
        let id = row.id;
        if let Err(error) = self.attempt(row).await {
            warn!(mail.id = id.0, cause = error.cause(), "cannot update the outbox");
        }
    }

    /// Waits for the attempts in progress, at most for `limit`.
    pub async fn finish_attempts(&self, limit: Duration) {
        let all = self.attempts.acquire_many(CONCURRENT as u32);
        let _ = timeout(limit, all).await;
    }

    /// Tries to send each message that is due, and waits for the results.
    pub async fn run_once(&self) -> Result<(), Error> {
        loop {
            let due = outbox::due(&self.db, self.clock.now(), BATCH).await?;
            let is_last = (due.len() as u64) < BATCH;
            let attempts = stream::iter(due).map(|row| self.attempt(row)).buffer_unordered(CONCURRENT);
            attempts.try_collect::<Vec<_>>().await?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Tries to send one message, unless another replica does.
    async fn attempt(&self, row: outbox::Model) -> Result<(), Error> {
        let transaction = self.db.begin_write().await?;
        let claimed = row.claim(&transaction, self.clock.now() + LEASE).await?;
        transaction.commit().await?;
        let Some(row) = claimed else { return Ok(()) };
        match self.prepare(&row).await? {
            Some((letter, user_id)) => {
                let sent = self.mailer.send(letter).await;
                self.finish(&row, user_id, sent).await
            }
            None => self.discard(&row).await,
        }
    }

    async fn discard(&self, row: &outbox::Model) -> Result<(), Error> {
        let transaction = self.db.begin_write().await?;
        row.delete(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Deletes the message if it was sent or cannot be sent. Otherwise sets the time of the next attempt.
    async fn finish(&self, row: &outbox::Model, user_id: UserId, sent: Result<(), DeliveryError>) -> Result<(), Error> {
        let now = self.clock.now();
        let mut reset_sent = None;
        let transaction = self.db.begin_write().await?;
        match sent {
            Ok(()) => {
                counter!("daypass_mails_sent_total").increment(1);
                row.delete(&transaction).await?;
                if matches!(row.mail(), Ok(Mail::PasswordReset(_))) {
                    let event = Event::new(EventKind::PasswordResetSent, Actor::System, now).about(user_id);
                    event::create(&transaction, &event).await?;
                    reset_sent = Some(event);
                }
            }
            Err(cause) => {
                counter!("daypass_mails_failed_total", "reason" => cause.code()).increment(1);
                let next = now + pause(row.attempts);
                if cause.is_permanent() || next - row.created_at.0 > MAX_AGE {
                    error!(mail.id = row.id.0, %cause, "a message was not sent, and is discarded");
                    row.delete(&transaction).await?;
                } else {
                    warn!(mail.id = row.id.0, attempt = row.attempts, %cause, "a message was not sent yet");
                    row.postpone(&transaction, next).await?;
                }
            }
        }
        transaction.commit().await?;
        if let Some(event) = reset_sent {
            event.log();
        }
        Ok(())
    }

    /// Creates the code of a message. Returns `None` if the message is no longer needed, or if there is no recipient.
    async fn prepare(&self, row: &outbox::Model) -> Result<Option<(Letter, UserId)>, Error> {
        let now = self.clock.now();
        if now - row.created_at.0 > MAX_AGE {
            error!(mail.id = row.id.0, "a message was not sent for a day, and is discarded");
            return Ok(None);
        }
        let mail = match row.mail() {
            Ok(mail) => mail,
            Err(error) => {
                error!(
                    mail.id = row.id.0,
                    cause = error.cause(),
                    "a message in the outbox cannot be read, and is discarded"
                );
                return Ok(None);
            }
        };
        let Some(user_id) = self.recipient(row, &mail).await? else { return Ok(None) };
        // The lock is the first statement. Otherwise, MySQL would read rows as they were before the lock.
        let transaction = self.db.begin_write().await?;
        let user = user::lock_if_exists(&transaction, user_id).await?.filter(user::Model::may_sign_in);
        let Some(user) = user else { return Ok(None) };
        if !row.lock(&transaction).await? {
            return Ok(None);
        }
        let written = self.write(&transaction, &user, mail, row.id).await?;
        transaction.commit().await?;
        let id = format!("{}.{}", row.created_at.0.timestamp_millis(), row.id);
        let letter = |Written { to, content }| Letter { id, attempt: row.attempts, to, date: now, content };
        Ok(written.map(letter).map(|letter| (letter, user_id)))
    }

    /// Returns the user whom the message is about.
    async fn recipient(&self, row: &outbox::Model, mail: &Mail) -> Result<Option<UserId>, Error> {
        let user = match mail {
            Mail::VerifyEmail { .. } | Mail::EmailChanged { .. } => return Ok(row.user_id),
            Mail::PasswordReset(AccountName::Username(name)) => user::find_by_username(&self.db, name).await?,
            Mail::PasswordReset(AccountName::Email(email)) => user::find_by_email(&self.db, email).await?,
        };
        Ok(user.map(|user| user.id))
    }

    /// Writes a message and creates its code. Returns `None` if the user must not get the message.
    async fn write(
        &self,
        db: &Transaction,
        user: &user::Model,
        mail: Mail,
        mail_id: MailId,
    ) -> Result<Option<Written>, Error> {
        let (now, username) = (self.clock.now(), user.username.clone());
        let (to, content, purpose, hash) = match mail {
            Mail::VerifyEmail { to } if user.pending_email().as_ref() == Some(&to) => {
                let code = ShortCode::random(&mut random::secure());
                let hash = self.tokens.hash_code(&code)?;
                (to, Content::VerifyEmail { username, code }, Purpose::VerifyEmail, hash)
            }
            Mail::VerifyEmail { .. } => return Ok(None),
            Mail::EmailChanged { to } => {
                let code = SecretCode::random(&mut random::secure());
                let hash = code.hash();
                (to, Content::EmailChanged { username, code }, Purpose::RestoreEmail, hash)
            }
            Mail::PasswordReset(account) => {
                let Some(to) = reset_recipient(db, user, &account, mail_id, now).await? else { return Ok(None) };
                let code = SecretCode::random(&mut random::secure());
                let hash = code.hash();
                (to, Content::PasswordReset { username, code }, Purpose::ResetPassword, hash)
            }
        };
        let email = (purpose != Purpose::ResetPassword).then(|| to.clone());
        let new = NewCode { user_id: user.id, purpose, hash, email, mail_id: Some(mail_id) };
        one_time_code::create(db, new, now).await?;
        Ok(Some(Written { to, content }))
    }
}

/// A message with its code.
struct Written {
    to: Email,
    content: Content,
}

/// Returns the address for the reset of a password. Returns `None` if the user has no verified address, changed it in the
/// meantime, or got too many messages.
async fn reset_recipient(
    db: &Transaction,
    user: &user::Model,
    account: &AccountName,
    mail_id: MailId,
    now: DateTime<Utc>,
) -> Result<Option<Email>, Error> {
    let Some(to) = user.email() else { return Ok(None) };
    if matches!(account, AccountName::Email(email) if *email != to) {
        return Ok(None);
    }
    let since = now - RESET_WINDOW;
    if one_time_code::count_messages(db, user.id, Purpose::ResetPassword, since, mail_id).await? >= MAX_RESETS {
        warn!(user.id = user.id.0, "a password reset is ignored, because the user got too many messages");
        return Ok(None);
    }
    Ok(Some(to))
}

/// Returns the time until the next attempt: it doubles with each attempt.
fn pause(attempts: i64) -> TimeDelta {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    (FIRST_PAUSE * 2_i32.pow(doublings)).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let seconds: Vec<_> = (1..=10).map(|attempts| pause(attempts).num_seconds()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(pause(1000), MAX_PAUSE);
    }
}
