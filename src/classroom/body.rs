//! Reading what clients send: the object that matters, whatever it is wrapped in, by the names it may have there.
//!
//! Course and students wrap it in `user`, `User`, `log`, `Log`, `workout`, `logEntry`, `authtestdata` and more, or do not
//! wrap it. No list of these words is kept: the object is the body itself or else the first member of it that
//! holds one of the names. What else came along is ignored, as everywhere.

use serde_json::{Map, Value};

use crate::app::App;
use crate::auth::Rule;
use crate::controllers::sign_in::SignIn;
use crate::controllers::users::SignUp;
use crate::error::Error;
use crate::extract::{Fields, FromBody};
use crate::models::item_name::ItemName;
use crate::models::workout_log::{Changes, Entry};
use crate::models::workout_text::{Description, Detail};

/// The names one thing may be sent under; the first that is there counts, and the first of all is asked for.
type Names = &'static [&'static str];
type Members = Map<String, Value>;

const USERNAME: Names = &["username", "userName", "email"];
/// Some clients send the password under the name that the course gives to the column of its hash.
const PASSWORD: Names = &["password", "passwordhash"];
const ITEM: Names = &["item"];
/// Some clients send plurals and read the singular back; a draft of the course has `def`.
const LOG: [Names; 3] =
    [&["description", "descriptions"], &["definition", "definitions", "def"], &["result", "results"]];

/// The members of the object that holds any of what is wanted, and the name under which each is there.
fn find<const N: usize>(body: Fields, wanted: [Names; N]) -> (Fields, [&'static str; N]) {
    let (wrapper, members) = unwrap(body.into_members(), &wanted.concat());
    let names = wanted.map(|names| names.iter().find(|name| is_sent(&members, name)).unwrap_or(&names[0]));
    let fields = match wrapper {
        Some(wrapper) => Fields::of_member(&wrapper, members),
        None => Fields::of_body(members),
    };
    (fields, names.map(|name| *name))
}

/// The object that holds one of `names`, and the member it was if it is not the body itself.
fn unwrap(mut body: Members, names: &[&str]) -> (Option<String>, Members) {
    let holds = |object: &Members| names.iter().any(|name| is_sent(object, name));
    if holds(&body) {
        return (None, body);
    }
    let wrapped = body.iter_mut().find_map(|(name, value)| match value {
        Value::Object(object) if holds(object) => Some((name.clone(), std::mem::take(object))),
        _ => None,
    });
    match wrapped {
        Some((wrapper, object)) => (Some(wrapper), object),
        None => (None, body),
    }
}

fn is_sent(object: &Members, name: &str) -> bool {
    object.get(name).is_some_and(|value| !value.is_null())
}

/// A sign-up, as the course's clients send it.
pub(super) struct CourseSignUp(pub(super) SignUp);

impl FromBody for CourseSignUp {
    fn from_body(body: Fields, app: &App) -> Result<Self, Error> {
        let (fields, names) = find(body, [USERNAME, PASSWORD]);
        SignUp::from_members(fields, names, app).map(Self)
    }
}

/// A sign-in, as the course's clients send it.
pub(super) struct CourseSignIn(pub(super) SignIn);

impl FromBody for CourseSignIn {
    fn from_body(body: Fields, _: &App) -> Result<Self, Error> {
        let (fields, names) = find(body, [USERNAME, PASSWORD]);
        SignIn::from_members(fields, names).map(Self)
    }
}

/// A line of text to keep.
pub(super) struct Item<T>(pub(super) T);

impl FromBody for Item<ItemName> {
    fn from_body(body: Fields, _: &App) -> Result<Self, Error> {
        item(body, ItemName::parse)
    }
}

impl FromBody for Item<Detail> {
    fn from_body(body: Fields, _: &App) -> Result<Self, Error> {
        item(body, Detail::parse)
    }
}

fn item<T>(body: Fields, parse: impl FnOnce(&str) -> Result<T, Rule>) -> Result<Item<T>, Error> {
    let (mut fields, [item]) = find(body, [ITEM]);
    let item = fields.required(item, parse);
    fields.finish(item.map(Item))
}

/// A new workout log, as the course's clients send it.
pub(super) struct CourseEntry(pub(super) Entry);

impl FromBody for CourseEntry {
    fn from_body(body: Fields, _: &App) -> Result<Self, Error> {
        let (mut fields, [description, definition, result]) = find(body, LOG);
        let description = fields.required(description, Description::or_empty);
        let definition = fields.optional(definition, Detail::parse).unwrap_or_default();
        let result = fields.optional(result, Detail::parse).unwrap_or_default();
        fields.finish(description.map(|description| Self(Entry { description, definition, result })))
    }
}

/// Changes of a workout log, as the course's clients send them: the whole row, or a part of it.
pub(super) struct CourseChanges(pub(super) Changes);

impl FromBody for CourseChanges {
    fn from_body(body: Fields, _: &App) -> Result<Self, Error> {
        let (mut fields, [description, definition, result]) = find(body, LOG);
        let description = fields.optional(description, Description::or_empty);
        let definition = fields.optional(definition, Detail::parse);
        let result = fields.optional(result, Detail::parse);
        fields.finish(Some(Self(Changes { description, definition, result })))
    }
}
