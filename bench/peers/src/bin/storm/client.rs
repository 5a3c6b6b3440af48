//! A persistent HTTP/1.1 connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::RETRY_AFTER;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A request fails if its response takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

pub struct Connection(SendRequest<Full<Bytes>>);

pub struct Response {
    pub status: u16,
    pub retry_after: Option<Duration>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::spawn(connection);
        Ok(Self(sender))
    }

    pub fn is_open(&self) -> bool {
        !self.0.is_closed()
    }

    /// Sends a request and reads the complete response.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> io::Result<Response> {
        timeout(DEADLINE, self.exchange(request)).await?.map_err(io::Error::other)
    }

    async fn exchange(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response> {
        self.0.ready().await?;
        let response = self.0.send_request(request).await?;
        let (head, mut body) = response.into_parts();
        while let Some(frame) = body.frame().await {
            frame?;
        }
        let seconds = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Response { status: head.status.as_u16(), retry_after: seconds.map(Duration::from_secs) })
    }
}
