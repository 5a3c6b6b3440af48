//! Roles of users. Applications decide what a role allows. This service only transmits them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::limits::{MAX_ROLE_CHARS, MAX_ROLES};

/// The name of a role: a lower-case letter, then up to 31 of the characters `a-z 0-9 : _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role(String);

/// The error for a text that is not the name of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role must start with a letter and have at most {MAX_ROLE_CHARS} of the characters a-z 0-9 : _ -")]
pub struct InvalidRole;

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b":_-".contains(&byte);
        let starts_with_letter = text.starts_with(|first: char| first.is_ascii_lowercase());
        let valid = starts_with_letter && text.len() <= MAX_ROLE_CHARS && text.bytes().all(allowed);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidRole) }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The roles of a user, sorted and without duplicates. Clones share the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Option<Arc<str>>);

/// The roles that a user had at some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserRoles {
    pub roles: Roles,
    /// Grows by one with each change of the user's roles. It shows which of two sets of roles is newer, even if the
    /// clocks of replicas differ.
    pub version: i64,
}

/// The error for more than [`MAX_ROLES`] roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user can have at most {MAX_ROLES} roles")]
pub struct TooManyRoles;

impl Roles {
    /// # Errors
    /// [`TooManyRoles`].
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Self, TooManyRoles> {
        let mut roles: Vec<_> = roles.into_iter().collect();
        roles.sort_unstable();
        roles.dedup();
        if roles.len() > MAX_ROLES {
            return Err(TooManyRoles);
        }
        let names: Vec<_> = roles.iter().map(|role| &*role.0).collect();
        Ok(Self((!names.is_empty()).then(|| names.join(",").into())))
    }

    /// Reads the text of [`Roles::as_str`] from the database. Ignores names that are not valid, which only another
    /// program can have written.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        let valid = text.split(',').filter_map(|name| name.parse().ok());
        Self::new(valid.take(MAX_ROLES)).unwrap_or_default()
    }

    /// Returns the names of the roles, separated by commas. Empty if there are none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|names| names.split(','))
    }

    /// Returns whether one of `roles` is among these roles.
    #[must_use]
    pub fn contain_any(&self, roles: &[Role]) -> bool {
        self.names().any(|name| roles.iter().any(|role| role.0 == name))
    }

    /// Returns these roles and `others`.
    ///
    /// # Errors
    /// [`TooManyRoles`].
    pub fn with(&self, others: &[Role]) -> Result<Self, TooManyRoles> {
        Self::new(self.roles().chain(others.iter().cloned()))
    }

    /// Returns these roles without `others`.
    #[must_use]
    pub fn without(&self, others: &[Role]) -> Self {
        Self::new(self.roles().filter(|role| !others.contains(role))).unwrap_or_default()
    }

    fn roles(&self) -> impl Iterator<Item = Role> {
        self.names().map(|name| Role(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Role {
        name.parse().unwrap()
    }

    #[test]
    fn names_of_roles_are_limited() {
        for valid in ["a", "admin", "team:read_write-2", &"a".repeat(32)] {
            assert!(valid.parse::<Role>().is_ok(), "{valid}");
        }
        for invalid in ["", "1a", ":a", "Admin", "a b", "a,b", "ä", &"a".repeat(33)] {
            assert_eq!(invalid.parse::<Role>(), Err(InvalidRole), "{invalid}");
        }
    }

    #[test]
    fn roles_are_sorted_and_unique() {
        let roles = Roles::new([role("editor"), role("admin"), role("editor")]).unwrap();
        assert_eq!(roles.as_str(), "admin,editor");
        assert_eq!(Roles::from_stored(roles.as_str()), roles);
        assert_eq!(Roles::from_stored("editor,,No,admin"), roles);
        assert_eq!(roles.with(&[role("b")]).unwrap().as_str(), "admin,b,editor");
        assert_eq!(roles.without(&[role("admin"), role("x")]).as_str(), "editor");
        assert!(roles.without(&[role("admin"), role("editor")]).is_empty());
        assert!(roles.contain_any(&[role("x"), role("editor")]) && !roles.contain_any(&[role("edit")]));
        assert!(!roles.contain_any(&[]));
    }

    #[test]
    fn number_of_roles_is_limited() {
        let roles = |count: usize| Roles::new((0..count).map(|number| role(&format!("r{number}"))));
        assert_eq!(roles(MAX_ROLES).unwrap().with(&[role("r1")]).unwrap().names().count(), MAX_ROLES);
        assert_eq!(roles(MAX_ROLES).unwrap().with(&[role("x")]), Err(TooManyRoles));
        assert_eq!(roles(MAX_ROLES + 1), Err(TooManyRoles));
    }
}
