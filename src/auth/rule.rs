//! The rules a submitted value can break, each with the code a client can act on.

use thiserror::Error;

/// A rule of the sign-up form, or of any other field a client fills in.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Rule {
    /// The field was not sent.
    #[error("This field is required.")]
    Required,
    /// The field has another JSON type than text.
    #[error("This field must be text.")]
    NotText,
    /// The field has another JSON type than true or false.
    #[error("This field must be true or false.")]
    NotTrueOrFalse,
    /// The field has another JSON type than a whole number.
    #[error("This field must be a whole number.")]
    NotWhole,
    /// The body as a whole is another JSON value than an object.
    #[error("The body must be a JSON object.")]
    NotAnObject,
    /// The query parameter was sent more than once.
    #[error("Send this parameter once.")]
    Repeated,
    /// The query parameter is not one of the values it can take.
    #[error("This parameter must be {expected}.")]
    NotAllowed {
        /// The values it can take, in words.
        expected: &'static str,
    },
    /// The carrier is neither of the two.
    #[error("A carrier is bearer or cookie.")]
    Carrier,
    /// The username is empty.
    #[error("A username needs at least one character.")]
    UsernameEmpty,
    /// More than 64 code points.
    #[error("A username has at most 64 characters.")]
    UsernameTooLong,
    /// A control, formatting or other unseen character, or a blank at either end.
    #[error("A username has no invisible characters and no blanks at its ends.")]
    UsernameInvisible,
    /// Fewer code points than the setting asks for.
    #[error("A password has at least {minimum} characters.")]
    PasswordTooShort {
        /// `PASSWORD_MIN_LENGTH`.
        minimum: usize,
    },
    /// One that everybody tries first, or the name of the service.
    #[error("This password is one of the first that anyone would try.")]
    PasswordTooCommon,
    /// The username, forwards or backwards, with digits or signs around it.
    #[error("A password must not be made of the username.")]
    PasswordLikeUsername,
    /// More than 1,024 bytes.
    #[error("A password has at most 1024 bytes.")]
    PasswordTooLong,
    /// The name of an item is empty.
    #[error("A name needs at least one character.")]
    NameEmpty,
    /// More than 200 code points.
    #[error("A name has at most 200 characters.")]
    NameTooLong,
    /// NUL, which not every database can keep.
    #[error("A name cannot hold the character NUL.")]
    NameHoldsNul,
    /// The description of a workout log is empty.
    #[error("A description needs at least one character.")]
    DescriptionEmpty,
    /// A text of a workout log of more than 255 code points.
    #[error("This text has at most 255 characters.")]
    TextTooLong,
    /// NUL, which not every database can keep.
    #[error("This text cannot hold the character NUL.")]
    TextHoldsNul,
    /// The name of a session variable.
    #[error("The name of a variable is 1 to 64 of A-Z, a-z, 0-9, _, - and the point, and not points alone.")]
    VariableName,
}

impl Rule {
    /// The stable name of the rule, as it stands in `errors[].code`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::NotText => "not_text",
            Self::NotTrueOrFalse => "not_true_or_false",
            Self::NotWhole => "not_whole",
            Self::NotAnObject => "not_an_object",
            Self::Repeated => "repeated",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Carrier => "carrier",
            Self::UsernameEmpty => "username_empty",
            Self::UsernameTooLong => "username_too_long",
            Self::UsernameInvisible => "username_invisible",
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
