//! A TCP connection that returns at most one line per read.
//!
//! The SMTP library buffers what it reads. With STARTTLS, it would use replies that an attacker sent before the TLS
//! handshake as if they came over TLS (the attack on STARTTLS of CVE-2011-0411). Here, such replies are not read by the
//! library but by the TLS handshake, which fails.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

const BUFFER_BYTES: usize = 4096;

#[derive(Debug)]
pub(super) struct LineStream {
    inner: TcpStream,
    /// Bytes that were received and not yet returned.
    received: Vec<u8>,
}

impl LineStream {
    pub(super) fn new(inner: TcpStream) -> Self {
        Self { inner, received: Vec::new() }
    }
}

impl AsyncRead for LineStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.received.is_empty() {
            let mut bytes = [0; BUFFER_BYTES];
            let mut buffer = ReadBuf::new(&mut bytes);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
            self.received.extend_from_slice(buffer.filled());
        }
        let line = self.received.iter().position(|byte| *byte == b'\n').map_or(self.received.len(), |end| end + 1);
        let count = line.min(into.remaining());
        into.put_slice(&self.received[..count]);
        self.received.drain(..count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl AsyncTokioStream for LineStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }
}
