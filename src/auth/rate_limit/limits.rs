//! The limits that count every attempt. The limits on failed sign-ins are in `sign_in`.

use std::time::Duration;

use moka::sync::Cache;

use super::attempt::{Attempt, Charges, ReservedBytes};
use super::buckets::{Buckets, NoTry, Reserved};
use super::client_network::ClientNetwork;
use super::quota::{Allowance, Quotas};
use crate::platform::clock::Monotonic;
use crate::types::{UserId, username};

/// The maximum number of failed sign-ins in a row (NIST SP 800-63B-4 §3.2.2).
pub const MAX_FAILURES_IN_A_ROW: u32 = 100;
/// The maximum number of known networks in memory. Each is stored for [`KNOWN_NETWORK_TTL`] after a sign-in.
const KNOWN_NETWORKS: u64 = 65_536;
const KNOWN_NETWORK_TTL: Duration = Duration::from_hours(30 * 24);

/// Why an attempt is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdmitted {
    /// The quota is used up.
    Exhausted(Allowance),
    /// Attempts in progress have reserved the rest of the quota, and none finished in time.
    Busy,
}

/// Counts attempts. Contains `None` if limits are off.
pub struct Limits(pub(super) Option<Tables>);

pub(super) struct Tables {
    sign_up: Buckets,
    /// `accounts` and the next three tables count failed sign-ins, each with its own kind of key.
    pub(super) accounts: Buckets,
    pub(super) devices: Buckets,
    pub(super) sessions: Buckets,
    pub(super) addresses: Buckets,
    new_session: Buckets,
    password_change: Buckets,
    mail: Buckets,
    password_reset: Buckets,
    code: Buckets,
    anonymous: Buckets,
    anonymous_data: Buckets,
    /// The networks from which a user has recently signed in. A key consists of the username's key and the network.
    pub(super) known_networks: Cache<(String, ClientNetwork), ()>,
}

impl Limits {
    /// The names of the limits, as in `RateLimit` headers and metrics.
    pub const POLICIES: [&str; 10] = [
        "sign-up",
        "sign-in",
        "sign-in-address",
        "new-session",
        "password-change",
        "mail",
        "password-reset",
        "code",
        "anonymous",
        "anonymous-data",
    ];

    /// Creates the limits. `None` turns them off.
    pub fn new(quotas: Option<Quotas>) -> Self {
        let failures = |quota| Buckets::new("sign-in", quota).with_max_in_a_row(MAX_FAILURES_IN_A_ROW);
        Self(quotas.map(|quotas| Tables {
            sign_up: Buckets::new("sign-up", quotas.sign_up),
            accounts: failures(quotas.sign_in),
            devices: failures(quotas.sign_in),
            sessions: failures(quotas.sign_in),
            addresses: Buckets::new("sign-in-address", quotas.sign_in_address),
            new_session: Buckets::new("new-session", quotas.new_session),
            password_change: Buckets::new("password-change", quotas.password_change),
            mail: Buckets::new("mail", quotas.mail),
            password_reset: Buckets::new("password-reset", quotas.password_reset),
            code: Buckets::new("code", quotas.code),
            anonymous: Buckets::new("anonymous", quotas.anonymous),
            anonymous_data: Buckets::new("anonymous-data", quotas.anonymous_data),
            known_networks: Cache::builder().max_capacity(KNOWN_NETWORKS).time_to_live(KNOWN_NETWORK_TTL).build(),
        }))
    }

    /// Limits sign-ups and username changes.
    pub fn sign_up(&self, from: ClientNetwork, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        self.count_all(|tables| tables.sign_up.reserve(from, now))
    }

    /// Limits new anonymous sessions.
    pub fn anonymous(&self, from: ClientNetwork, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        self.count_all(|tables| tables.anonymous.reserve(from, now))
    }

    /// Reserves bytes for the data of an anonymous session.
    pub fn anonymous_data(
        &self,
        from: ClientNetwork,
        bytes: u32,
        now: Monotonic,
    ) -> Result<ReservedBytes<'_>, NotAdmitted> {
        let tables = self.0.as_ref().filter(|_| bytes > 0);
        let reserved = tables.map(|tables| tables.anonymous_data.reserve_many(from, bytes, now)).transpose();
        reserved.map(ReservedBytes).map_err(|no_try| NotAdmitted::Exhausted(no_try.allowance()))
    }

    /// Limits checks of the current password.
    pub fn password_change(&self, user_id: UserId, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        self.count_all(|tables| tables.password_change.reserve(user_id, now))
    }

    /// Limits new sessions of a user, because each session can add a row to the table of revocations.
    pub fn new_session(&self, user_id: UserId, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        self.count_all(|tables| tables.new_session.reserve(user_id, now))
    }

    /// Limits the messages to an e-mail address, or for an account that the client named. The account may not exist.
    pub fn mail(&self, recipient: &str, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        // Long texts keep their case in the key of a username.
        let key = username::key_of_any(recipient).to_lowercase();
        self.count_all(|tables| tables.mail.reserve(key, now))
    }

    /// Limits requests for password resets.
    pub fn password_reset(&self, from: ClientNetwork, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        self.count_all(|tables| tables.password_reset.reserve(from, now))
    }

    /// Limits rejected requests with codes. Accepted codes do not count.
    pub fn code(&self, from: ClientNetwork, now: Monotonic) -> Result<Attempt<'_>, NotAdmitted> {
        let reserved = self.0.as_ref().map(|tables| tables.code.reserve(from, now)).transpose();
        let reserved = reserved.map_err(|no_try| NotAdmitted::Exhausted(no_try.allowance()))?;
        Ok(Attempt(reserved.map(Charges::Failures)))
    }

    /// Does not wait for attempts in progress. They count even if they succeed, so waiting would rarely help.
    fn count_all<'a>(
        &'a self,
        reserve: impl FnOnce(&'a Tables) -> Result<Reserved<'a>, NoTry>,
    ) -> Result<Attempt<'a>, NotAdmitted> {
        let reserved = self.0.as_ref().map(reserve).transpose();
        let reserved = reserved.map_err(|no_try| NotAdmitted::Exhausted(no_try.allowance()))?;
        Ok(Attempt(reserved.map(Charges::All)))
    }
}
