//! How often one may try, and whose word on the client's address is taken.

use std::fmt;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

use crate::auth::limits::{Quota, Quotas};

const DEFAULTS: Quotas = Quotas {
    sign_up: Quota { tries: 60, window: Duration::from_hours(1) },
    sign_in: Quota { tries: 20, window: Duration::from_mins(15) },
    sign_in_address: Quota { tries: 100, window: Duration::from_mins(15) },
    password_change: Quota { tries: 20, window: Duration::from_mins(15) },
    anonymous: Quota { tries: 600, window: Duration::from_hours(1) },
};
/// NIST SP 800-63B-4 §3.2.2.
const MOST_SIGN_IN_FAILURES: u32 = 100;

/// Settings of limits.
#[derive(Args, Clone, Debug)]
pub struct LimitConfig {
    /// How often one may try: on, off, or those that differ: sign-up=60/1h, sign-in=20/15m,
    /// sign-in-address=100/15m, password-change=20/15m, anonymous=600/1h
    #[arg(long, env = "RATE_LIMITS", default_value = "on", value_parser = rate_limits, global = true)]
    pub rate_limits: RateLimits,
    /// Networks of the proxies in front, comma-separated: their X-Forwarded-For is believed, nobody else's
    /// [default: none]
    #[arg(long, env = "TRUSTED_PROXIES", value_delimiter = ',', value_parser = network, global = true)]
    pub trusted_proxies: Vec<IpNet>,
}

/// The quotas, unless limits are off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits(pub Option<Quotas>);

impl fmt::Display for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Quotas { sign_up, sign_in, sign_in_address, password_change, anonymous }) = self.0 else {
            return f.write_str("off");
        };
        write!(f, "sign-up={sign_up},sign-in={sign_in},sign-in-address={sign_in_address},")?;
        write!(f, "password-change={password_change},anonymous={anonymous}")
    }
}

fn rate_limits(text: &str) -> Result<RateLimits, String> {
    match text {
        "on" => return Ok(RateLimits(Some(DEFAULTS))),
        "off" => return Ok(RateLimits(None)),
        _ => {}
    }
    let mut quotas = DEFAULTS;
    for part in text.split(',') {
        let (name, quota) = part.trim().split_once('=').ok_or("on, off, or sign-in=20/15m and the like")?;
        let place = match name {
            "sign-up" => &mut quotas.sign_up,
            "sign-in" => &mut quotas.sign_in,
            "sign-in-address" => &mut quotas.sign_in_address,
            "password-change" => &mut quotas.password_change,
            "anonymous" => &mut quotas.anonymous,
            _ => {
                return Err(format!("{name:?} is not sign-up, sign-in, sign-in-address, password-change or anonymous"));
            }
        };
        *place = quota.parse()?;
    }
    if quotas.sign_in.tries > MOST_SIGN_IN_FAILURES {
        return Err(format!("sign-in: at most {MOST_SIGN_IN_FAILURES} tries"));
    }
    Ok(RateLimits(Some(quotas)))
}

/// A network, or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let single = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address)).ok();
    text.parse().ok().or_else(single).ok_or_else(|| "a network such as 10.0.0.0/8, or an address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_on_off_or_changed_one_by_one() {
        assert_eq!(rate_limits("off"), Ok(RateLimits(None)));
        let RateLimits(changed) = rate_limits("sign-in=5/1m, sign-up=3/1h").unwrap();
        let changed = changed.unwrap();
        assert_eq!((changed.sign_in.tries, changed.sign_up.tries), (5, 3));
        assert_eq!(changed.password_change, DEFAULTS.password_change);
        for bad in ["", "yes", "sign-in", "login=5/1m", "sign-in=5", "sign-in=101/15m", "on,off"] {
            assert!(rate_limits(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proxy_is_a_network_or_an_address() {
        for good in ["10.0.0.0/8", "fd00::/8", "127.0.0.1", "::1"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "10.0.0.0/33", "proxy.example", "10.0.0.0/8/8"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
