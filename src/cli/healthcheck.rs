//! `daypass healthcheck`: asks the running service whether it is ready. Container images need no HTTP client for this.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::Failure;
use crate::config::{Config, ListenConfig};

/// How long the command waits for the response.
const MAX_WAIT: Duration = Duration::from_secs(5);

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let address = local_address(&config.listen)?;
    let response = timeout(MAX_WAIT, get_ready(address)).await;
    let response = response.map_err(|_| format!("{address} does not respond within {} seconds", MAX_WAIT.as_secs()))?;
    let response = response.map_err(|error| format!("cannot reach the service at {address}: {error}"))?;
    let Some((head, body)) = response.split_once("\r\n\r\n") else {
        return Err(Failure::from(format!("{address} does not respond with HTTP")));
    };
    if head.split(' ').nth(1) == Some("200") {
        return Ok(());
    }
    let status_line = head.lines().next().unwrap_or_default();
    Err(Failure::from(format!("the service at {address} is not ready: {status_line} {body}")))
}

/// Returns the address at which this machine reaches the service.
pub(super) fn local_address(listen: &ListenConfig) -> Result<SocketAddr, Failure> {
    if listen.port == 0 {
        // Not a usage failure, because container runtimes reserve other statuses than 0 and 1.
        return Err(Failure::from("PORT=0: set PORT to the port of the running service".to_owned()));
    }
    let host = match listen.host {
        IpAddr::V4(host) if host.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(host) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        host => host,
    };
    Ok(SocketAddr::new(host, listen.port))
}

async fn get_ready(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}
