//! An acknowledged write is durable, whatever happened to the database before it.

mod black_hole;
mod own_server;
mod servers;
mod sqlite;
mod trial;
