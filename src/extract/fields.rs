//! The fields of a body or a query string. Validation errors are collected, so that the response lists all of them.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::types::{FieldError, ValidationError};

/// The fields that the client sent, and the validation errors so far.
pub struct Fields {
    members: Map<String, Value>,
    prefix: String,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Creates the fields from the members of a JSON body.
    pub fn of_body(members: Map<String, Value>) -> Self {
        Self { members, prefix: "/".to_owned(), errors: Vec::new() }
    }

    /// Creates the fields from the members of a nested object: the member `name` of a JSON body.
    pub fn of_member(name: &str, members: Map<String, Value>) -> Self {
        // JSON Pointer escapes the separator (RFC 6901 §3).
        let prefix = format!("/{}/", name.replace('~', "~0").replace('/', "~1"));
        Self { members, prefix, errors: Vec::new() }
    }

    /// Returns all members. Use this for bodies that wrap their fields in another object.
    pub fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// Creates the fields from the parameters of a query string.
    pub fn of_query(members: Map<String, Value>) -> Self {
        Self { members, prefix: "?".to_owned(), errors: Vec::new() }
    }

    /// Returns whether the client sent this field with a value other than null.
    pub fn holds(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a required field.
    pub fn required<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => self.reject(name, ValidationError::Required),
            Some(value) => self.parse(name, &value, parse),
        }
    }

    /// Takes an optional field.
    pub fn optional<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, ValidationError>) -> Option<T> {
        let value = self.members.remove(name).filter(|value| !value.is_null())?;
        self.parse(name, &value, parse)
    }

    /// Takes an optional boolean, `false` by default.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Some(false),
            Some(Value::Bool(flag)) => Some(flag),
            Some(_) => self.reject(name, ValidationError::NotBoolean),
        }
    }

    /// Takes an optional boolean of a query string, `false` by default.
    pub fn word_flag(&mut self, name: &str) -> Option<bool> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Some(false),
            Some(value) => self.parse(name, &value, |word| match word {
                "true" | "false" => Ok(word == "true"),
                _ => Err(ValidationError::NotBoolean),
            }),
        }
    }

    /// Takes an optional integer, `default` if it is missing.
    pub fn integer(&mut self, name: &str, default: i64) -> Option<i64> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Some(default),
            Some(value) => value.as_i64().or_else(|| self.reject(name, ValidationError::NotInteger)),
        }
    }

    /// Returns `parsed` if all fields were valid.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all invalid fields.
    pub fn finish<T>(self, parsed: Option<T>) -> Result<T, Error> {
        match parsed {
            Some(parsed) if self.errors.is_empty() => Ok(parsed),
            _ => Err(Error::Invalid(self.errors)),
        }
    }

    fn parse<T>(
        &mut self,
        name: &str,
        value: &Value,
        parse: impl FnOnce(&str) -> Result<T, ValidationError>,
    ) -> Option<T> {
        let Value::String(text) = value else { return self.reject(name, ValidationError::NotText) };
        match parse(text) {
            Ok(parsed) => Some(parsed),
            Err(error) => self.reject(name, error),
        }
    }

    fn reject<T>(&mut self, name: &str, error: ValidationError) -> Option<T> {
        self.errors.push(FieldError { pointer: format!("{}{name}", self.prefix), error });
        None
    }
}
