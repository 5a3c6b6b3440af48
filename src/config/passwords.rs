//! How passwords are judged and hashed.

use argon2::Params;
use clap::Args;

use crate::auth::stored_hash;

/// Settings of passwords.
#[derive(Args, Clone, Debug)]
pub struct PasswordConfig {
    /// The fewest characters of a password; NIST 800-63B-4 asks for 15 where it is the only factor
    #[arg(long, env = "PASSWORD_MIN_LENGTH", default_value_t = 8, value_parser = minimum, global = true)]
    pub password_min_length: usize,
    /// Hashes computed at once [default: one for each core]
    #[arg(long, env = "HASH_THREADS", value_parser = threads, global = true)]
    pub hash_threads: Option<usize>,
    /// Argon2id parameters: memory in KiB, passes, lanes
    #[arg(long, env = "ARGON2", default_value = "m=19456,t=2,p=1", value_parser = parameters, global = true)]
    pub argon2: Params,
}

impl PasswordConfig {
    /// `HASH_THREADS`, or the number of cores.
    #[must_use]
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.hash_threads.unwrap_or_else(cores)
    }
}

fn minimum(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(length @ 8..=64) => Ok(length),
        _ => Err("a number from 8 to 64".to_owned()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=64) => Ok(threads),
        _ => Err("a number from 1 to 64".to_owned()),
    }
}

/// `m=…,t=…,p=…`, as they stand in a PHC string; no more than a stored hash may cost.
fn parameters(text: &str) -> Result<Params, String> {
    let help = || format!("{text:?} is not of the form m=19456,t=2,p=1");
    let mut numbers = [0; 3];
    let mut fields = text.split(',');
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
        Err("at most 128 MiB, and 256 MiB in all passes".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_as_a_phc_string_writes_them() {
        let params = parameters("m=47104,t=1,p=1").unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (47104, 1, 1));
        for bad in
            ["", "m=1", "t=2,m=19456,p=1", "m=19456,t=2,p=1,x=1", "m=19456,t=2,p=a", "m=1,t=1,p=1", "m=9999999,t=2,p=1"]
        {
            assert!(parameters(bad).is_err(), "{bad}");
        }
    }
}
