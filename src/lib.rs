//! Daypass: a self-hosted auth service with stateless JWT sessions that can be revoked.
//!
//! Each module uses only modules that are further down in this table. `tests/module_directions.rs` lists the modules
//! that each module uses.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | one file per subcommand; `serve` is the default |
//! | [`server`] | accepts connections: time-outs, limits, graceful shutdown |
//! | [`router`] | the route table |
//! | [`openapi`] | the OpenAPI document |
//! | [`classroom`] | the routes of the course, if `CLASSROOM` is on |
//! | [`seeds`] | example rows |
//! | [`middleware`] | code around the routes: log, CORS, security headers, deadline, session validation |
//! | [`controllers`] | one file per resource: parse, call one operation, choose a view |
//! | [`extract`] | `authenticate`, and the arguments of handlers: `Session`, `Json`, path ids, `Query`, `IfMatch` |
//! | [`views`] | response types |
//! | [`accounts`] | operations on accounts and sessions |
//! | [`app`] | the shared state, assembled from the settings |
//! | [`jobs`] | background tasks: the revocation feed, the purge, outgoing e-mail and events of failed attempts |
//! | [`mail`] | writes and sends e-mail |
//! | [`session_data`] | the variables of a session, and their stores: database, memory, Redis, cookie |
//! | [`transport`] | how a session token is sent: bearer header or cookie |
//! | [`models`] | database tables: entities, finders and commands |
//! | [`error`] | the errors of requests, with their status and code |
//! | [`oidc`] | the client of OpenID Connect providers: discovery, ID tokens, logout tokens |
//! | [`config`] | settings, read once from flags and the environment |
//! | [`teaching_provider`] | a sign-in provider for lessons |
//! | [`headers`] | header names that no library defines |
//! | [`events`] | audit events, and counters of failed attempts; no database |
//! | [`auth`] | tokens, passwords, revocations, rate limits; no HTTP, no database |
//! | [`types`] | input values, which are parsed once and then valid |
//! | [`platform`] | clock, random numbers, files, signals, database connections, log, metrics and traces |

pub mod accounts;
pub mod app;
pub mod auth;
pub mod classroom;
pub mod cli;
pub mod config;
pub mod controllers;
pub mod error;
pub mod events;
pub mod extract;
pub mod headers;
pub mod jobs;
pub mod mail;
pub mod middleware;
pub mod models;
pub mod oidc;
pub mod openapi;
pub mod platform;
pub mod router;
pub mod seeds;
pub mod server;
pub mod session_data;
pub mod teaching_provider;
pub mod transport;
pub mod types;
pub mod views;
