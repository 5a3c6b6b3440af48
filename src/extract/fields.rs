//! The fields of a body or a query string, taken one by one; all that break a rule are told at once.

use serde_json::{Map, Value};

use crate::auth::Rule;
use crate::error::{Error, FieldError};

/// What a client sent, by name, and what was wrong with what has been taken so far.
pub struct Fields {
    members: Map<String, Value>,
    prefix: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of a JSON body; a pointer to one begins with `/`.
    #[must_use]
    pub fn of_body(members: Map<String, Value>) -> Self {
        Self { members, prefix: "/".to_owned(), errors: Vec::new() }
    }

    /// The members of the object that is the member `name` of a JSON body.
    #[must_use]
    pub fn of_member(name: &str, members: Map<String, Value>) -> Self {
        // RFC 6901 §3: what would part the pointer is escaped.
        let prefix = format!("/{}/", name.replace('~', "~0").replace('/', "~1"));
        Self { members, prefix, errors: Vec::new() }
    }

    /// All that came, for a body whose members are not where they are expected.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// The parameters of a query string; a pointer to one begins with `?`.
    #[must_use]
    pub fn of_query(members: Map<String, Value>) -> Self {
        Self { members, prefix: "?".to_owned(), errors: Vec::new() }
    }

    /// Whether a field is there, and not null.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a field that must be there.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Rule>) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => self.refuse(name, Rule::Required),
            Some(value) => self.parse(name, &value, parse),
        }
    }

    /// Takes a field that may be missing.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, Rule>) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        self.parse(name, &value, parse)
    }

    /// Takes a field that is true or false, and false if it is missing.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Some(false),
            Some(Value::Bool(flag)) => Some(flag),
            Some(_) => self.refuse(name, Rule::NotTrueOrFalse),
        }
    }

    /// Takes a field that is a whole number, and this one if it is missing.
    pub fn whole(&mut self, name: &str, default: i64) -> Option<i64> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Some(default),
            Some(value) => value.as_i64().or_else(|| self.refuse(name, Rule::NotWhole)),
        }
    }

    /// All that was taken, if nothing was wrong.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every field that breaks a rule.
    pub fn finish<T>(self, taken: Option<T>) -> Result<T, Error> {
        match taken {
            Some(taken) if self.errors.is_empty() => Ok(taken),
            _ => Err(Error::Invalid(self.errors)),
        }
    }

    fn parse<T>(&mut self, name: &str, value: &Value, parse: impl FnOnce(&str) -> Result<T, Rule>) -> Option<T> {
        let Value::String(text) = value else { return self.refuse(name, Rule::NotText) };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(rule) => self.refuse(name, rule),
        }
    }

    fn refuse<T>(&mut self, name: &str, rule: Rule) -> Option<T> {
        self.errors.push(FieldError { pointer: format!("{}{name}", self.prefix), rule });
        None
    }
}
