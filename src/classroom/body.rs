//! Reading what clients send: the object that matters, whatever it is wrapped in, by the names it may have there.
//!
//! Course and students wrap it in `user`, `User`, `log`, `Log`, `workout`, `logEntry`, `authtestdata` and more, or do not
//! wrap it. No list of these words is kept: of the body and its members the object is the one that holds the most of what
//! is wanted, so that a form's `errors` beside it are not taken for it. What else came along is ignored, as everywhere.

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
    let (wrapper, members) = unwrap(body.into_members(), &wanted);
    let names = wanted.map(|names| names.iter().find(|name| is_sent(&members, name)).unwrap_or(&names[0]));
    let fields = match wrapper {
        Some(wrapper) => Fields::of_member(&wrapper, members),
        None => Fields::of_body(members),
    };
    (fields, names.map(|name| *name))
}

/// The object that holds the most of what is wanted, and the member it was if it is not the body itself. Of several that
/// hold as much it is the body, or else the first by name.
fn unwrap(mut body: Members, wanted: &[Names]) -> (Option<String>, Members) {
    let held = |object: &Members| wanted.iter().filter(|names| names.iter().any(|name| is_sent(object, name))).count();
    let (mut most, mut wrapper) = (held(&body), None);
    for (name, value) in &body {
        let holds = value.as_object().map_or(0, held);
        if holds > most {
            (most, wrapper) = (holds, Some(name.clone()));
        }
    }
    match wrapper.and_then(|name| body.remove_entry(&name)) {
        Some((name, Value::Object(object))) => (Some(name), object),
        _ => (None, body),
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
        // A page leaves out what nobody typed, and the course's column takes that; a body without any of it is no log.
        let left_out = !fields.holds(description) && (fields.holds(definition) || fields.holds(result));
        let description =
            if left_out { Description::or_empty("").ok() } else { fields.required(description, Description::or_empty) };
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
