//! The variables of one session, and the rules they keep.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::auth::Rule;
use crate::error::Error;
use crate::models::version::Expected;

/// A value, as it was sent.
pub const MAX_VALUE_BYTES: usize = 4 * 1024;
/// All variables of a session, as JSON with their names: what every database keeps in one text.
pub const MAX_BAG_BYTES: usize = 60 * 1024;
/// Variables of a session.
pub const MAX_VARIABLES: usize = 50;
const MAX_NAME_BYTES: usize = 64;

/// The name of a variable: 1 to 64 of `A-Z a-z 0-9 _ - .`, and not of dots alone: browsers take `.` and `..` in a path
/// for folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VariableName(String);

impl VariableName {
    /// Reads one.
    ///
    /// # Errors
    /// [`Rule::VariableName`].
    pub fn parse(text: &str) -> Result<Self, Rule> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let dots = text.bytes().all(|byte| byte == b'.');
        let good = (1..=MAX_NAME_BYTES).contains(&text.len()) && text.bytes().all(allowed) && !dots;
        if good { Ok(Self(text.to_owned())) } else { Err(Rule::VariableName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A variable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Variable {
    /// The number of the change that made it so, among all changes in the session: no version ever comes again.
    pub version: i64,
    /// Any JSON, in the words it was sent: read anew, numbers would change and what is deeply nested be refused.
    pub value: Box<RawValue>,
}

/// The variables of a session, by name.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Bag {
    changes: i64,
    variables: BTreeMap<VariableName, Variable>,
}

impl Bag {
    /// Lets the versions of one that was never changed begin at the time, so that none comes again where a session
    /// had variables before, or another session has some.
    pub fn begin(&mut self, now: DateTime<Utc>) {
        if self.changes == 0 {
            self.changes = now.timestamp_millis();
        }
    }

    /// The number of its last change, counted from when it began: the version of the whole; 0 if there was none.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.changes
    }

    /// All of them, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&VariableName, &Variable)> {
        self.variables.iter()
    }

    /// The variable of this name.
    #[must_use]
    pub fn get(&self, name: &VariableName) -> Option<&Variable> {
        self.variables.get(name)
    }

    /// Gives a variable this value; whether it is a new one.
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

    /// Adds to a variable that is a whole number; one that is not there counts as 0.
    ///
    /// # Errors
    /// [`Error::NotANumber`], also when it would grow beyond 64 bits, and those of [`Bag::set`].
    pub fn increment(&mut self, name: &VariableName, by: i64, expected: &Expected) -> Result<i64, Error> {
        self.check(name, expected)?;
        let present: i64 = match self.variables.get(name) {
            None => 0,
            Some(variable) => variable.value.get().parse().map_err(|_| Error::NotANumber)?,
        };
        let sum = present.checked_add(by).ok_or(Error::NotANumber)?;
        self.set(name, to_raw_value(&sum).map_err(Error::fault)?, &Expected::Any)?;
        Ok(sum)
    }

    /// Removes a variable.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::PreconditionFailed`].
    pub fn remove(&mut self, name: &VariableName, expected: &Expected) -> Result<(), Error> {
        let variable = self.variables.get(name).ok_or(Error::NotFound)?;
        expected.check(variable.version)?;
        self.variables.remove(name);
        self.changes += 1;
        Ok(())
    }

    /// Removes all.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`] when the whole is of another version.
    pub fn clear(&mut self, expected: &Expected) -> Result<(), Error> {
        expected.check(self.changes)?;
        self.variables.clear();
        self.changes += 1;
        Ok(())
    }

    fn check(&self, name: &VariableName, expected: &Expected) -> Result<(), Error> {
        match self.variables.get(name) {
            Some(variable) => expected.check(variable.version),
            None if *expected == Expected::Any => Ok(()),
            // There is none of any version.
            None => Err(Error::PreconditionFailed),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    /// It as stores keep it.
    ///
    /// # Errors
    /// [`Error::VariablesTooLarge`].
    pub fn to_json(&self) -> Result<String, Error> {
        let json = serde_json::to_string(self).map_err(Error::fault)?;
        if json.len() > MAX_BAG_BYTES { Err(Error::VariablesTooLarge) } else { Ok(json) }
    }

    /// Reads what a store kept.
    ///
    /// # Errors
    /// [`Unreadable`], as a fault of ours.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json).map_err(|_| Error::fault(Unreadable))
    }
}

/// What a store kept was not written by this service. It says no more: what it is may be a secret of whose it was.
#[derive(Debug, thiserror::Error)]
#[error("the session variables that are kept there cannot be read; to delete them all repairs it")]
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
    fn a_name_is_short_and_plain() {
        for good in ["a", ".a", "a..", "cart.items", "x-1_Y", &"n".repeat(64)] {
            assert!(VariableName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "é", "a/b", "a\n", ".", "..", "...", &"n".repeat(65)] {
            assert_eq!(VariableName::parse(bad), Err(Rule::VariableName), "{bad:?}");
        }
    }

    #[test]
    fn a_version_never_comes_again() {
        let (mut bag, a) = (Bag::default(), name("a"));
        assert!(bag.set(&a, json("1"), &Expected::Any).unwrap());
        let first = bag.get(&a).unwrap().version;
        bag.remove(&a, &Expected::Versions(vec![first])).unwrap();
        bag.set(&a, json("1"), &Expected::Any).unwrap();
        assert_ne!(bag.get(&a).unwrap().version, first);
        bag.clear(&Expected::Any).unwrap();
        assert!(bag.is_empty() && bag.version() > first);
    }

    #[test]
    fn only_whole_numbers_are_incremented_and_only_as_far_as_they_go() {
        let (mut bag, n) = (Bag::default(), name("n"));
        assert_eq!(bag.increment(&n, 1, &Expected::Any).unwrap(), 1);
        assert_eq!(bag.increment(&n, -3, &Expected::Any).unwrap(), -2);
        bag.set(&n, json("9223372036854775807"), &Expected::Any).unwrap();
        assert!(matches!(bag.increment(&n, 1, &Expected::Any), Err(Error::NotANumber)));
        for odd in [r#""1""#, "1.5", "1e2", "null", "[1]", "18446744073709551615"] {
            bag.set(&n, json(odd), &Expected::Any).unwrap();
            assert!(matches!(bag.increment(&n, 1, &Expected::Any), Err(Error::NotANumber)));
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_repeated() {
        for bad in [&br#"{"changes":"a secret"}"#[..], br#""a secret""#, b"a secret \xff"] {
            let Err(Error::Fault(cause)) = Bag::from_json(bad) else { panic!("{bad:?}") };
            assert!(cause.is::<Unreadable>() && !format!("{cause} {cause:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_not_there_has_no_version_to_match() {
        let mut bag = Bag::default();
        let set = bag.set(&name("a"), json("null"), &Expected::Versions(vec![0]));
        assert!(matches!(set, Err(Error::PreconditionFailed)));
    }
}
