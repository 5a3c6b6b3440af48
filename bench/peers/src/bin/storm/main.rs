//! A load generator: an open loop, a closed loop, or both at the same time.
//!
//! Reads a plan (`plan.rs`) as JSON from standard input. Prints the results as JSON to standard output, including the
//! delay of the load generator itself. Almost all work is done in one thread, because the server needs the other core.

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
    // By default, Linux may wake a sleeping thread 50 us late.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(plan))
}

async fn run(Plan { address, lead_seconds, open, closed }: Plan) -> Result<(), Box<dyn Error>> {
    let pool = if open.is_some() { Some(Pool::open(address).await?) } else { None };
    let start = Instant::now();
    let count_from = start + Duration::from_secs_f64(lead_seconds);
    let length = match (&open, &closed) {
        (Some(open), _) => Some(open.due(open.count)),
        (None, Some(closed)) => closed.seconds.map(Duration::from_secs_f64),
        (None, None) => return Err("the plan has no loop".into()),
    };
    let window = Window { start, count_from, end: length.map(|length| count_from + length) };
    let closed = closed.map(|closed| tokio::spawn(closed_loop::run(address, closed, window)));
    let open = match (pool, open) {
        (Some(pool), Some(open)) => Some(open_loop::run(pool, open, count_from).await),
        _ => None,
    };
    let closed = match closed {
        Some(closed) => Some(closed.await?.into_json()),
        None => None,
    };
    let (open, late) =
        open.map_or((None, None), |(record, mut delays)| (Some(record.into_json()), quantile(&mut delays, 0.99)));
    println!("{}", json!({ "open": open, "late_p99_ms": late, "closed": closed }));
    Ok(())
}
