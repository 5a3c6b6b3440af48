//! OpenAPI schemas of the texts in request bodies. They use the same limits as the parsers.

use std::ops::RangeInclusive;

use utoipa::openapi::Object;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};

use super::limits::{
    MAX_EMAIL_BYTES, MAX_ITEM_NAME_CHARS, MAX_PASSWORD_BYTES, MAX_USERNAME_CHARS, MAX_WORKOUT_TEXT_CHARS,
    MIN_PASSWORD_CHARS,
};

pub fn username() -> Object {
    let description = format!(
        "1 to {MAX_USERNAME_CHARS} visible characters. White space at the ends is removed. Names that differ only in case, or that look alike, count as the \
         same name."
    );
    text(1..=MAX_USERNAME_CHARS, &description, "ada")
}

pub fn password() -> Object {
    let description = format!(
        "At least {MIN_PASSWORD_CHARS} characters (the server can require more) and at most {MAX_PASSWORD_BYTES} bytes."
    );
    new_password(&description, "orbit lantern cactus velvet")
}

pub fn changed_password() -> Object {
    new_password("The rules of sign-up apply.", "crayon plasma tundra wharf")
}

#[expect(deprecated, reason = "the derive macros write `example`, not `examples`")]
fn new_password(description: &str, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(MIN_PASSWORD_CHARS))
        .description(Some(description))
        .example(Some(example.into()))
        .build()
}

pub fn email() -> Object {
    let description = "The domain can be international. Case matters only before the @.";
    text(3..=MAX_EMAIL_BYTES, description, "ada@example.com")
}

pub fn item_name() -> Object {
    let description = format!("1 to {MAX_ITEM_NAME_CHARS} characters. Returned exactly as it was sent.");
    text(1..=MAX_ITEM_NAME_CHARS, &description, "buy a lantern")
}

pub fn workout_description() -> Object {
    text(1..=MAX_WORKOUT_TEXT_CHARS, "What was done.", "row 2 km")
}

pub fn workout_definition() -> Object {
    text(0..=MAX_WORKOUT_TEXT_CHARS, "How it was measured.", "Time")
}

pub fn workout_result() -> Object {
    text(0..=MAX_WORKOUT_TEXT_CHARS, "The result.", "7:42")
}

/// Changes the schema of a text so that it also allows null.
pub fn or_null(mut text: Object) -> Object {
    text.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
    text
}

#[expect(deprecated, reason = "the derive macros write `example`, not `examples`")]
fn text(chars: RangeInclusive<usize>, description: &str, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length((*chars.start() > 0).then_some(*chars.start()))
        .max_length(Some(*chars.end()))
        .description(Some(description))
        .example(Some(example.into()))
        .build()
}
