//! The address of this machine in its network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// Returns the address at which other machines in the network can reach this one, or `None` if there is none. The
/// system selects the interface as for a connection to a documentation address. No packet is sent.
#[must_use]
pub fn own_address(bound: IpAddr) -> Option<IpAddr> {
    if bound.is_loopback() {
        return None;
    }
    if !bound.is_unspecified() {
        return Some(bound);
    }
    let (any, remote) = (IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv4Addr::new(192, 0, 2, 1)));
    let v6 = (IpAddr::from(Ipv6Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)));
    // IPv4 is first: most local networks give every machine an IPv4 address, which is easier to type.
    let routes = [(any, remote), v6];
    let addresses = routes.into_iter().filter(|(any, _)| any.is_ipv4() || bound.is_ipv6());
    addresses.filter_map(|(any, remote)| local_address(any, remote)).find(|address| !address.is_loopback())
}

fn local_address(any: IpAddr, remote: IpAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((remote, 9)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_others_can_reach_are_shown() {
        let own = |bound: &str| own_address(bound.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(own("127.0.0.1"), None);
        assert_eq!(own("::1"), None);
        assert_eq!(own("192.168.1.20"), Some("192.168.1.20".to_owned()));
        for any in ["0.0.0.0", "::"] {
            // A machine without a network has no address.
            let shown = own_address(any.parse().unwrap());
            assert!(shown.is_none_or(|address| !address.is_loopback() && !address.is_unspecified()), "{shown:?}");
        }
    }
}
