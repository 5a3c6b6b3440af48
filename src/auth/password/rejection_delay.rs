//! Delays rejected sign-ins, so that their response time does not depend on the kind of the stored hash.
//!
//! By default, a legacy hash takes up to 18 times as long as one of the service's own hashes, and legacy hashes wait
//! for each other. So each rejection is delayed as if all pending rejections had the most expensive legacy hash. The
//! rejections of one network get consecutive time slots. The slots are longer while other networks have pending
//! rejections, because the networks share one thread. Successful sign-ins are not delayed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::stored_hash::ImportedCost;
use crate::auth::rate_limit::client_network::Network;

/// The length of a slot, in hashes with the current parameters. While one other network has pending rejections, a slot
/// has twice this length. That is enough for three of the most expensive legacy hashes
/// ([`stored_hash`](super::stored_hash)): the running one, the other network's, and that of the slot.
const SLOT_IN_HASHES: u32 = 27;
/// The step of the delays, in hashes. A response is sent a whole number of steps after the request, so smaller
/// differences are not visible.
const STEP_IN_HASHES: u32 = 3;
/// The maximum length of a slot with the lowest [`ImportedCost`]. The length is limited because the time of a hash is
/// measured at the start, and is too high if the machine is busy then.
const MAX_SLOT: Duration = Duration::from_secs(3);
/// How far in the future a network's slots may end.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// The maximum number of other networks that a rejection waits for.
const MAX_OTHERS: usize = 4;

pub(super) struct RejectionSchedule {
    slot: Duration,
    step: Duration,
    /// The end of the last slot of each network.
    pending: Mutex<HashMap<Network, Instant>>,
}

/// The reserved time for the rejection of a sign-in. A successful sign-in does not use it.
#[derive(Debug)]
pub(super) struct Rejection {
    received: Instant,
    /// `None` if the network has too many pending rejections.
    slot_end: Option<Instant>,
    step: Duration,
}

impl RejectionSchedule {
    /// `usual` is the time that one of the service's own hashes takes on this machine.
    pub(super) fn new(usual: Duration, imported: ImportedCost) -> Self {
        let slot = (usual * SLOT_IN_HASHES).min(MAX_SLOT) * imported.factor();
        Self { slot, step: slot * STEP_IN_HASHES / SLOT_IN_HASHES, pending: Mutex::default() }
    }

    /// Reserves a slot for a request that was received at `received`. The slot has the same length for
    /// every kind of stored hash.
    pub(super) fn schedule(&self, from: Network, received: Instant, now: Instant) -> Rejection {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, until| *until > now);
        let others = pending.keys().filter(|network| **network != from).take(MAX_OTHERS).count();
        let slots = u32::try_from(others + 1).unwrap_or(u32::MAX);
        let end = pending.get(&from).copied().unwrap_or(now) + self.slot * slots;
        let slot_end = (end <= now + MAX_WAIT.max(self.slot * slots)).then_some(end);
        if slot_end.is_some() {
            pending.insert(from, end);
        }
        Rejection { received, slot_end, step: self.step }
    }
}

impl Rejection {
    /// Returns whether the network has too many pending rejections.
    pub(super) fn is_crowded_out(&self) -> bool {
        self.slot_end.is_none()
    }

    /// Resolves when the rejection may be sent.
    pub(super) async fn due(&self) {
        let now = Instant::now();
        let earliest = self.slot_end.map_or(now, |end| end.max(now)).saturating_duration_since(self.received);
        let steps = earliest.div_duration_f64(self.step).ceil().max(1.0);
        tokio::time::sleep_until((self.received + self.step.mul_f64(steps)).into()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::rate_limit::client_network::ClientNetwork;

    const HASH: Duration = Duration::from_millis(10);

    fn network(number: u8) -> Network {
        ClientNetwork::of([192, 0, number, 1].into()).network()
    }

    /// Schedules rejections of these networks. Returns the times until their slots end, in slot lengths.
    fn slot_ends(networks: &[u8]) -> Vec<Option<u32>> {
        let (rejections, now) = (RejectionSchedule::new(HASH, ImportedCost::default()), Instant::now());
        let slots = |end: Instant| (end.duration_since(now).as_millis() / rejections.slot.as_millis()) as u32;
        let rejection = |number| rejections.schedule(network(number), now, now).slot_end.map(slots);
        networks.iter().map(|number| rejection(*number)).collect()
    }

    #[test]
    fn rejections_of_one_network_are_sent_one_after_the_other() {
        assert_eq!(slot_ends(&[1, 1, 1]), [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn networks_wait_for_at_most_four_others() {
        assert_eq!(slot_ends(&[1, 2, 1]), [Some(1), Some(2), Some(3)]);
        assert_eq!(slot_ends(&[1, 2, 3, 4, 5, 6, 7]).last(), Some(&Some(5)));
    }

    #[test]
    fn network_with_too_many_pending_rejections_gets_no_slot() {
        let seen = slot_ends(&[[1; 20].as_slice(), &[2]].concat());
        let granted = seen[..20].iter().flatten().count();
        assert_eq!(granted, 18, "slots of 0.27 s in 5 s");
        assert_eq!(seen[20], Some(2));
    }

    #[test]
    fn slots_are_longer_if_legacy_hashes_may_cost_more() {
        let slot = |cost| RejectionSchedule::new(HASH, ImportedCost::new(cost).unwrap()).slot;
        assert_eq!((slot(13), slot(14)), (slot(12) * 2, slot(12) * 4));
    }

    #[tokio::test]
    async fn rejection_is_sent_after_its_slot_at_a_multiple_of_the_step() {
        let rejections = RejectionSchedule::new(Duration::from_millis(1), ImportedCost::default());
        for late in [Duration::ZERO, rejections.step / 2, rejections.slot * 3 / 2] {
            let received = Instant::now().checked_sub(late).unwrap();
            let rejection = rejections.schedule(network(1), received, Instant::now());
            rejection.due().await;
            assert!(Instant::now() >= rejection.slot_end.unwrap());
            let steps = received.elapsed().div_duration_f64(rejections.step);
            assert!(steps.floor() >= 9.0, "{steps}");
        }
    }
}
