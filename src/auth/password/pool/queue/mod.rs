//! A bounded queue that is fair between networks, with separate capacity for known devices.
//!
//! Networks (IPv4 /24, IPv6 /48) take turns, and so do the addresses of a network (IPv4 /32, IPv6 /64). When the queue
//! is full, a job from a network with fewer jobs displaces a job of the network with the most jobs. So one network or
//! address cannot fill the queue for the others. Known devices have their own capacity and every second turn, so
//! unknown clients cannot block them.

use std::sync::Weak;

use self::fair_queue::FairQueue;
use crate::auth::password::requester::Requester;

mod fair_queue;

#[cfg(test)]
mod tests;

/// The ratio of the capacity for other clients to the capacity for known devices.
const OTHERS_PER_KNOWN: usize = 4;

/// The queue is full, and no other network or address has at least two jobs more than the requester's.
#[derive(Debug)]
pub(super) struct Full;

pub(super) struct Queue<T> {
    known: FairQueue<Entry<T>>,
    others: FairQueue<Entry<T>>,
    /// Whether known devices have the next turn.
    known_first: bool,
}

struct Entry<T> {
    /// The waiting client. The reference can no longer be upgraded after the client stops waiting.
    client: Weak<()>,
    job: T,
}

impl<T> Entry<T> {
    fn is_awaited(&self) -> bool {
        self.client.strong_count() > 0
    }
}

impl<T> Queue<T> {
    /// Creates a queue with this capacity for unknown clients, and a quarter of it in addition for known devices.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            known: FairQueue::with_capacity(capacity.div_ceil(OTHERS_PER_KNOWN)),
            others: FairQueue::with_capacity(capacity),
            known_first: true,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.known.len() + self.others.len()
    }

    /// Adds a job. Returns the number of abandoned jobs that were removed.
    pub(super) fn push(&mut self, by: Requester, client: Weak<()>, job: T) -> Result<u64, Full> {
        let queue = if by.is_known { &mut self.known } else { &mut self.others };
        let mut abandoned = 0;
        if queue.is_full() {
            abandoned = queue.retain(Entry::is_awaited) as u64;
            if queue.is_full() && !queue.make_room(by.from) {
                return Err(Full);
            }
        }
        queue.push(by.from, Entry { client, job });
        Ok(abandoned)
    }

    /// Returns whether a job of this requester would be accepted now.
    pub(super) fn has_capacity(&self, by: Requester) -> bool {
        let queue = if by.is_known { &self.known } else { &self.others };
        !queue.is_full() || queue.can_make_room(by.from)
    }

    /// Returns the next job, and the number of abandoned jobs that were removed.
    pub(super) fn pop(&mut self) -> (Option<T>, u64) {
        let mut abandoned = 0;
        loop {
            let Self { known, others, known_first } = self;
            let (first, second) = if *known_first { (known, others) } else { (others, known) };
            *known_first = !*known_first;
            match first.pop().or_else(|| second.pop()) {
                Some(entry) if entry.is_awaited() => return (Some(entry.job), abandoned),
                Some(_) => abandoned += 1,
                None => return (None, abandoned),
            }
        }
    }
}
