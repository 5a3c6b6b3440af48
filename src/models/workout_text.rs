//! The texts of a workout log: a description of 1 to 255 code points (the classroom's forms may leave it empty), and
//! details that may be empty. All are given back exactly as they came.

use super::text_key::text_key;
use crate::auth::Rule;

/// The most code points a text may have: what the course's columns hold.
pub const MAX_TEXT_CHARS: usize = 255;

/// What was done. It is what a log is searched and sorted by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    /// Accepts `text` as it is.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        if text.is_empty() { Err(Rule::DescriptionEmpty) } else { storable(text).map(Self) }
    }

    /// The same of forms that leave it empty and never look at an answer: what else was typed would be lost.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn or_empty(text: &str) -> Result<Self, Rule> {
        storable(text).map(Self)
    }

    /// The description as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the description is sorted and searched by.
    #[must_use]
    pub fn key(&self) -> String {
        text_key(&self.0)
    }
}

/// How it was measured (the definition), or what came of it (the result).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail(String);

impl Detail {
    /// Accepts `text` as it is, also if it is empty.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<Self, Rule> {
        storable(text).map(Self)
    }

    /// The detail as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn storable(text: &str) -> Result<String, Rule> {
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(Rule::TextTooLong);
    }
    if text.contains('\0') {
        return Err(Rule::TextHoldsNul);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_at_most_255_code_points_and_no_nul_and_only_a_detail_may_be_empty() {
        assert_eq!(Description::parse(""), Err(Rule::DescriptionEmpty));
        assert_eq!(Detail::parse(""), Ok(Detail::default()));
        assert!(Description::parse(&"🏋".repeat(255)).is_ok() && Detail::parse(&"🏋".repeat(255)).is_ok());
        assert_eq!(Description::parse(&"x".repeat(256)), Err(Rule::TextTooLong));
        assert_eq!(Detail::parse("a\0b"), Err(Rule::TextHoldsNul));
    }
}
