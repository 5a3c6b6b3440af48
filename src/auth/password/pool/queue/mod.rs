//! A bounded queue that is fair between networks, with a reserve for known devices.
//!
//! Networks (IPv4 /24, IPv6 /48) take turns, and so do the addresses of a network (IPv4 /32, IPv6 /64). So one of them
//! cannot fill the queue for the others. When the queue is full, a smaller network displaces the newest job of the
//! largest one. Known devices have their own capacity and every second turn, so unknown clients cannot block them.

use std::sync::Weak;

use self::fair_queue::FairQueue;
use crate::auth::password::requester::Requester;

mod fair_queue;

#[cfg(test)]
mod tests;

/// Known devices have a quarter of the capacity of the others, in addition to it.
const OTHERS_PER_KNOWN: usize = 4;

/// The queue is full, and no other network or address has more jobs in it than the requester's.
#[derive(Debug)]
pub(super) struct Full;

pub(super) struct Queue<T> {
    known: FairQueue<Entry<T>>,
    others: FairQueue<Entry<T>>,
    /// Whether known devices have the next turn.
    known_first: bool,
}

struct Entry<T> {
    /// Dead when the client no longer waits.
    client: Weak<()>,
    job: T,
}

impl<T> Entry<T> {
    fn is_awaited(&self) -> bool {
        self.client.strong_count() > 0
    }
}

impl<T> Queue<T> {
    /// Creates a queue. Known devices have additional capacity.
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

    /// Adds a job. Returns the number of removed abandoned jobs.
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

    /// Returns the next job and the number of removed abandoned jobs.
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
