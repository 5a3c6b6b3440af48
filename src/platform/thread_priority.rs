//! Scheduling classes for threads that must not slow down requests.

/// The scheduling class of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Runs only when no other thread needs the core, if the system has such a class.
    Idle,
    /// Low priority, but with a small share of a busy core.
    Low,
}

impl Class {
    /// Moves the current thread to this class. If the system refuses, the thread keeps its ordinary priority.
    pub(crate) fn enter(self) {
        if !set(self) {
            tracing::debug!("hash threads run at ordinary priority");
        }
    }
}

/// Sets the class of the current thread. In Linux's idle class, a thread yields its core immediately; at nice 19 it
/// yields later. Sign-ins on one core increased the p99 latency of reads by a factor of 1.25 in the idle class, 1.3 to
/// 2 at nice 19, and 6 at nice 0.
#[cfg(all(any(target_os = "android", target_os = "linux"), not(daypass_portable)))]
fn set(class: Class) -> bool {
    use rustix::process::setpriority_process;
    use rustix::thread::gettid;
    use thread_priority::{
        NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };

    let nice = |level| setpriority_process(Some(gettid()), level).is_ok();
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    match class {
        Class::Idle => {
            set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle).is_ok() || nice(19)
        }
        Class::Low => nice(10),
    }
}

#[cfg(not(all(any(target_os = "android", target_os = "linux"), not(daypass_portable))))]
fn set(class: Class) -> bool {
    use thread_priority::{ThreadPriority, set_current_thread_priority};

    let priority = match class {
        Class::Idle => ThreadPriority::Min,
        Class::Low => ThreadPriority::Crossplatform(25_u8.try_into().expect("25 is below 100")),
    };
    set_current_thread_priority(priority).is_ok()
}
