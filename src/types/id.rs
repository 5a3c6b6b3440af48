//! Ids of rows, with one type per table, and of signing keys.

use std::fmt;
use std::str::FromStr;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// The error for a text that is not a positive integer in its canonical form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType,
        )]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for i64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// Accepts only the canonical form: no sign, no leading zero, no spaces.
        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let id: i64 = text.parse().map_err(|_| InvalidId)?;
                if id > 0 && !text.starts_with(['+', '0']) { Ok(Self(id)) } else { Err(InvalidId) }
            }
        }
    )*};
}

row_ids! {
    /// The id of a user.
    UserId
    /// The id of an item.
    ItemId
    /// The id of a workout log.
    WorkoutLogId
    /// The id of a one-time code.
    CodeId
    /// The id of a message in the outbox.
    MailId
    /// The id of an identity: a user's account at a provider.
    IdentityId
    /// The id of an invitation.
    InvitationId
    /// The id of an audit event. Later events have higher ids, except that concurrent transactions can commit in another
    /// order.
    EventId
    /// The id of a row of the course's table `tests`.
    TestRowId
}

/// The id of a signing key: the `kid` in the header of the tokens that the key signs.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
pub struct KeyId(pub String);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
