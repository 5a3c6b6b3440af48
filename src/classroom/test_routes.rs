//! `/test/*` and `/api/test`: the lessons on plain routes, before anybody signs in.

use axum::Json as Reply;
use serde::Serialize;

pub(super) async fn from_the_server() -> &'static str {
    "This is data from the /api/test endpoint. It's from the server."
}

pub(super) async fn hello() -> &'static str {
    "Hey!!! This is a test route!"
}

pub(super) async fn about() -> &'static str {
    "This is an about route"
}

/// Somebody to write to; the course leaves open who.
#[derive(Serialize)]
pub(super) struct Contact {
    user: &'static str,
    email: &'static str,
}

const CONTACTS: [Contact; 4] = [
    Contact { user: "ada", email: "ada@example.com" },
    Contact { user: "grace", email: "grace@example.com" },
    Contact { user: "alan", email: "alan@example.com" },
    Contact { user: "edsger", email: "edsger@example.com" },
];

pub(super) async fn contact() -> Reply<&'static Contact> {
    Reply(&CONTACTS[0])
}

pub(super) async fn contacts() -> Reply<&'static [Contact]> {
    Reply(&CONTACTS)
}

pub(super) async fn projects() -> Reply<[&'static str; 2]> {
    Reply(["Project 1", "Project 2"])
}

pub(super) async fn hello_client() -> &'static str {
    "This is a message from the server to the client."
}
