//! Reads at fixed times while others sign in: one process that can do both, and tells how punctual it was.
//!
//! A plan (`plan.rs`) as JSON on standard input, what came back as JSON on standard output. One thread
//! carries everything, so that it can have a core to itself beside the server's.

mod client;
mod closed_loop;
mod open_loop;
mod plan;
mod record;

use std::error::Error;
use std::time::{Duration, Instant};

use closed_loop::Window;
use open_loop::Pool;
use plan::Plan;
use record::quantile;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let plan: Plan = serde_json::from_reader(std::io::stdin().lock())?;
    // The system may wake a sleeper 50 us late unless told that it matters.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(plan))
}

async fn run(Plan { address, lead_seconds, open, closed }: Plan) -> Result<(), Box<dyn Error>> {
    let pool = if open.is_some() { Some(Pool::open(address).await?) } else { None };
    let begin = Instant::now();
    let counted = begin + Duration::from_secs_f64(lead_seconds);
    let lasts = match (&open, &closed) {
        (Some(open), _) => Some(open.due(open.count)),
        (None, Some(closed)) => closed.seconds.map(Duration::from_secs_f64),
        (None, None) => return Err("a plan of nothing".into()),
    };
    let window = Window { begin, counted, end: lasts.map(|lasts| counted + lasts) };
    let storm = closed.map(|closed| tokio::spawn(closed_loop::run(address, closed, window)));
    let reads = match (pool, open) {
        (Some(pool), Some(open)) => Some(open_loop::run(pool, open, counted).await),
        _ => None,
    };
    let storm = match storm {
        Some(storm) => Some(storm.await?.into_json()),
        None => None,
    };
    let (reads, late) =
        reads.map_or((None, None), |(reads, mut late)| (Some(reads.into_json()), quantile(&mut late, 0.99)));
    println!("{}", json!({ "open": reads, "late_p99_ms": late, "closed": storm }));
    Ok(())
}
