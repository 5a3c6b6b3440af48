//! The name of an item: any text of 1 to 200 code points, given back exactly as it came.

use super::text_key::text_key;
use crate::auth::Rule;

/// The most code points a name may have.
pub const MAX_NAME_CHARS: usize = 200;

/// A name that may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemName(String);

impl ItemName {
    /// Accepts `text` as it is.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        if text.is_empty() {
            return Err(Rule::NameEmpty);
        }
        if text.chars().count() > MAX_NAME_CHARS {
            return Err(Rule::NameTooLong);
        }
        if text.contains('\0') {
            return Err(Rule::NameHoldsNul);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name is sorted and searched by.
    #[must_use]
    pub fn key(&self) -> String {
        text_key(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_to_two_hundred_code_points_and_no_nul() {
        assert_eq!(ItemName::parse(""), Err(Rule::NameEmpty));
        assert!(ItemName::parse(&"🗝".repeat(200)).is_ok());
        assert_eq!(ItemName::parse(&"x".repeat(201)), Err(Rule::NameTooLong));
        assert_eq!(ItemName::parse("a\0b"), Err(Rule::NameHoldsNul));
        assert!(ItemName::parse(" \n ").is_ok());
    }
}
