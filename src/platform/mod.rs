//! Access to the operating system and the database: the only module with code that differs between operating systems.

pub mod clock;
pub mod database;
pub(crate) mod descriptors;
pub mod draining;
pub(crate) mod file_identity;
pub mod keyed_lock;
pub(crate) mod memory;
pub mod network;
pub(crate) mod private_file;
pub mod random;
pub mod short_cache;
pub(crate) mod signals;
pub(crate) mod socket;
pub mod telemetry;
pub(crate) mod thread_priority;
