//! Operations on accounts and their sessions, called by controllers, the classroom and the command line.
//!
//! An operation applies its rate limit, if it has one, and changes the database in one transaction. If it ends
//! sessions, it then updates the revocations in memory, except in [`administration`], which runs in another process
//! than the server.

pub mod administration;
mod admission;
mod begin_session;
mod client_info;
mod current_roles;
mod delete_account;
mod email;
mod end_sessions;
mod explain_token;
mod export;
mod limited;
mod password;
mod password_reset;
pub mod provider;
mod rename;
mod renew;
pub mod rows;
pub mod session_data;
mod sign_in;
mod sign_up;

pub use begin_session::{NewSession, SessionOptions};
pub use client_info::ClientInfo;
pub use current_roles::use_current_roles;
pub use delete_account::delete_account;
pub use email::{EmailChange, change_email, remove_email, verify_email};
pub use end_sessions::{end_session, sign_out, sign_out_everywhere};
pub use explain_token::explain_token;
pub use export::{Export, ExportedSession, Page as ExportPage, Part as ExportPart, VariableSource};
pub use limited::Limited;
pub use password::{PasswordChange, change_password};
pub use password_reset::{PasswordReset, request_password_reset, reset_password};
pub use rename::rename;
pub use renew::{RenewedSession, renew};
pub use sign_in::{SignIn, sign_in};
pub use sign_up::{SignUp, sign_up};
