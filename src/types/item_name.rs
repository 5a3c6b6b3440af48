//! The name of an item: any text of 1 to 200 code points without NUL. It is stored unchanged.

use super::ValidationError;
use super::limits::MAX_ITEM_NAME_CHARS;
use super::text_key::text_key;

/// A valid item name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemName(String);

impl ItemName {
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if text.is_empty() {
            return Err(ValidationError::NameEmpty);
        }
        if text.chars().count() > MAX_ITEM_NAME_CHARS {
            return Err(ValidationError::NameTooLong);
        }
        if text.contains('\0') {
            return Err(ValidationError::NameHoldsNul);
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key for sorting and searching.
    #[must_use]
    pub fn key(&self) -> String {
        text_key(&self.0)
    }
}
