//! The variables of one session, and their limits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Error;
use crate::types::ValidationError;
use crate::types::limits::{MAX_VALUE_BYTES, MAX_VARIABLE_NAME_BYTES, MAX_VARIABLES};
use crate::types::version::Expected;

/// The maximum size of all variables of a session as JSON. MySQL's `TEXT` holds at most 64 KiB.
const MAX_JSON_BYTES: usize = 60 * 1024;
/// The maximum size of JSON that is read from a store. This service does not write larger JSON.
pub const MAX_STORED_BYTES: usize = 64 * 1024;
/// The approximate size of a session without variables in a store, in bytes.
const SESSION_OVERHEAD: usize = 256;
/// The approximate size of a variable in a store, without its name and value, in bytes.
const VARIABLE_OVERHEAD: usize = 32;
/// The maximum change counter that is accepted from a store. No session can make enough changes to overflow it.
const MAX_CHANGES: i64 = i64::MAX / 2;

/// The name of a variable: 1 to 64 of the characters `A-Z a-z 0-9 _ - .`. A name must not consist of dots only, because
/// URLs treat `.` and `..` as folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariableName(String);

impl VariableName {
    /// # Errors
    /// [`ValidationError::VariableName`].
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let dots = text.bytes().all(|byte| byte == b'.');
        let valid = (1..=MAX_VARIABLE_NAME_BYTES).contains(&text.len()) && text.bytes().all(allowed) && !dots;
        if valid { Ok(Self(text.to_owned())) } else { Err(ValidationError::VariableName) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// The value of the session's change counter after the last change of this variable. It is never reused.
    pub version: i64,
    /// JSON as the client sent it. Parsing would change large numbers and reject deep nesting.
    pub value: Box<RawValue>,
}

/// The variables of one session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SessionData {
    changes: i64,
    variables: BTreeMap<VariableName, Variable>,
}

impl SessionData {
    /// Starts the change counter at the current time, unless it has started already. So a version is not used again
    /// after the session's data was deleted, or by another session.
    pub fn start_versions(&mut self, now: DateTime<Utc>) {
        if self.changes == 0 {
            self.changes = now.timestamp_millis();
        }
    }

    /// Returns the version of all variables together: the change counter, or 0 before the first change.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.changes
    }

    /// Returns the variables, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&VariableName, &Variable)> {
        self.variables.iter()
    }

    #[must_use]
    pub fn get(&self, name: &VariableName) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Sets a variable. Returns whether it is new.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`], [`Error::VariableTooLarge`], [`Error::TooManyVariables`].
    pub fn set(&mut self, name: &VariableName, value: Box<RawValue>, expected: &Expected) -> Result<bool, Error> {
        if value.get().len() > MAX_VALUE_BYTES {
            return Err(Error::VariableTooLarge);
        }
        self.check(name, expected)?;
        if !self.variables.contains_key(name) && self.variables.len() == MAX_VARIABLES {
            return Err(Error::TooManyVariables);
        }
        self.changes += 1;
        let variable = Variable { version: self.changes, value };
        Ok(self.variables.insert(name.clone(), variable).is_none())
    }

    /// Adds `by` to a variable whose value is an integer. A missing variable counts as 0. Returns the sum.
    ///
    /// # Errors
    /// [`Error::NotANumber`] if the value is not an integer or the sum exceeds 64 bits, and the errors of
    /// [`SessionData::set`].
    pub fn increment(&mut self, name: &VariableName, by: i64, expected: &Expected) -> Result<i64, Error> {
        self.check(name, expected)?;
        let current: i64 = match self.variables.get(name) {
            None => 0,
            Some(variable) => variable.value.get().parse().map_err(|_| Error::NotANumber)?,
        };
        let sum = current.checked_add(by).ok_or(Error::NotANumber)?;
        self.set(name, to_raw_value(&sum).map_err(Error::fault)?, &Expected::Any)?;
        Ok(sum)
    }

    /// # Errors
    /// [`Error::NotFound`], [`Error::PreconditionFailed`].
    pub fn remove(&mut self, name: &VariableName, expected: &Expected) -> Result<(), Error> {
        let variable = self.variables.get(name).ok_or(Error::NotFound)?;
        expected.check(variable.version)?;
        self.variables.remove(name);
        self.changes += 1;
        Ok(())
    }

    /// # Errors
    /// [`Error::PreconditionFailed`] if [`SessionData::version`] is not the expected one.
    pub fn clear(&mut self, expected: &Expected) -> Result<(), Error> {
        expected.check(self.changes)?;
        self.variables.clear();
        self.changes += 1;
        Ok(())
    }

    fn check(&self, name: &VariableName, expected: &Expected) -> Result<(), Error> {
        match self.variables.get(name) {
            Some(variable) => Ok(expected.check(variable.version)?),
            None if *expected == Expected::Any => Ok(()),
            None => Err(Error::PreconditionFailed),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// Returns the approximate number of bytes that a store needs for the data.
    #[must_use]
    pub fn stored_bytes(&self) -> u32 {
        let bytes = |(name, variable): (&VariableName, &Variable)| name.as_str().len() + variable.value.get().len();
        let variables = self.iter().map(|variable| bytes(variable) + VARIABLE_OVERHEAD).sum::<usize>();
        (variables + SESSION_OVERHEAD).try_into().unwrap_or(u32::MAX)
    }

    /// Changes the data. Returns the outcome and the JSON to store.
    ///
    /// # Errors
    /// The errors of `change`, and [`Error::VariablesTooLarge`].
    pub fn change<T>(mut self, change: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<(T, String), Error> {
        let outcome = change(&mut self)?;
        let json = serde_json::to_string(&self).map_err(Error::fault)?;
        if json.len() > MAX_JSON_BYTES { Err(Error::VariablesTooLarge) } else { Ok((outcome, json)) }
    }

    /// Parses JSON from a store. Returns empty data if `json` is `None`.
    ///
    /// # Errors
    /// The errors of [`SessionData::from_json`].
    pub fn stored(json: Option<&[u8]>) -> Result<Self, Error> {
        json.map_or_else(|| Ok(Self::default()), Self::from_json)
    }

    /// Parses JSON from a store.
    ///
    /// # Errors
    /// [`Error::Fault`] with [`Unreadable`].
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let data: Option<Self> = if json.len() > MAX_STORED_BYTES { None } else { serde_json::from_slice(json).ok() };
        data.filter(Self::is_consistent).ok_or_else(|| Error::fault(Unreadable))
    }

    /// Returns whether this service could have written the data. Other programs can write to a store, too.
    fn is_consistent(&self) -> bool {
        let is_valid = |(name, variable): (&VariableName, &Variable)| {
            VariableName::parse(name.as_str()).is_ok() && (1..=self.changes).contains(&variable.version)
        };
        (0..=MAX_CHANGES).contains(&self.changes) && self.variables.len() <= MAX_VARIABLES && self.iter().all(is_valid)
    }
}

/// The stored JSON was not written by this service. The error does not contain the JSON, because it may be secret.
#[derive(Debug, thiserror::Error)]
#[error("the stored session data is not readable; to repair it, delete all variables of the session")]
pub struct Unreadable;

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> VariableName {
        VariableName::parse(text).unwrap()
    }

    fn json(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn error_does_not_contain_unreadable_data() {
        for bad in [&br#"{"changes":"a secret"}"#[..], br#""a secret""#, b"a secret \xff"] {
            let Err(Error::Fault(cause)) = SessionData::from_json(bad) else { panic!("{bad:?}") };
            assert!(cause.is::<Unreadable>() && !format!("{cause} {cause:?}").contains("secret"));
        }
    }

    #[test]
    fn counters_and_names_from_a_store_are_checked() {
        let parse = |changes: &str, version: &str, name: &str| {
            let json = format!(r#"{{"changes":{changes},"variables":{{"{name}":{{"version":{version},"value":1}}}}}}"#);
            SessionData::from_json(json.as_bytes())
        };
        let maximum = (i64::MAX / 2).to_string();
        let mut full = parse(&maximum, &maximum, "a").unwrap();
        assert!(full.set(&name("a"), json("2"), &Expected::Any).is_ok());
        for (changes, version, name) in [
            ("9223372036854775807", "1", "a"),
            ("9223372036854775808", "1", "a"),
            ("-1", "-1", "a"),
            ("5", "6", "a"),
            ("5", "0", "a"),
            ("5", "5", "a/b"),
            ("5", "5", ""),
        ] {
            assert!(parse(changes, version, name).is_err(), "{changes} {version} {name}");
        }
        let many: Vec<_> = (0..=MAX_VARIABLES).map(|n| format!(r#""n{n}":{{"version":1,"value":1}}"#)).collect();
        let many = format!(r#"{{"changes":1,"variables":{{{}}}}}"#, many.join(","));
        assert!(SessionData::from_json(many.as_bytes()).is_err());
        let large = format!(r#"{{"changes":0,"variables":{{}},"x":"{}"}}"#, "x".repeat(MAX_STORED_BYTES));
        assert!(SessionData::from_json(large.as_bytes()).is_err());
    }
}
