//! Users whose roles changed after tokens were issued.
//!
//! A token contains the roles of its user and their version. If a change has a higher version, the roles in the token
//! are out of date. The current roles are read from the database once and are then stored with the change.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::types::UserId;
use crate::types::role::{Roles, UserRoles};

/// A record that the roles of a user changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolesChanged {
    pub user_id: UserId,
    /// The version of the new roles. Tokens with a lower version are out of date.
    pub version: i64,
    /// When the last of the tokens with a lower version expires.
    pub expires_at: DateTime<Utc>,
}

/// Whether the roles in a token are the current ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleStatus {
    /// The roles in the token are in force.
    Current,
    /// Other roles are in force.
    Replaced(UserRoles),
    /// Other roles are in force, but they are not in memory.
    Unknown,
}

#[derive(Debug)]
struct Change {
    version: i64,
    expires_at: DateTime<Utc>,
    /// The roles that are in force. `None` until they are read from the database.
    roles: Option<Roles>,
}

/// The latest change of each user.
#[derive(Debug, Default)]
pub(super) struct RoleChanges(HashMap<UserId, Change>);

impl RoleChanges {
    pub(super) fn add(&mut self, RolesChanged { user_id, version, expires_at }: RolesChanged) {
        let known = self.0.entry(user_id).or_insert(Change { version: 0, expires_at, roles: None });
        known.expires_at = known.expires_at.max(expires_at);
        if known.version < version {
            (known.version, known.roles) = (version, None);
        }
    }

    /// Stores the current roles of a user. Ignores roles that are older than the latest change.
    pub(super) fn store(&mut self, user_id: UserId, UserRoles { roles, version }: UserRoles) {
        if let Some(known) = self.0.get_mut(&user_id).filter(|known| known.version <= version) {
            (known.version, known.roles) = (version, Some(roles));
        }
    }

    pub(super) fn status(&self, user_id: UserId, token_version: i64) -> RoleStatus {
        match self.0.get(&user_id) {
            Some(Change { version, roles, .. }) if *version > token_version => match roles.clone() {
                Some(roles) => RoleStatus::Replaced(UserRoles { roles, version: *version }),
                None => RoleStatus::Unknown,
            },
            _ => RoleStatus::Current,
        }
    }

    pub(super) fn purge(&mut self, before: DateTime<Utc>) {
        self.0.retain(|_, change| change.expires_at >= before);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: UserId = UserId(7);

    fn change(version: i64) -> RolesChanged {
        RolesChanged { user_id: USER, version, expires_at: DateTime::UNIX_EPOCH }
    }

    fn roles(name: &str, version: i64) -> UserRoles {
        UserRoles { roles: Roles::from_stored(name), version }
    }

    #[test]
    fn only_tokens_with_a_lower_version_are_out_of_date() {
        let mut changes = RoleChanges::default();
        assert_eq!(changes.status(USER, 0), RoleStatus::Current);
        changes.add(change(2));
        assert_eq!(changes.status(USER, 1), RoleStatus::Unknown);
        assert_eq!(changes.status(USER, 2), RoleStatus::Current);
        assert_eq!(changes.status(UserId(8), 1), RoleStatus::Current);
        changes.store(USER, roles("admin", 2));
        assert_eq!(changes.status(USER, 1), RoleStatus::Replaced(roles("admin", 2)));
    }

    #[test]
    fn late_records_and_late_reads_do_not_bring_back_older_roles() {
        let mut changes = RoleChanges::default();
        changes.add(change(3));
        changes.store(USER, roles("admin", 2));
        assert_eq!(changes.status(USER, 1), RoleStatus::Unknown, "the read was older than the change");
        changes.store(USER, roles("editor", 4));
        changes.add(change(3));
        changes.add(change(1));
        assert_eq!(changes.status(USER, 3), RoleStatus::Replaced(roles("editor", 4)), "the read was newer");
        changes.add(change(5));
        assert_eq!(changes.status(USER, 4), RoleStatus::Unknown, "a newer change needs another read");
    }
}
