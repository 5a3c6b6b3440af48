//! The limits on failed sign-ins.
//!
//! Failures of unknown clients are limited by address and by account. A known device has its own bucket, so an attacker
//! who guesses passwords does not lock out the account's owner. An attempt reserves a try before the password is
//! hashed, so parallel guesses cannot exceed the limit. Only a failure uses up the try. A success of an unknown client
//! does not reset earlier failures, because other clients could see the reset and conclude that the account exists.

use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Attempt, Charges, KnownBy, Outcome};
use super::buckets::NoTry;
use super::client_network::ClientNetwork;
use super::limits::{Limits, NotAdmitted, Tables};
use crate::auth::token::device::Device;
use crate::auth::token::session_id::SessionId;
use crate::platform::clock::Clock;
use crate::types::username;

/// The maximum time that an attempt waits for other attempts in progress.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The client of a sign-in. None of these fields has been checked against the database yet.
#[derive(Clone, Copy, Debug)]
pub struct SignInClient<'a> {
    pub from: ClientNetwork,
    /// The device, if the request presents a device token for this username.
    pub device: Option<Device>,
    /// The user session, if the request presents a valid one.
    pub session: Option<SessionId>,
    /// The username in the request. There may be no such user.
    pub name: &'a str,
}

impl Limits {
    /// Admits a sign-in. Waits while attempts in progress have reserved the rest of the quota.
    pub async fn sign_in(&self, client: SignInClient<'_>, clock: &Clock) -> Result<Attempt<'_>, NotAdmitted> {
        let Some(tables) = &self.0 else { return Ok(Attempt(None)) };
        tables.sign_in(client, clock).await.map(|charges| Attempt(Some(charges)))
    }

    /// Repeats an attempt as an unknown client, because the device token or session does not match the user's row. The
    /// earlier attempt counts as a failure of that device or session.
    pub async fn sign_in_as_unknown<'a>(
        &'a self,
        attempt: Attempt<'a>,
        client: SignInClient<'_>,
        clock: &Clock,
    ) -> Result<Attempt<'a>, NotAdmitted> {
        attempt.finish(Outcome::Failed);
        let Some(tables) = &self.0 else { return Ok(Attempt(None)) };
        let key = username::key_of_any(client.name);
        let charges = tables.unknown(client.from, &key, clock, Instant::now() + MAX_WAIT).await;
        charges.map(|charges| Attempt(Some(charges)))
    }

    /// Records that a user signed in from this network. If the bucket of the user's device is used up, the device can
    /// use a second bucket on this network.
    pub fn add_known_network(&self, from: ClientNetwork, name: &str) {
        if let Some(tables) = &self.0 {
            tables.known_networks.insert((username::key_of_any(name), from), ());
        }
    }
}

impl Tables {
    async fn sign_in(&self, client: SignInClient<'_>, clock: &Clock) -> Result<Charges<'_>, NotAdmitted> {
        let (key, deadline) = (username::key_of_any(client.name), Instant::now() + MAX_WAIT);
        if let Some(device) = client.device {
            // An attacker with a stolen device token can use up this bucket. The owner can then sign in from a known
            // network.
            let of_device = || self.devices.reserve((device, &key), clock.monotonic());
            if let Some(reserved) = unless_exhausted(reserve(of_device, deadline).await)? {
                return Ok(Charges::Known(reserved, KnownBy::Device));
            }
            let of_network = || self.devices.reserve((device, &key, client.from), clock.monotonic());
            if self.known_networks.contains_key(&(key.clone(), client.from))
                && let Some(reserved) = unless_exhausted(reserve(of_network, deadline).await)?
            {
                return Ok(Charges::Known(reserved, KnownBy::Device));
            }
        }
        let unknown = self.unknown(client.from, &key, clock, deadline).await;
        match (unknown, client.session) {
            (Err(exhausted @ NotAdmitted::Exhausted(_)), Some(session)) => {
                let of_session = || self.sessions.reserve(session, clock.monotonic());
                let reserved = unless_exhausted(reserve(of_session, deadline).await)?.ok_or(exhausted)?;
                Ok(Charges::Known(reserved, KnownBy::Session))
            }
            (unknown, _) => unknown,
        }
    }

    async fn unknown(
        &self,
        from: ClientNetwork,
        key: &str,
        clock: &Clock,
        deadline: Instant,
    ) -> Result<Charges<'_>, NotAdmitted> {
        let both = || {
            let address = self.addresses.reserve(from, clock.monotonic())?;
            match self.accounts.reserve(key, clock.monotonic()) {
                Ok(account) => Ok(Charges::Unknown { address, account }),
                Err(no_try) => {
                    address.release();
                    Err(no_try)
                }
            }
        };
        reserve(both, deadline).await
    }
}

/// Calls `attempt`, and again each time another attempt finishes. Stops if a try is reserved, if the quota is used up,
/// or at the deadline.
async fn reserve<T>(attempt: impl Fn() -> Result<T, NoTry>, deadline: Instant) -> Result<T, NotAdmitted> {
    loop {
        match attempt() {
            Ok(reserved) => return Ok(reserved),
            Err(NoTry::Exhausted(allowance)) => return Err(NotAdmitted::Exhausted(allowance)),
            Err(NoTry::InProgress { finished, .. }) => {
                let finished = finished.ok_or(NotAdmitted::Busy)?;
                tokio::time::timeout_at(deadline, finished).await.map_err(|_| NotAdmitted::Busy)?;
            }
        }
    }
}

fn unless_exhausted<T>(reserved: Result<T, NotAdmitted>) -> Result<Option<T>, NotAdmitted> {
    match reserved {
        Ok(reserved) => Ok(Some(reserved)),
        Err(NotAdmitted::Exhausted(_)) => Ok(None),
        Err(NotAdmitted::Busy) => Err(NotAdmitted::Busy),
    }
}
