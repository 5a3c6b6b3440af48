//! Daypass: sign up or sign in, and hold a JWT that is verified without a database.
//!
//! The way of a request reads straight down this list; no arrow runs back up.
//!
//! | room | what lives there |
//! |---|---|
//! | [`cli`] | the verbs of the command line; `serve` is the default |
//! | [`config`] | settings, read once from flags and the environment |
//! | [`server`] | connections: time-outs, the cap, shutting down |
//! | [`router`] | the contents page: every route, once |
//! | [`middleware`] | layers in the order in which they apply; `validate_session` is the heart |
//! | [`extract`] | what handlers take: `Session`, `Json`, `Path`, `Query`, `IfMatch` |
//! | [`carrier`] | how a session token travels, and from whose page |
//! | [`controllers`] | one file a resource, one function a route |
//! | [`models`] | tables: entity, finders, commands, scoped to their owner |
//! | [`views`] | what goes over the wire |
//! | [`variables`] | what a session keeps, and the four stores for it |
//! | [`seeds`] | rows to begin with |
//! | [`classroom`] | the routes of a course, over all of the above; when `CLASSROOM` is on |
//! | [`background`] | following other replicas' revocations, clearing up |
//! | [`auth`] | usernames, passwords, keys, tokens; knows no HTTP |
//!
//! [`app::App`] is the one handle that all of them share; [`error::Error`] is all that can go wrong.

pub mod app;
pub mod auth;
pub mod background;
pub mod carrier;
pub mod classroom;
pub mod cli;
pub mod clock;
pub mod config;
pub mod controllers;
pub mod database;
pub mod error;
pub mod extract;
pub mod middleware;
pub mod models;
pub mod openapi;
mod private_file;
pub mod random;
pub mod router;
pub mod seeds;
pub mod server;
mod strict_json;
pub mod telemetry;
pub mod variables;
pub mod views;
