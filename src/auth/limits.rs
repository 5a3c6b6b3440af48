//! How often one may try: to sign up, to sign in, to give the present password, to begin an anonymous session.
//!
//! Signing in is limited by the address it comes from and, for devices that have not signed in to the
//! account before, by the account. A device that has goes by a bucket of its own: however many strangers
//! guess at an account, its owner is not locked out. Only failures count there, and they are charged before
//! the password is hashed, so that a thousand at once are not a thousand guesses. A success takes back its own
//! charge and no other: a count that began anew would tell strangers that the account exists.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::address_prefix::AddressPrefix;
use super::device::Device;
use super::username;

/// NIST SP 800-63B-4 §3.2.2.
const MOST_FAILURES_IN_A_ROW: u32 = 100;

mod buckets;
mod quota;

use buckets::{Buckets, Charged};
pub use quota::Quota;

/// The limits, by what they limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Names asked for from one address: sign-ups, and changes of name.
    pub sign_up: Quota,
    /// Failures to sign in to one account from devices it does not know, and from each it does.
    pub sign_in: Quota,
    /// Failures to sign in from one address.
    pub sign_in_address: Quota,
    /// Times the present password is given again for one account.
    pub password_change: Quota,
    /// Anonymous sessions begun from one address.
    pub anonymous: Quota,
}

/// What is left of a quota; it goes out as `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The name of the limit.
    pub policy: &'static str,
    /// The limit.
    pub quota: Quota,
    /// Tries left.
    pub remaining: u32,
    /// The time until there is one more.
    pub next: Duration,
}

/// Keeps count; `None` inside when the limits are off.
pub struct Limits(Option<Tables>);

struct Tables {
    sign_up: Buckets,
    accounts: Buckets,
    devices: Buckets,
    addresses: Buckets,
    password_change: Buckets,
    anonymous: Buckets,
}

impl Limits {
    /// Limits of these sizes, or none.
    #[must_use]
    pub fn new(quotas: Option<Quotas>) -> Self {
        let failures = |quota| Buckets::new("sign-in", quota).closing_after(MOST_FAILURES_IN_A_ROW);
        Self(quotas.map(|quotas| Tables {
            sign_up: Buckets::new("sign-up", quotas.sign_up),
            accounts: failures(quotas.sign_in),
            devices: failures(quotas.sign_in),
            addresses: Buckets::new("sign-in-address", quotas.sign_in_address),
            password_change: Buckets::new("password-change", quotas.password_change),
            anonymous: Buckets::new("anonymous", quotas.anonymous),
        }))
    }

    /// Asks for a name, for a sign-up or a change of name.
    ///
    /// # Errors
    /// When the address asked too often.
    pub fn sign_up(&self, from: AddressPrefix, now: DateTime<Utc>) -> Result<Attempt<'_>, Allowance> {
        self.0.as_ref().map_or(Ok(Attempt(None)), |tables| Attempt::counted(&tables.sign_up, from, now))
    }

    /// Begins an anonymous session.
    ///
    /// # Errors
    /// When too many were begun from this address.
    pub fn anonymous(&self, from: AddressPrefix, now: DateTime<Utc>) -> Result<Attempt<'_>, Allowance> {
        self.0.as_ref().map_or(Ok(Attempt(None)), |tables| Attempt::counted(&tables.anonymous, from, now))
    }

    /// Gives the present password again.
    ///
    /// # Errors
    /// When it was given too often for this user.
    pub fn password_change(&self, user_id: i64, now: DateTime<Utc>) -> Result<Attempt<'_>, Allowance> {
        self.0.as_ref().map_or(Ok(Attempt(None)), |tables| Attempt::counted(&tables.password_change, user_id, now))
    }

    /// Tries to sign in as `name`, which may be anybody's or nobody's; `device` is one that has signed in
    /// under this name before.
    ///
    /// # Errors
    /// When the address, the account or the device failed too often.
    pub fn sign_in(
        &self,
        from: AddressPrefix,
        device: Option<Device>,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<Attempt<'_>, Allowance> {
        let Some(tables) = &self.0 else { return Ok(Attempt(None)) };
        let key = username::key_of_any(name);
        if let Some(device) = device {
            // Whoever stole its token could use up its tries; then the device is a stranger like any other.
            if let Ok((charged, allowance)) = tables.devices.charge((device, &key), now) {
                return Ok(Attempt(Some(Charges { to: Charge::Device(&tables.devices, charged), allowance })));
            }
        }
        let (address, _) = tables.addresses.charge(from, now)?;
        let charged = tables.accounts.charge(&key, now);
        // Refused for the account's sake: that says nothing about the address.
        let (account, allowance) = charged.inspect_err(|_| tables.addresses.give_back(address))?;
        Ok(Attempt(Some(Charges { to: Charge::Stranger { tables, address, account }, allowance })))
    }
}

/// An attempt whose outcome is not known yet. Until it is told it counts.
#[must_use]
pub struct Attempt<'a>(Option<Charges<'a>>);

struct Charges<'a> {
    to: Charge<'a>,
    allowance: Allowance,
}

enum Charge<'a> {
    /// Counts whether it succeeds or fails.
    Counted(&'a Buckets, Charged),
    Device(&'a Buckets, Charged),
    Stranger {
        tables: &'a Tables,
        address: Charged,
        account: Charged,
    },
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for was done.
    Succeeded,
    /// It was refused.
    Failed,
    /// It was not judged: the service was busy, or failed.
    NotJudged,
}

impl<'a> Attempt<'a> {
    fn counted(buckets: &'a Buckets, key: impl std::hash::Hash, now: DateTime<Utc>) -> Result<Self, Allowance> {
        let (charged, allowance) = buckets.charge(key, now)?;
        Ok(Self(Some(Charges { to: Charge::Counted(buckets, charged), allowance })))
    }

    /// Tells the outcome; what is left.
    #[must_use]
    pub fn ended(self, outcome: Outcome) -> Option<Allowance> {
        let Charges { to, allowance } = self.0?;
        match (outcome, to) {
            (Outcome::Failed, _) | (Outcome::Succeeded, Charge::Counted(..)) => return Some(allowance),
            (Outcome::Succeeded, Charge::Device(devices, charged)) => {
                devices.forgive(charged);
                return Some(devices.untouched());
            }
            (_, Charge::Counted(buckets, charged) | Charge::Device(buckets, charged)) => buckets.give_back(charged),
            (_, Charge::Stranger { tables, address, account }) => {
                tables.addresses.give_back(address);
                tables.accounts.give_back(account);
            }
        }
        Some(Allowance { remaining: (allowance.remaining + 1).min(allowance.quota.tries), ..allowance })
    }
}
