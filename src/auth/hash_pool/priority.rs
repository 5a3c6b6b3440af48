//! Hashing steps back when others want the core.
//!
//! In Linux's idle class a thread runs when no other wants to, and gives way the moment one does. At nice 19
//! it gives way later (the 99th percentile of reads on one core, during a storm of sign-ins: 1.3 to 2 times
//! the quiet one, in the idle class 1.25; at nice 0 six times).

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
use thread_priority::{set_thread_priority_and_policy, thread_native_id};

/// How far a thread steps back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) enum Class {
    /// Behind everybody.
    Idle,
    /// Behind, but with a share of its own: a tenth of a core that others want too.
    Low,
}

impl Class {
    /// Puts the calling thread there. Where the system does not allow it, it runs like any other.
    pub(super) fn enter(self) {
        let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
        let entered = match self {
            Self::Idle if set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_ok() => true,
            Self::Idle => nice(19),
            Self::Low => nice(10),
        };
        if !entered {
            tracing::debug!("hash threads run at ordinary priority");
        }
    }
}

fn nice(level: i32) -> bool {
    setpriority_process(Some(gettid()), level).is_ok()
}
