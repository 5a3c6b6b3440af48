//! A bounded queue in which networks take turns, and so do the addresses of each network.

use std::collections::VecDeque;

use crate::auth::rate_limit::client_network::{ClientNetwork, Network};

pub(super) struct FairQueue<T> {
    capacity: usize,
    /// The networks with jobs, in the order of their turns.
    networks: VecDeque<NetworkJobs<T>>,
}

struct NetworkJobs<T> {
    network: Network,
    /// The addresses with jobs, in the order of their turns.
    addresses: VecDeque<AddressJobs<T>>,
}

struct AddressJobs<T> {
    address: ClientNetwork,
    jobs: VecDeque<T>,
}

impl<T> NetworkJobs<T> {
    fn len(&self) -> usize {
        self.addresses.iter().map(|address| address.jobs.len()).sum()
    }

    fn len_of(&self, address: ClientNetwork) -> usize {
        self.addresses.iter().find(|jobs| jobs.address == address).map_or(0, |jobs| jobs.jobs.len())
    }

    /// Returns the number of jobs of the address that has the most.
    fn max_len(&self) -> usize {
        self.addresses.iter().map(|address| address.jobs.len()).max().unwrap_or(0)
    }

    /// Removes the newest job of the address that has the most jobs.
    fn drop_newest(&mut self) {
        if let Some(largest) = self.addresses.iter_mut().max_by_key(|address| address.jobs.len()) {
            largest.jobs.pop_back();
        }
        self.addresses.retain(|address| !address.jobs.is_empty());
    }
}

impl<T> FairQueue<T> {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { capacity, networks: VecDeque::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.networks.iter().map(NetworkJobs::len).sum()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    pub(super) fn push(&mut self, from: ClientNetwork, job: T) {
        let (network, address) = (from.network(), from);
        let networks = &mut self.networks;
        let index = networks.iter().position(|jobs| jobs.network == network).unwrap_or_else(|| {
            networks.push_back(NetworkJobs { network, addresses: VecDeque::new() });
            networks.len() - 1
        });
        let addresses = &mut networks[index].addresses;
        let index = addresses.iter().position(|jobs| jobs.address == address).unwrap_or_else(|| {
            addresses.push_back(AddressJobs { address, jobs: VecDeque::new() });
            addresses.len() - 1
        });
        addresses[index].jobs.push_back(job);
    }

    /// Removes and returns the next job. Its network and its address then wait for their next turns.
    pub(super) fn pop(&mut self) -> Option<T> {
        let mut network = self.networks.pop_front()?;
        let mut address = network.addresses.pop_front()?;
        let job = address.jobs.pop_front();
        if !address.jobs.is_empty() {
            network.addresses.push_back(address);
        }
        if !network.addresses.is_empty() {
            self.networks.push_back(network);
        }
        job
    }

    /// Removes the jobs for which `keep` returns `false`. Returns the number of removed jobs.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) -> usize {
        let before = self.len();
        for network in &mut self.networks {
            network.addresses.iter_mut().for_each(|address| address.jobs.retain(&keep));
            network.addresses.retain(|address| !address.jobs.is_empty());
        }
        self.networks.retain(|network| !network.addresses.is_empty());
        before - self.len()
    }

    /// Returns whether a job of this client may displace another one.
    pub(super) fn can_make_room(&self, from: ClientNetwork) -> bool {
        self.index_to_shrink(from).is_some()
    }

    /// Removes a job of a larger network, or of a larger address in the same network. Returns whether a job was
    /// removed.
    pub(super) fn make_room(&mut self, from: ClientNetwork) -> bool {
        let Some(index) = self.index_to_shrink(from) else { return false };
        self.networks[index].drop_newest();
        true
    }

    /// Returns the network that must give up a job. A network or address counts as larger if it has at least two jobs
    /// more: with a difference of one, the two would only swap sizes.
    fn index_to_shrink(&self, from: ClientNetwork) -> Option<usize> {
        let own_index = self.networks.iter().position(|jobs| jobs.network == from.network());
        let own = own_index.map(|index| &self.networks[index]);
        let largest = (0..self.networks.len()).max_by_key(|index| self.networks[*index].len());
        let own_len = own.map_or(0, NetworkJobs::len);
        largest
            .filter(|index| self.networks[*index].len() > own_len + 1)
            .or_else(|| own_index.filter(|_| own.is_some_and(|jobs| jobs.max_len() > jobs.len_of(from) + 1)))
    }

    #[cfg(test)]
    pub(super) fn has_no_empty_entries(&self) -> bool {
        let is_filled = |network: &NetworkJobs<T>| {
            !network.addresses.is_empty() && network.addresses.iter().all(|address| !address.jobs.is_empty())
        };
        self.networks.iter().all(is_filled)
    }
}
