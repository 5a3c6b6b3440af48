//! Measures the hashes per second of the argon2 crate alone, for comparison with sign-ins per second.
//!
//! Usage: `argon2_alone THREADS SECONDS`. Each thread reuses its own memory.

use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Block, Params, Version};

// The defaults of the service, see `src/config/passwords.rs`.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Returns the hashes per second of one thread. The last hash may end later than `duration`.
fn hash_rate(argon2: &Argon2<'_>, duration: Duration) -> f64 {
    let mut memory = vec![Block::default(); argon2.params().block_count()];
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let mut hash = || {
        argon2
            .hash_password_into_with_memory(b"correct horse battery", b"a salt of 16 ch.", &mut output, &mut memory)
            .expect("memory of the right size");
    };
    // Warm-up: the first hash also has to map the memory.
    hash();
    let (started, mut hashes) = (Instant::now(), 0);
    while started.elapsed() < duration {
        hash();
        hashes += 1;
    }
    f64::from(hashes) / started.elapsed().as_secs_f64()
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, threads, seconds] = arguments.as_slice() else { return Err("usage: argon2_alone THREADS SECONDS".into()) };
    let (threads, duration) = (threads.parse::<usize>()?, Duration::try_from_secs_f64(seconds.parse()?)?);
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let rate: f64 = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(|| hash_rate(&argon2, duration))).collect();
        handles.into_iter().map(|thread| thread.join().expect("a thread that does not panic")).sum()
    });
    println!("{rate}");
    Ok(())
}
