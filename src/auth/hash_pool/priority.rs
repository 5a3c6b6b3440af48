//! Hashing steps back when others want the core.
//!
//! In Linux's idle class a thread runs when no other wants to, and gives way the moment one does. At nice 19
//! it gives way later (the 99th percentile of reads on one core, during a storm of sign-ins: 1.3 to 2 times
//! the quiet one, in the idle class 1.25; at nice 0 six times).

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
use thread_priority::{set_thread_priority_and_policy, thread_native_id};

/// Puts the calling thread last. Where the system does not allow it, it runs like any other.
pub(super) fn lower() {
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let lowered = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle);
    if lowered.is_err() && setpriority_process(Some(gettid()), 19).is_err() {
        tracing::debug!("hash threads run at ordinary priority");
    }
}
