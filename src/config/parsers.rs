//! Parsers for the values of settings. They ignore blanks around a value and the case of words.

use std::ffi::OsStr;
use std::fmt::Display;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::TimeDelta;
use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::{Arg, Command, ValueEnum};

/// Returns a parser for integers in `range`.
pub(crate) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone
where
    T: Clone + Display + FromStr + PartialOrd,
{
    move |text| {
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("must be a number from {} to {}", range.start(), range.end()))
    }
}

/// Returns a parser for durations from `min` to `max`.
pub(crate) fn duration(min: &'static str, max: &'static str) -> impl Fn(&str) -> Result<TimeDelta, String> + Clone {
    move |text| {
        let duration = parse_duration(text)?;
        let allowed = (parse_duration(min)?..=parse_duration(max)?).contains(&duration);
        if allowed { Ok(duration) } else { Err(format!("must be from {min} to {max}")) }
    }
}

/// Parses a duration such as `24h`, `90s` or `1d 12h`. Fractions of a second are an error.
pub(super) fn parse_duration(text: &str) -> Result<TimeDelta, String> {
    let duration = humantime::parse_duration(text.trim())
        .map_err(|_| "must be a duration such as 24h, 90s or 1d 12h".to_owned())?;
    if duration.subsec_nanos() != 0 {
        return Err("must not have fractions of a second".to_owned());
    }
    TimeDelta::from_std(duration).map_err(|_| "is too long".to_owned())
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    word_for_boolean(text).ok_or_else(|| "must be true or false".to_owned())
}

/// Returns the boolean that a word such as `yes` or `off` means, or `None` for other text.
pub(super) fn word_for_boolean(text: &str) -> Option<bool> {
    match &*text.trim().to_ascii_lowercase() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Parses an IP address or `localhost`. IPv6 addresses may have brackets, as in a URL.
pub(super) fn host(text: &str) -> Result<IpAddr, String> {
    let text = text.trim();
    let address = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if address.eq_ignore_ascii_case("localhost") {
        return Ok(Ipv4Addr::LOCALHOST.into());
    }
    address.parse().map_err(|_| "must be localhost, or an IP address such as 127.0.0.1, 0.0.0.0 or ::1".to_owned())
}

/// Parses an address with a port.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let parse = || {
        let (address, port) = text.trim().rsplit_once(':')?;
        let is_complete = !address.contains(':') || address.starts_with('[');
        Some(SocketAddr::new(host(address).ok().filter(|_| is_complete)?, port.parse().ok()?))
    };
    parse().ok_or_else(|| "must be an address with a port, such as 127.0.0.1:9090 or [::1]:9090".to_owned())
}

/// Returns a parser for the values of an enum.
pub(super) fn choice<T: ValueEnum + Clone + Send + Sync + 'static>() -> Choice<T> {
    Choice(PhantomData)
}

#[derive(Clone)]
pub(super) struct Choice<T>(PhantomData<T>);

impl<T: ValueEnum + Clone + Send + Sync + 'static> TypedValueParser for Choice<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<T, clap::Error> {
        let text = value.to_string_lossy();
        match T::from_str(text.trim(), true) {
            Ok(value) => Ok(value),
            Err(_) => EnumValueParser::new().parse_ref(command, argument, value),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        Some(Box::new(values))
    }
}
