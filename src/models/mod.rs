//! The database tables: entities, finders and commands. Finders for rows that belong to a user require the owner's id.

pub mod database_state;
pub mod event;
pub mod expiry;
pub mod identity;
pub mod imported_record;
pub mod invitation;
pub mod item;
pub mod one_time_code;
pub mod outbox;
pub mod owned;
pub mod page;
pub mod provider_logout;
pub mod revocation;
pub mod revocation_cursor;
pub mod revocation_page;
pub mod seed;
pub mod session;
pub mod session_variables;
pub mod test_row;
pub mod used_code;
pub mod user;
pub mod user_creation;
pub mod workout_log;
