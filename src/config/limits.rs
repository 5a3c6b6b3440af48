//! Settings of limits and trusted proxies.

use std::fmt;
use std::time::Duration;

use clap::Args;
use ipnet::IpNet;

use super::Environment;
use super::parsers::{integer, word_for_boolean};
use crate::auth::rate_limit::{MAX_FAILURES_IN_A_ROW, Quota, Quotas};

const DEFAULTS: Quotas = Quotas {
    sign_up: Quota { tries: 60, window: Duration::from_hours(1) },
    sign_in: Quota { tries: 20, window: Duration::from_mins(15) },
    sign_in_address: Quota { tries: 100, window: Duration::from_mins(15) },
    new_session: Quota { tries: 200, window: Duration::from_hours(1) },
    password_change: Quota { tries: 20, window: Duration::from_mins(15) },
    mail: Quota { tries: 5, window: Duration::from_hours(1) },
    password_reset: Quota { tries: 30, window: Duration::from_hours(1) },
    code: Quota { tries: 30, window: Duration::from_mins(15) },
    anonymous: Quota { tries: 600, window: Duration::from_hours(1) },
    anonymous_data: Quota::mib(16, Duration::from_hours(24)),
};
/// The limits in development are higher: a class shares one address, and test collections are run repeatedly.
const DEVELOPMENT: Quotas = Quotas {
    sign_up: Quota { tries: 1000, window: Duration::from_hours(1) },
    sign_in_address: Quota { tries: 1000, window: Duration::from_mins(15) },
    password_reset: Quota { tries: 1000, window: Duration::from_hours(1) },
    code: Quota { tries: 1000, window: Duration::from_mins(15) },
    ..DEFAULTS
};

const NAMES: &str = "sign-up, sign-in, sign-in-address, new-session, password-change, mail, password-reset, code, \
                     anonymous, anonymous-data";

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct LimitConfig {
    /// Rate limits: on, off, or the limits to change: sign-up=60/1h, sign-in=20/15m, sign-in-address=100/15m,
    /// new-session=200/1h, password-change=20/15m, mail=5/1h, password-reset=30/1h, code=30/15m, anonymous=600/1h,
    /// anonymous-data=16MiB/24h [default: on in production, sign-up=1000/1h,sign-in-address=1000/15m,
    /// password-reset=1000/1h,code=1000/15m in development]
    #[arg(long, env = "RATE_LIMITS", value_parser = rate_limits, global = true)]
    pub rate_limits: Option<RateLimits>,
    /// Maximum number of items per user, and of workout logs per user
    #[arg(long, env = "MAX_ITEMS", default_value = "10000", value_parser = integer::<u32>(1..=1_000_000), global = true)]
    pub max_items: u32,
    /// Networks of the proxies in front of the service, comma-separated; only their X-Forwarded-For is used, and they
    /// may open more than 64 connections [default: none]
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_delimiter = ',',
        value_parser = network,
        help_heading = "Network",
        global = true
    )]
    pub trusted_proxies: Vec<IpNet>,
}

impl LimitConfig {
    /// Returns the configured rate limits, or the environment's defaults.
    #[must_use]
    pub fn rate_limits(&self, environment: Environment) -> RateLimits {
        self.rate_limits.unwrap_or(match environment {
            Environment::Development => RateLimits(Some(DEVELOPMENT)),
            Environment::Production => RateLimits(Some(DEFAULTS)),
        })
    }
}

/// The quotas. `None` turns rate limits off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits(pub Option<Quotas>);

impl fmt::Display for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(quotas) = self.0 else { return f.write_str("off") };
        let Quotas { sign_up, sign_in, sign_in_address, new_session, password_change, .. } = quotas;
        let Quotas { mail, password_reset, code, anonymous, anonymous_data, .. } = quotas;
        write!(f, "sign-up={sign_up},sign-in={sign_in},sign-in-address={sign_in_address},")?;
        write!(f, "new-session={new_session},password-change={password_change},mail={mail},")?;
        write!(f, "password-reset={password_reset},code={code},anonymous={anonymous},")?;
        write!(f, "anonymous-data={}", anonymous_data.display_bytes())
    }
}

fn rate_limits(text: &str) -> Result<RateLimits, String> {
    if let Some(on) = word_for_boolean(text) {
        return Ok(RateLimits(on.then_some(DEFAULTS)));
    }
    let mut quotas = DEFAULTS;
    for part in text.split(',') {
        let (name, quota) = part.trim().split_once('=').ok_or("must be on, off, or a list such as sign-in=20/15m")?;
        let target = match name {
            "sign-up" => &mut quotas.sign_up,
            "sign-in" => &mut quotas.sign_in,
            "sign-in-address" => &mut quotas.sign_in_address,
            "new-session" => &mut quotas.new_session,
            "password-change" => &mut quotas.password_change,
            "mail" => &mut quotas.mail,
            "password-reset" => &mut quotas.password_reset,
            "code" => &mut quotas.code,
            "anonymous" => &mut quotas.anonymous,
            "anonymous-data" => {
                quotas.anonymous_data = Quota::parse_bytes(quota)?;
                continue;
            }
            _ => return Err(format!("{name:?} is not one of {NAMES}")),
        };
        *target = quota.parse()?;
    }
    if quotas.sign_in.tries > MAX_FAILURES_IN_A_ROW {
        return Err(format!("sign-in must have at most {MAX_FAILURES_IN_A_ROW} tries"));
    }
    Ok(RateLimits(Some(quotas)))
}

/// Parses a network or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let single = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address)).ok();
    text.parse().ok().or_else(single).ok_or_else(|| "must be a network such as 10.0.0.0/8, or an address".to_owned())
}
