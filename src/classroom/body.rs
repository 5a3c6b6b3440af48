//! Request bodies of the course's clients.
//!
//! Clients wrap the data in `user`, `User`, `log`, `Log`, `workout`, `logEntry`, `authtestdata` and other members, or
//! send it without a wrapper. This module has no list of wrappers. The data is the object with the most expected
//! members: the body, or an object in it. So the `errors` of a form are not mistaken for the data. Other members are
//! ignored.

use serde_json::{Map, Value};

use crate::accounts::{SignIn, SignUp};
use crate::app::AppState;
use crate::error::Error;
use crate::extract::{CredentialNames, Fields, FromBody, sign_in, sign_up};
use crate::models::workout_log::{Changes, Entry};
use crate::types::ValidationError;
use crate::types::item_name::ItemName;
use crate::types::workout_text::{Description, Detail};

/// The possible names of a member. The first name that is present counts. If none is present, errors mention the first
/// one.
type Names = &'static [&'static str];
type Members = Map<String, Value>;

const USERNAME: Names = &["username", "userName", "email", "user"];
/// Some clients send the password under the column name of its hash.
const PASSWORD: Names = &["password", "passwordhash"];
const ITEM: Names = &["item"];
/// Some clients send plural names and read them in the response. A draft of the course uses the name `def`.
const LOG: [Names; 3] =
    [&["description", "descriptions"], &["definition", "definitions", "def"], &["result", "results"]];

/// Returns the members of the data object, and the name that each expected member has in it.
fn find<const N: usize>(body: Fields, expected: [Names; N]) -> (Fields, [&'static str; N]) {
    let (wrapper, members) = unwrap(body.into_members(), &expected);
    let names = expected.map(|names| names.iter().find(|name| is_sent(&members, name)).unwrap_or(&names[0]));
    let fields = match wrapper {
        Some(wrapper) => Fields::of_member(&wrapper, members),
        None => Fields::of_body(members),
    };
    (fields, names.map(|name| *name))
}

/// Returns the object with the most expected members, and its name unless it is the body itself. If several have
/// equally many, returns the body or else the first object by name.
fn unwrap(mut body: Members, expected: &[Names]) -> (Option<String>, Members) {
    let count =
        |object: &Members| expected.iter().filter(|names| names.iter().any(|name| is_sent(object, name))).count();
    let (mut max, mut wrapper) = (count(&body), None);
    for (name, value) in &body {
        let members = value.as_object().map_or(0, count);
        if members > max {
            (max, wrapper) = (members, Some(name.clone()));
        }
    }
    match wrapper.and_then(|name| body.remove_entry(&name)) {
        Some((name, Value::Object(object))) => (Some(name), object),
        _ => (None, body),
    }
}

/// Returns whether the object has a value with this name. An object counts as a wrapper, not as a value: `user` may be
/// either.
fn is_sent(object: &Members, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null() && !value.is_object())
}

pub(super) struct CourseSignUp(pub(super) SignUp);

impl FromBody for CourseSignUp {
    fn from_body(body: Fields, app: &AppState) -> Result<Self, Error> {
        let (fields, [username, password]) = find(body, [USERNAME, PASSWORD]);
        sign_up(fields, CredentialNames { username, password }, app).map(Self)
    }
}

pub(super) struct CourseSignIn(pub(super) SignIn);

impl FromBody for CourseSignIn {
    fn from_body(body: Fields, _: &AppState) -> Result<Self, Error> {
        let (fields, [username, password]) = find(body, [USERNAME, PASSWORD]);
        sign_in(fields, CredentialNames { username, password }).map(Self)
    }
}

/// The text in the member `item`.
pub(super) struct Item<T>(pub(super) T);

impl FromBody for Item<ItemName> {
    fn from_body(body: Fields, _: &AppState) -> Result<Self, Error> {
        item(body, ItemName::parse)
    }
}

impl FromBody for Item<Detail> {
    fn from_body(body: Fields, _: &AppState) -> Result<Self, Error> {
        item(body, Detail::parse)
    }
}

fn item<T>(body: Fields, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Result<Item<T>, Error> {
    let (mut fields, [item]) = find(body, [ITEM]);
    let item = fields.required(item, parse);
    fields.finish(item.map(Item))
}

/// The plural names that a request used.
pub(super) struct Plurals(pub(super) Vec<&'static str>);

impl Plurals {
    fn among(names: [&'static str; 3]) -> Self {
        Self(names.into_iter().filter(|name| name.ends_with('s')).collect())
    }
}

/// A new workout log.
pub(super) struct CourseEntry(pub(super) Entry, pub(super) Plurals);

impl FromBody for CourseEntry {
    fn from_body(body: Fields, _: &AppState) -> Result<Self, Error> {
        let (mut fields, names) = find(body, LOG);
        let ([description, definition, result], plurals) = (names, Plurals::among(names));
        // Pages omit empty fields, so the description is optional if one of the other members is present.
        let omitted = !fields.holds(description) && (fields.holds(definition) || fields.holds(result));
        let description =
            if omitted { Description::or_empty("").ok() } else { fields.required(description, Description::or_empty) };
        let definition = fields.optional(definition, Detail::parse).unwrap_or_default();
        let result = fields.optional(result, Detail::parse).unwrap_or_default();
        let entry = description.map(|description| Entry { description, definition, result });
        fields.finish(entry.map(|entry| Self(entry, plurals)))
    }
}

/// Changes to some or all texts of a workout log.
pub(super) struct CourseChanges(pub(super) Changes, pub(super) Plurals);

impl FromBody for CourseChanges {
    fn from_body(body: Fields, _: &AppState) -> Result<Self, Error> {
        let (mut fields, names) = find(body, LOG);
        let ([description, definition, result], plurals) = (names, Plurals::among(names));
        let description = fields.optional(description, Description::or_empty);
        let definition = fields.optional(definition, Detail::parse);
        let result = fields.optional(result, Detail::parse);
        fields.finish(Some(Self(Changes { description, definition, result }, plurals)))
    }
}
