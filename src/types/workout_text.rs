//! The texts of a workout log: a description of 1 to 255 code points, and details that may be empty. All texts are
//! stored unchanged.

use super::ValidationError;
use super::limits::MAX_WORKOUT_TEXT_CHARS;
use super::text_key::text_key;

/// The description: the exercise that was done. Workout logs are sorted and searched by this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

impl Description {
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        if text.is_empty() { Err(ValidationError::DescriptionEmpty) } else { storable(text).map(Self) }
    }

    /// Like [`Description::parse`], but accepts an empty text. The forms of the course can send an empty text and
    /// ignore errors, so an error would lose the other fields.
    pub fn or_empty(text: &str) -> Result<Self, ValidationError> {
        storable(text).map(Self)
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

/// The definition (how the exercise is measured) or the result of a workout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail(String);

impl Detail {
    pub fn parse(text: &str) -> Result<Self, ValidationError> {
        storable(text).map(Self)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn storable(text: &str) -> Result<String, ValidationError> {
    if text.chars().count() > MAX_WORKOUT_TEXT_CHARS {
        return Err(ValidationError::TextTooLong);
    }
    if text.contains('\0') {
        return Err(ValidationError::TextHoldsNul);
    }
    Ok(text.to_owned())
}
