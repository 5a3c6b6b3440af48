//! The parameters of a request: a query, or the body of a form.

use std::collections::HashSet;

pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    /// Returns the value of a parameter that the request contains exactly once. An empty value counts as missing
    /// (RFC 6749 §3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.iter().filter(|(other, _)| *other == name).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// Returns whether the request contains a parameter more than once, which RFC 6749 §3.1 forbids.
    pub(super) fn has_duplicates(&self) -> bool {
        let mut names = HashSet::new();
        !self.iter().all(|(name, _)| names.insert(name))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}
