//! The limits on connections: of one address, and of all.

use std::io::Write as _;
use std::net::{IpAddr, UdpSocket};

use super::*;

/// The address of this machine in its network. Unlike 127.0.0.1, it is not exempt from the limit.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

/// Opens 70 connections to `address` at the same time. Returns how many are served, and the connections.
async fn served_of_seventy(server: &Server, address: IpAddr) -> (usize, Vec<TcpStream>) {
    let mut served = 0;
    let mut open = Vec::new();
    for _ in 0..70 {
        let mut stream = TcpStream::connect((address, server.address.port())).await.unwrap();
        let mut first = [0; 12];
        let _ = stream.write_all(REQUEST).await;
        served += usize::from(stream.read_exact(&mut first).await.is_ok());
        open.push(stream);
    }
    (served, open)
}

#[tokio::test]
async fn one_address_has_at_most_64_connections() {
    let Some(own) = own_address() else {
        let _ = writeln!(std::io::stderr(), "skipped: this machine has only loopback addresses");
        return;
    };
    let server = Server::start_at("0.0.0.0", &[]).await;
    let (served, mut open) = served_of_seventy(&server, own).await;
    assert_eq!(served, 64);
    assert_eq!(served_of_seventy(&server, [127, 0, 0, 1].into()).await.0, 70, "a proxy on this machine is exempt");
    open.truncate(60);
    drop(open);
    // The server notices closed connections after a moment.
    let mut served = 0;
    for _ in 0..50 {
        served = served_of_seventy(&server, own).await.0;
        if served == 64 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(served, 64, "closed connections do not count");
}

#[tokio::test]
async fn trusted_proxy_may_open_more_connections() {
    let Some(own) = own_address() else { return };
    let server = Server::start_at("0.0.0.0", &[&format!("--trusted-proxies={own}")]).await;
    assert_eq!(served_of_seventy(&server, own).await.0, 70);
}

#[tokio::test]
async fn connection_over_the_total_limit_waits_until_another_one_is_closed() {
    // Of these descriptors, 128 are reserved for everything else.
    let server = Server::start_with_descriptors("127.0.0.1", &[], Some(128 + 3)).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        assert!(exchange(&mut stream, REQUEST).await.starts_with("HTTP/1.1 200"));
        open.push(stream);
    }
    let mut waiting = server.connect().await;
    waiting.write_all(REQUEST).await.unwrap();
    let answered = tokio::time::timeout(Duration::from_millis(300), waiting.readable()).await;
    assert!(answered.is_err(), "a fourth connection is served");
    for stream in &mut open {
        assert!(exchange(stream, REQUEST).await.starts_with("HTTP/1.1 200"), "open connections are served");
    }
    drop(open.pop());
    assert!(read_response(&mut waiting).await.starts_with("HTTP/1.1 200"));
}
