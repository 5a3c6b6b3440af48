//! The command line: tests run the real binary in an empty folder.

#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]

mod audit;
mod backup;
mod browser;
mod classroom_reset;
mod course;
#[path = "../support/database.rs"]
mod database;
mod doctor;
#[cfg(target_os = "linux")]
mod durability;
mod env_file;
mod http2;
mod importing;
mod importing_a_course;
mod importing_a_course_again;
mod installation;
mod invitations;
mod keys;
mod lessons;
mod lifecycle;
mod logging;
mod mail;
mod migrate;
mod nginx;
mod open_files;
mod operating;
mod private_files;
mod providers;
mod replicas;
mod running;
mod secret_files;
mod seeds;
mod session_reset;
mod setting_values;
mod settings;
mod tokens;
mod traces;
mod upgrade;
mod users;
mod wrong_folder;
