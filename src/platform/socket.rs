//! Options of a connection's socket.

use tokio::net::TcpStream;

/// The maximum number of unsent bytes that the system buffers.
#[cfg(all(any(target_os = "android", target_os = "linux"), not(daypass_portable)))]
const UNSENT_BYTES: u32 = 16 * 1024;

/// Limits the send buffer, so that writes progress as the client reads. By default the system buffers megabytes, so a
/// client that reads slowly looks like a client that does not read.
#[cfg(all(any(target_os = "android", target_os = "linux"), not(daypass_portable)))]
pub(crate) fn limit_unsent_bytes(stream: &TcpStream) {
    // If this fails, a slow reader is detected later.
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES);
}

/// Does nothing. The option is used only on Linux and Android.
#[cfg(not(all(any(target_os = "android", target_os = "linux"), not(daypass_portable))))]
pub(crate) fn limit_unsent_bytes(_: &TcpStream) {}
