//! A line that is fair between addresses: each in turn, however many jobs one of them has sent.
//!
//! Nobody fills the line for others either: when it is full, the newest job of the address with the most
//! makes room for an address that has fewer.

use std::collections::{HashMap, VecDeque};
use std::sync::Weak;

use crate::auth::address_prefix::AddressPrefix;

/// The line is full, and the address has as many in it as any other.
#[derive(Debug)]
pub(super) struct Full;

pub(super) struct Queue<T> {
    lanes: HashMap<AddressPrefix, VecDeque<Place<T>>>,
    /// Whose turn it is; each address with something in the line is here once.
    turns: VecDeque<AddressPrefix>,
    length: usize,
    capacity: usize,
}

struct Place<T> {
    /// Dead once nobody waits for the job any more.
    client: Weak<()>,
    job: T,
}

impl<T> Place<T> {
    fn is_awaited(&self) -> bool {
        self.client.strong_count() > 0
    }
}

impl<T> Queue<T> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { lanes: HashMap::new(), turns: VecDeque::new(), length: 0, capacity }
    }

    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Takes a place; tells how many were found abandoned meanwhile.
    pub(super) fn push(&mut self, address: AddressPrefix, client: Weak<()>, job: T) -> Result<u64, Full> {
        let abandoned = if self.length < self.capacity { 0 } else { self.make_room(address)? };
        let lane = self.lanes.entry(address).or_default();
        if lane.is_empty() {
            self.turns.push_back(address);
        }
        lane.push_back(Place { client, job });
        self.length += 1;
        Ok(abandoned)
    }

    /// Whether a job of this address would find a place.
    pub(super) fn has_place(&self, address: AddressPrefix) -> bool {
        self.length < self.capacity || self.lanes.values().any(|lane| lane.len() > self.length_of(address) + 1)
    }

    fn length_of(&self, address: AddressPrefix) -> usize {
        self.lanes.get(&address).map_or(0, VecDeque::len)
    }

    /// The next job, and how many were passed over because nobody waits for them.
    pub(super) fn pop(&mut self) -> (Option<T>, u64) {
        let mut abandoned = 0;
        while let Some(address) = self.turns.pop_front() {
            let Some(lane) = self.lanes.get_mut(&address) else { continue };
            let place = lane.pop_front();
            if lane.is_empty() {
                self.lanes.remove(&address);
            } else {
                self.turns.push_back(address);
            }
            let Some(place) = place else { continue };
            self.length -= 1;
            if place.is_awaited() {
                return (Some(place.job), abandoned);
            }
            abandoned += 1;
        }
        (None, abandoned)
    }

    fn make_room(&mut self, newcomer: AddressPrefix) -> Result<u64, Full> {
        let before = self.length;
        for lane in self.lanes.values_mut() {
            lane.retain(Place::is_awaited);
        }
        self.lanes.retain(|_, lane| !lane.is_empty());
        self.turns.retain(|address| self.lanes.contains_key(address));
        self.length = self.lanes.values().map(VecDeque::len).sum();
        let abandoned = (before - self.length) as u64;
        if self.length < self.capacity {
            return Ok(abandoned);
        }
        let own = self.length_of(newcomer);
        let longest = self.lanes.values_mut().max_by_key(|lane| lane.len());
        // A lane of more than one stays a lane: its turn need not be taken back.
        let longest = longest.filter(|lane| lane.len() > own + 1).ok_or(Full)?;
        longest.pop_back();
        self.length -= 1;
        Ok(abandoned)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    fn address(number: u8) -> AddressPrefix {
        AddressPrefix::of([192, 0, 2, number].into())
    }

    fn drain(queue: &mut Queue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop().0).collect()
    }

    #[test]
    fn addresses_take_turns() {
        let (mut queue, client) = (Queue::with_capacity(9), Arc::new(()));
        for (from, name) in [(1, "a1"), (1, "a2"), (1, "a3"), (2, "b1"), (3, "c1"), (2, "b2")] {
            queue.push(address(from), Arc::downgrade(&client), name).unwrap();
        }
        assert_eq!(drain(&mut queue), ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn one_address_cannot_fill_the_line_for_another() {
        let (mut queue, client) = (Queue::with_capacity(3), Arc::new(()));
        for name in ["a1", "a2", "a3"] {
            queue.push(address(1), Arc::downgrade(&client), name).unwrap();
        }
        assert!(queue.push(address(1), Arc::downgrade(&client), "a4").is_err());
        queue.push(address(2), Arc::downgrade(&client), "b1").unwrap();
        let another = queue.push(address(2), Arc::downgrade(&client), "b2");
        assert!(another.is_err(), "two against one would be the same unfairness");
        assert_eq!(drain(&mut queue), ["a1", "b1", "a2"]);
    }

    #[test]
    fn who_hung_up_holds_no_place() {
        let (mut queue, client) = (Queue::with_capacity(2), Arc::new(()));
        queue.push(address(1), Weak::new(), "gone").unwrap();
        queue.push(address(1), Arc::downgrade(&client), "a").unwrap();
        assert_eq!(queue.push(address(1), Arc::downgrade(&client), "b").unwrap(), 1);
        assert_eq!(drain(&mut queue), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn the_line_keeps_its_books_and_is_never_longer_than_it_may_be(
            steps in proptest::collection::vec((0..4_u8, any::<bool>(), any::<bool>()), 0..200)
        ) {
            let (mut queue, client) = (Queue::with_capacity(7), Arc::new(()));
            for (from, awaited, pop) in steps {
                if pop {
                    prop_assert_ne!(queue.pop().0, Some("abandoned"));
                } else if awaited {
                    let _ = queue.push(address(from), Arc::downgrade(&client), "awaited");
                } else {
                    let _ = queue.push(address(from), Weak::new(), "abandoned");
                }
                prop_assert!(queue.len() <= 7);
                prop_assert_eq!(queue.len(), queue.lanes.values().map(VecDeque::len).sum::<usize>());
                prop_assert_eq!(queue.turns.len(), queue.lanes.len());
            }
            drain(&mut queue);
            prop_assert_eq!((queue.len(), queue.lanes.len(), queue.turns.len()), (0, 0, 0));
        }
    }
}
