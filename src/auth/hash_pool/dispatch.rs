//! The thread that hands out jobs and passes their answers on.
//!
//! Of ordinary priority: hash threads would keep what they hold for as long as others want their cores. It is
//! woken by `unpark`, which takes no lock and cannot be missed.

use std::sync::Arc;
use std::thread;

use metrics::histogram;

use super::job::Done;
use super::{Job, Seat, Shared, State, report};

impl Shared {
    /// What the dispatcher does until the pool is dropped.
    pub(super) fn dispatch(&self) {
        while !self.is_closed() {
            self.seats.iter().for_each(Seat::give_back_spare);
            let mut state = self.lock();
            let done = self.collect(&mut state);
            let (given, passed_over) = self.hand_out(&mut state);
            let length = state.queue.len();
            drop(state);
            for number in given {
                self.seats[number].wake();
            }
            let abandoned = done.into_iter().map(|(job, done)| conclude(&job, done)).sum::<u64>();
            report(length, passed_over + abandoned);
            thread::park();
        }
    }

    /// What the threads have done since.
    fn collect(&self, state: &mut State) -> Vec<(Arc<Job>, Done)> {
        let mut collected = Vec::new();
        for (seat, running) in self.seats.iter().zip(&mut state.running) {
            let Some(done) = seat.collect() else { continue };
            if matches!(done, Done::Ran { .. }) {
                state.pace.restart();
            }
            collected.extend(running.take().map(|job| (job, done)));
        }
        collected
    }

    /// A job for each free seat: the numbers of those that got one, and how many jobs were passed over.
    fn hand_out(&self, state: &mut State) -> (Vec<usize>, u64) {
        let (mut given, mut abandoned) = (Vec::new(), 0);
        for number in 0..self.seats.len() {
            if state.running[number].is_some() {
                continue;
            }
            let (job, left) = state.queue.pop();
            abandoned += left;
            let Some(job) = job else { break };
            state.running[number] = Some(Arc::clone(&job));
            self.seats[number].give(job);
            given.push(number);
        }
        (given, abandoned)
    }
}

/// Tells what came of a job; counts one that nobody began.
fn conclude(job: &Job, done: Done) -> u64 {
    match done {
        Done::Ran { answer, waited } => {
            histogram!("daypass_hash_wait_seconds").record(waited);
            if let Some(answer) = answer {
                answer();
            }
            0
        }
        Done::PassedOver => u64::from(!job.is_relieved()),
    }
}
