//! The tables as code: entity, finders, commands. Rows of a user are reached through their owner only.
//!
//! Knows no HTTP. What can go wrong for a reason of the domain is a variant of [`crate::error::Error`].

pub mod bag;
pub mod brought;
pub mod item;
pub mod item_name;
pub mod page;
pub mod revocation;
pub mod seed;
pub mod session;
pub mod session_variables;
pub mod test_row;
pub mod text_key;
pub mod user;
pub mod version;
pub mod workout_log;
pub mod workout_text;
