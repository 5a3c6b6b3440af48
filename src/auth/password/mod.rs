//! Passwords: policy, hashing and verification.

mod argon2id;
pub mod calibration;
mod common_passwords;
pub mod hasher;
mod legacy;
pub mod policy;
mod pool;
mod rejection_delay;
pub mod requester;
pub mod stored_hash;
