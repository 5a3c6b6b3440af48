//! The thread that assigns jobs to workers and sends their results.
//!
//! This thread has ordinary priority. A low-priority worker would hold each lock for as long as it waits for its core.

use std::sync::Arc;
use std::thread;

use metrics::histogram;

use super::job::{Done, Job};
use super::shared::{Shared, State, report};
use super::slot::Slot;

/// Runs until the pool is dropped.
pub(super) fn run(shared: &Shared) {
    while !shared.is_closed() {
        shared.slots.iter().for_each(Slot::release_memory);
        let mut state = shared.lock();
        let done = collect(shared, &mut state);
        let (assigned, skipped) = assign(shared, &mut state);
        let length = state.queue.len();
        drop(state);
        for number in assigned {
            shared.slots[number].wake();
        }
        let abandoned = done.into_iter().map(|(job, done)| conclude(&job, done)).sum::<u64>();
        report(length, skipped + abandoned);
        thread::park();
    }
}

/// Collects the jobs that workers have finished.
fn collect(shared: &Shared, state: &mut State) -> Vec<(Arc<Job>, Done)> {
    let mut collected = Vec::new();
    for (slot, running) in shared.slots.iter().zip(&mut state.running) {
        let Some(done) = slot.collect() else { continue };
        if matches!(done, Done::Ran { .. }) {
            state.stall.record_progress();
        }
        collected.extend(running.take().map(|job| (job, done)));
    }
    collected
}

/// Assigns jobs to the free workers. Returns the workers that got a job, and the number of abandoned jobs.
fn assign(shared: &Shared, state: &mut State) -> (Vec<usize>, u64) {
    let (mut assigned, mut abandoned) = (Vec::new(), 0);
    for number in 0..shared.slots.len() {
        if state.running[number].is_some() {
            continue;
        }
        let (job, removed) = state.queue.pop();
        abandoned += removed;
        let Some(job) = job else { break };
        state.running[number] = Some(Arc::clone(&job));
        shared.slots[number].assign(job);
        assigned.push(number);
    }
    (assigned, abandoned)
}

/// Sends the result of a job. Returns 1 if the job was skipped because its client no longer waits, else 0.
fn conclude(job: &Job, done: Done) -> u64 {
    match done {
        Done::Ran { result, waited } => {
            histogram!("daypass_hash_wait_seconds").record(waited);
            if let Some(send) = result {
                send();
            }
            0
        }
        Done::Skipped => u64::from(!job.is_taken_over()),
    }
}
