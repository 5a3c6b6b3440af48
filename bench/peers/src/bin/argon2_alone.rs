//! The most sign-ins that the machine could give: the argon2 crate and nothing else.
//!
//! `argon2_alone THREADS SECONDS`: hashes a second, each thread in memory of its own that it keeps.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

/// These are the service's defaults, in its `src/config/passwords.rs`.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes of one thread, and the time they took: the last one ends after `seconds`.
fn hash_for(argon2: &Argon2<'_>, seconds: Duration) -> f64 {
    let mut memory = vec![Block::default(); argon2.params().block_count()];
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let mut hash = || {
        argon2
            .hash_password_into_with_memory(b"correct horse battery", b"a salt of 16 ch.", &mut output, &mut memory)
            .expect("memory of the right size");
    };
    // The first one maps the memory, which a service that runs has long done.
    hash();
    let (begun, mut hashes) = (Instant::now(), 0);
    while begun.elapsed() < seconds {
        hash();
        hashes += 1;
    }
    f64::from(hashes) / begun.elapsed().as_secs_f64()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, threads, seconds] = arguments.as_slice() else { return Err("argon2_alone THREADS SECONDS".into()) };
    let (threads, seconds) = (threads.parse::<usize>()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let rate: f64 = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| hash_for(&argon2, seconds))).collect();
        running.into_iter().map(|thread| thread.join().expect("a thread that does not panic")).sum()
    });
    println!("{rate}");
    Ok(())
}
