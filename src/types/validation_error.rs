//! Why the value of a field is invalid. Each error has a stable code for clients.

use std::borrow::Cow;

use thiserror::Error;

use super::limits::{
    MAX_ITEM_NAME_CHARS, MAX_PASSWORD_BYTES, MAX_USERNAME_CHARS, MAX_VARIABLE_NAME_BYTES, MAX_WORKOUT_TEXT_CHARS,
};

/// A field of the request with an invalid value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body (`/username`), or `?name` for a query parameter.
    pub pointer: String,
    pub error: ValidationError,
}

/// Why the value of a field is invalid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ValidationError {
    #[error("This field is required.")]
    Required,
    #[error("This field must be a string.")]
    NotText,
    #[error("This field must be true or false.")]
    NotBoolean,
    #[error("This field must be an integer.")]
    NotInteger,
    #[error("The body must be a JSON object.")]
    NotAnObject,
    #[error("Send this parameter only once.")]
    Repeated,
    #[error("This parameter must be {expected}.")]
    NotAllowed {
        /// The allowed values, in words.
        expected: Cow<'static, str>,
    },
    #[error("`carrier` must be \"bearer\" or \"cookie\".")]
    Transport,
    #[error("Username must not be empty.")]
    UsernameEmpty,
    #[error("Username must have at most {} characters.", MAX_USERNAME_CHARS)]
    UsernameTooLong,
    #[error("Username must not contain invisible characters or repeated spaces.")]
    UsernameInvisible,
    #[error("This is not an e-mail address. Enter an address such as ada@example.com.")]
    Email,
    /// A password reset names its account by username or by e-mail address.
    #[error("Send either `username` or `email`.")]
    UsernameOrEmail,
    #[error("Password must have at least {minimum} characters.")]
    PasswordTooShort {
        /// The setting `PASSWORD_MIN_LENGTH`.
        minimum: usize,
    },
    /// The password is a common one, or the name of the service.
    #[error("Password is too common. Choose another one.")]
    PasswordTooCommon,
    /// The password is the username, forwards or backwards, possibly with digits or punctuation around it.
    #[error("Password must not be similar to the username.")]
    PasswordLikeUsername,
    #[error("Password must have at most {} bytes.", MAX_PASSWORD_BYTES)]
    PasswordTooLong,
    #[error("Name must not be empty.")]
    NameEmpty,
    #[error("Name must have at most {} characters.", MAX_ITEM_NAME_CHARS)]
    NameTooLong,
    /// PostgreSQL cannot store NUL.
    #[error("Name must not contain the NUL character.")]
    NameHoldsNul,
    #[error("Description must not be empty.")]
    DescriptionEmpty,
    #[error("This field must have at most {} characters.", MAX_WORKOUT_TEXT_CHARS)]
    TextTooLong,
    /// PostgreSQL cannot store NUL.
    #[error("This field must not contain the NUL character.")]
    TextHoldsNul,
    #[error(
        "Variable name must have 1 to {} characters: A-Z, a-z, 0-9, _, - and dots. Dots alone are not allowed.",
        MAX_VARIABLE_NAME_BYTES
    )]
    VariableName,
}

impl ValidationError {
    /// Returns the stable code: `errors[].code` in a response.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::NotText => "not_text",
            Self::NotBoolean => "not_true_or_false",
            Self::NotInteger => "not_whole",
            Self::NotAnObject => "not_an_object",
            Self::Repeated => "repeated",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Transport => "carrier",
            Self::UsernameEmpty => "username_empty",
            Self::UsernameTooLong => "username_too_long",
            Self::UsernameInvisible => "username_invisible",
            Self::Email => "email",
            Self::UsernameOrEmail => "username_or_email",
            Self::PasswordTooShort { .. } => "password_too_short",
            Self::PasswordTooCommon => "password_too_common",
            Self::PasswordLikeUsername => "password_like_username",
            Self::PasswordTooLong => "password_too_long",
            Self::NameEmpty => "name_empty",
            Self::NameTooLong => "name_too_long",
            Self::NameHoldsNul => "name_holds_nul",
            Self::DescriptionEmpty => "description_empty",
            Self::TextTooLong => "text_too_long",
            Self::TextHoldsNul => "text_holds_nul",
            Self::VariableName => "variable_name",
        }
    }
}
