//! The limits on failed sign-ins.
//!
//! Failures of unknown clients are limited by address and by account. A known device has its own bucket, so guessing
//! does not lock out the owner of an account. An attempt reserves a try before the password is hashed, so parallel
//! guesses cannot exceed the limit. Only a failure uses the try up. A success of an unknown client does not reset
//! earlier failures: a reset would reveal that the account exists.

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

/// How long an attempt waits for attempts in progress.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The client of a sign-in. Nothing of this is checked against the database yet.
#[derive(Clone, Copy, Debug)]
pub struct SignInClient<'a> {
    pub from: ClientNetwork,
    /// A device whose token was issued under this username.
    pub device: Option<Device>,
    /// The valid session that the request presents.
    pub session: Option<SessionId>,
    /// The username. It may not exist.
    pub name: &'a str,
}

impl Limits {
    /// Admits a sign-in. Waits while attempts in progress have reserved the rest of the quota.
    pub async fn sign_in(&self, client: SignInClient<'_>, clock: &Clock) -> Result<Attempt<'_>, NotAdmitted> {
        let Some(tables) = &self.0 else { return Ok(Attempt(None)) };
        tables.sign_in(client, clock).await.map(|charges| Attempt(Some(charges)))
    }

    /// Continues an attempt whose device or session belongs to another account or password. The attempt counts as a
    /// failure of that device or session. The client then counts as unknown.
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

    /// Stores that a user signed in from this network. If the bucket of the user's device is used up, the device has a
    /// second bucket on this network.
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
            // An attacker with a stolen token can use this bucket up. The owner then has the bucket of a known network.
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

/// Calls `attempt` again each time another attempt finishes, until a try is reserved or the quota is used up.
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
