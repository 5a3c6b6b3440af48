//! The memory of metrics that are not scraped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![cfg(target_os = "linux")]

use std::time::Duration;

use daypass::platform::telemetry;

/// Samples between two rounds of upkeep: 4 MB if they accumulate.
const SAMPLES: usize = 500_000;

/// In a separate binary, because it measures the memory of the process.
#[tokio::test(start_paused = true)]
async fn histogram_samples_do_not_accumulate_without_scrapes() {
    telemetry::metrics();
    let upkeep = tokio::spawn(telemetry::upkeep());
    let mut resident = Vec::new();
    for _ in 0..20 {
        for number in 0..SAMPLES {
            metrics::histogram!("daypass_hash_wait_seconds").record(number as f64);
        }
        tokio::time::sleep(Duration::from_secs(6)).await;
        resident.push(resident_mib());
    }
    upkeep.abort();
    let grown = resident[19].saturating_sub(resident[4]);
    assert!(grown < 16, "{resident:?} MiB");
}

fn resident_mib() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * rustix::param::page_size() / (1 << 20)
}
