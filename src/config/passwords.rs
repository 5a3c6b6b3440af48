//! Settings of passwords and their hashes.

use argon2::Params;
use clap::Args;

use super::parsers::integer;
use crate::auth::password::stored_hash;
use crate::auth::password::stored_hash::ImportedCost;
use crate::types::limits::MIN_PASSWORD_CHARS;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Passwords")]
pub struct PasswordConfig {
    /// Minimum length of a password, in characters; NIST SP 800-63B-4 requires 15 if the password is the only factor
    #[arg(
        long,
        env = "PASSWORD_MIN_LENGTH",
        default_value_t = MIN_PASSWORD_CHARS,
        value_parser = integer::<usize>(MIN_PASSWORD_CHARS..=64),
        global = true
    )]
    pub password_min_length: usize,
    /// Number of threads that hash passwords [default: one per core]
    #[arg(long, env = "HASH_THREADS", value_parser = integer::<usize>(1..=64), global = true)]
    pub hash_threads: Option<usize>,
    /// Argon2id parameters: memory in KiB, passes, lanes
    #[arg(long, env = "ARGON2", default_value = "m=19456,t=2,p=1", value_parser = parameters, global = true)]
    pub argon2: Params,
    /// Maximum bcrypt cost of imported hashes: 12, 13 or 14. Hashes in other formats may take the same time. Each step
    /// doubles the time of a rejected sign-in
    #[arg(long, env = "IMPORTED_HASH_COST", default_value = "12", value_parser = imported_cost, global = true)]
    pub imported_hash_cost: ImportedCost,
}

impl PasswordConfig {
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.hash_threads.unwrap_or_else(cores)
    }
}

fn imported_cost(text: &str) -> Result<ImportedCost, String> {
    text.trim().parse().ok().and_then(ImportedCost::new).ok_or_else(|| "must be 12, 13 or 14".to_owned())
}

/// Parses Argon2 parameters, written as in a PHC string. The limits are the same as for stored hashes.
fn parameters(text: &str) -> Result<Params, String> {
    let help = || "must have the form m=19456,t=2,p=1".to_owned();
    let mut numbers = [0; 3];
    let mut fields = text.trim().split(',');
    for (number, name) in numbers.iter_mut().zip(["m", "t", "p"]) {
        let (key, value) = fields.next().and_then(|field| field.trim().split_once('=')).ok_or_else(help)?;
        *number = value.parse().ok().filter(|_| key == name).ok_or_else(help)?;
    }
    let [memory, passes, lanes] = numbers;
    if fields.next().is_some() {
        return Err(help());
    }
    let params = Params::new(memory, passes, lanes, None).map_err(|error| error.to_string())?;
    if stored_hash::is_affordable(&params) {
        Ok(params)
    } else {
        Err("must use at most 128 MiB, and at most 256 MiB in all passes together".to_owned())
    }
}
