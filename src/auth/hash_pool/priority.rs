//! Hashing steps back when others want the core.

use rustix::process::setpriority_process;
use rustix::thread::gettid;

/// What the kernel calls nice: 19 is the lowest.
const NICE: i32 = 19;

/// Lowers the priority of the calling thread; on Linux a thread has one of its own.
pub(super) fn lower() {
    if let Err(error) = setpriority_process(Some(gettid()), NICE) {
        tracing::debug!(%error, "hash threads run at ordinary priority");
    }
}
