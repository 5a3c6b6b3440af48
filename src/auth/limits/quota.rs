//! So many tries in so much time.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many tries in so much time: `20/15m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Tries that may come at once.
    pub tries: u32,
    /// The time in which as many come back, one by one.
    pub window: Duration,
}

impl Quota {
    /// The time in which one try comes back.
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
        let help = || format!("{text:?} is not of the form 20/15m");
        let (tries, window) = text.split_once('/').ok_or_else(help)?;
        let tries = tries.parse().map_err(|_| help())?;
        let window = humantime::parse_duration(window).map_err(|_| help())?;
        if tries == 0 || tries > 1_000_000 || window < Duration::from_secs(1) || window > Duration::from_hours(24) {
            return Err(format!("{text:?}: from 1 to 1000000 tries, in 1s to 24h"));
        }
        Ok(Self { tries, window })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_as_it_is_spoken() {
        let quota: Quota = "20/15m".parse().unwrap();
        assert_eq!((quota.tries, quota.window, quota.interval().as_secs()), (20, Duration::from_mins(15), 45));
        for bad in ["", "20", "20/", "/15m", "0/15m", "-1/15m", "20/0s", "20/25h", "20/15", "1000001/1h"] {
            assert!(bad.parse::<Quota>().is_err(), "{bad}");
        }
    }
}
