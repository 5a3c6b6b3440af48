use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::auth::rate_limit::client_network::ClientNetwork;

fn address(number: u8) -> Requester {
    ClientNetwork::of([192, 0, number, 1].into()).into()
}

/// Returns a client in one of the 65,536 /64 networks of an IPv6 /48.
fn subnet(network: u16, number: u16) -> Requester {
    ClientNetwork::of([0x2001, 0xdb8, network, number, 0, 0, 0, 1].into()).into()
}

fn known(by: Requester) -> Requester {
    Requester { is_known: true, ..by }
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
fn address_cannot_fill_the_queue_for_another() {
    let (mut queue, client) = (Queue::with_capacity(3), Arc::new(()));
    for name in ["a1", "a2", "a3"] {
        queue.push(address(1), Arc::downgrade(&client), name).unwrap();
    }
    assert!(queue.push(address(1), Arc::downgrade(&client), "a4").is_err());
    queue.push(address(2), Arc::downgrade(&client), "b1").unwrap();
    let another = queue.push(address(2), Arc::downgrade(&client), "b2");
    assert!(another.is_err(), "two jobs against one would be unfair in the other direction");
    assert_eq!(drain(&mut queue), ["a1", "b1", "a2"]);
}

#[test]
fn many_subnets_of_a_network_count_as_one_network() {
    let (mut queue, client) = (Queue::with_capacity(128), Arc::new(()));
    for number in 0..300 {
        let _ = queue.push(subnet(1, number), Arc::downgrade(&client), "attacker");
    }
    assert_eq!(queue.len(), 128);
    for network in 2..6 {
        assert!(queue.has_capacity(subnet(network, 0)));
        queue.push(subnet(network, 0), Arc::downgrade(&client), "other").unwrap();
    }
    let first: Vec<_> = drain(&mut queue).into_iter().take(5).collect();
    assert_eq!(first, ["attacker", "other", "other", "other", "other"]);
}

#[test]
fn addresses_of_a_network_share_its_turns() {
    let (mut queue, client) = (Queue::with_capacity(6), Arc::new(()));
    for (from, name) in [(0, "a1"), (0, "a2"), (0, "a3"), (0, "a4"), (0, "a5"), (0, "a6"), (1, "b1"), (1, "b2")] {
        queue.push(subnet(1, from), Arc::downgrade(&client), name).unwrap();
    }
    assert!(queue.push(subnet(1, 0), Arc::downgrade(&client), "a7").is_err());
    assert_eq!(drain(&mut queue), ["a1", "b1", "a2", "b2", "a3", "a4"]);
}

#[test]
fn known_devices_have_their_own_capacity_and_turns() {
    let (mut queue, client) = (Queue::with_capacity(8), Arc::new(()));
    for network in 0..8 {
        queue.push(subnet(network, 0), Arc::downgrade(&client), "unknown").unwrap();
    }
    assert!(!queue.has_capacity(subnet(9, 0)), "the queue is full");
    for _ in 0..2 {
        assert!(queue.has_capacity(known(subnet(9, 0))));
        queue.push(known(subnet(9, 0)), Arc::downgrade(&client), "owner").unwrap();
    }
    assert!(queue.push(known(subnet(9, 0)), Arc::downgrade(&client), "owner").is_err(), "their capacity is limited");
    let order = drain(&mut queue);
    assert_eq!(order[..4], ["owner", "unknown", "owner", "unknown"]);
    assert_eq!(order.len(), 10);
}

#[test]
fn abandoned_jobs_are_removed() {
    let (mut queue, client) = (Queue::with_capacity(2), Arc::new(()));
    queue.push(address(1), Weak::new(), "gone").unwrap();
    queue.push(address(1), Arc::downgrade(&client), "a").unwrap();
    assert_eq!(queue.push(address(1), Arc::downgrade(&client), "b").unwrap(), 1);
    assert_eq!(drain(&mut queue), ["a", "b"]);
}

proptest! {
    #[test]
    fn queue_stays_consistent_and_within_its_capacity(
        steps in proptest::collection::vec((0..4_u16, 0..3_u16, any::<bool>(), any::<bool>(), any::<bool>()), 0..200)
    ) {
        let (mut queue, client) = (Queue::with_capacity(7), Arc::new(()));
        for (network, from, is_known, awaited, pop) in steps {
            let by = Requester { is_known, ..subnet(network, from) };
            if pop {
                prop_assert_ne!(queue.pop().0, Some("abandoned"));
            } else if awaited {
                let expected = queue.has_capacity(by);
                let pushed = queue.push(by, Arc::downgrade(&client), "awaited");
                prop_assert!(pushed.is_ok() || !expected, "a job was rejected despite capacity");
            } else {
                let _ = queue.push(by, Weak::new(), "abandoned");
            }
            prop_assert!(queue.others.len() <= 7 && queue.known.len() <= 2);
            prop_assert!(queue.others.has_no_empty_entries() && queue.known.has_no_empty_entries());
        }
        drain(&mut queue);
        prop_assert_eq!(queue.len(), 0);
    }
}
