//! The limit on open files, which limits the number of connections.

/// Returns the hard limit on open files, which the service raises its own limit to.
#[cfg(all(unix, not(daypass_portable)))]
pub(crate) fn hard_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum
}

/// Returns `None`, because this system has no limit per process.
#[cfg(any(not(unix), daypass_portable))]
pub(crate) fn hard_limit() -> Option<u64> {
    None
}

/// Raises the soft limit on open files to the hard limit. Returns the limit that now applies, if there is one.
#[cfg(all(unix, not(daypass_portable)))]
pub(crate) fn raise_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let limit = getrlimit(Resource::Nofile);
    // If the system refuses, the soft limit stays.
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current
}

/// Returns `None`, because this system has no limit per process.
#[cfg(any(not(unix), daypass_portable))]
pub(crate) fn raise_limit() -> Option<u64> {
    None
}
