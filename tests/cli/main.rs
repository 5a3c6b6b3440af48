//! The command line, as a person at a terminal meets it: the real binary in an empty folder.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "a module of tests is reached from its own binary alone")]

mod browser;
mod course;
#[path = "../support/database.rs"]
mod database;
mod importing;
mod importing_a_course;
mod keys;
mod lessons;
mod place;
mod replicas;
mod running;
mod seeds;
mod serving;
mod settings;
mod users;
mod verbs;
