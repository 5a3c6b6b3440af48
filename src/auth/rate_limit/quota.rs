//! Quotas: a number of tries per window of time.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

/// A number of tries per window, such as `20/15m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    pub tries: u32,
    /// The time in which all tries of a used-up quota become available again, one after the other.
    pub window: Duration,
}

/// The quota of each limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Sign-ups and username changes from one address.
    pub sign_up: Quota,
    /// Failed sign-ins to one account. All unknown clients share one quota. Each known device or session has its own.
    pub sign_in: Quota,
    /// Failed sign-ins from one address.
    pub sign_in_address: Quota,
    /// Successful sign-ins to one account.
    pub new_session: Quota,
    /// Checks of the current password of one account, for example before a password change.
    pub password_change: Quota,
    /// Messages to one e-mail address, or for the password reset of one account.
    pub mail: Quota,
    /// Requests for password resets from one address.
    pub password_reset: Quota,
    /// Rejected requests with codes from one address.
    pub code: Quota,
    /// New anonymous sessions from one address.
    pub anonymous: Quota,
    /// Bytes added to the data of anonymous sessions from one address.
    pub anonymous_data: Quota,
}

/// What is left of a quota, for the `RateLimit` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The name of the limit.
    pub policy: &'static str,
    pub quota: Quota,
    /// The number of tries left.
    pub remaining: u32,
    /// The time until one more try is available.
    pub next: Duration,
}

const WINDOWS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_hours(24);
const MIB: u32 = 1024 * 1024;

impl Quota {
    /// Creates a quota of `count` MiB, in which each byte is one try.
    pub const fn mib(count: u32, window: Duration) -> Self {
        Self { tries: count * MIB, window }
    }

    /// Parses a quota of bytes, such as `16MiB/24h`.
    pub fn parse_bytes(text: &str) -> Result<Self, String> {
        let parse = || {
            let (size, window) = text.split_once("MiB/")?;
            Some((size.parse().ok()?, humantime::parse_duration(window).ok()?))
        };
        match parse() {
            // In a window of one second, the time per byte could be less than a nanosecond, which rounds to zero.
            Some((count @ 1..=1024, window)) if window >= Duration::from_mins(1) && WINDOWS.contains(&window) => {
                Ok(Self::mib(count, window))
            }
            _ => Err(format!("{text:?} must look like 16MiB/24h, with 1 to 1024 MiB and a window of 1m to 24h")),
        }
    }

    /// Formats a quota of bytes in the form that [`Quota::parse_bytes`] accepts.
    pub fn display_bytes(&self) -> impl fmt::Display {
        format!("{}MiB/{}", self.tries / MIB, humantime::format_duration(self.window))
    }

    /// Returns the time after which one used try is available again.
    pub(super) fn interval(&self) -> Duration {
        self.window / self.tries
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tries, humantime::format_duration(self.window))
    }
}

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (tries, window) = text.split_once('/')?;
            Some((tries.parse().ok()?, humantime::parse_duration(window).ok()?))
        };
        match parse() {
            Some((tries @ 1..=1_000_000, window)) if WINDOWS.contains(&window) => Ok(Self { tries, window }),
            _ => Err(format!("{text:?} must look like 20/15m, with 1 to 1000000 tries and a window of 1s to 24h")),
        }
    }
}
