//! The tables: entities, finders and commands. Finders of a user's rows require the id of the owner.

pub mod database_state;
pub mod expiry;
pub mod imported_record;
pub mod item;
pub mod owned;
pub mod page;
pub mod revocation;
pub mod revocation_cursor;
pub mod revocation_page;
pub mod seed;
pub mod session;
pub mod session_variables;
pub mod test_row;
pub mod user;
pub mod user_creation;
pub mod workout_log;
