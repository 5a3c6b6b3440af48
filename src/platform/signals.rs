//! Signals that stop the process or make it reload its keys.

use std::io;

/// Returns a future that resolves at Ctrl-C or SIGTERM, or when the terminal of the process is closed.
#[cfg(all(unix, not(daypass_portable)))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = Hangup::listen()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hangup.terminal_closed() => {}
        }
    })
}

/// Returns a future that resolves at Ctrl-C, or when the system stops the service.
#[cfg(all(windows, not(daypass_portable)))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::windows::{ctrl_c, ctrl_shutdown};

    let mut interrupt = ctrl_c()?;
    let mut shutdown = ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}

/// Returns a future that resolves at Ctrl-C.
#[cfg(any(not(any(unix, windows)), daypass_portable))]
pub(crate) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler, the process runs until the system ends it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// The signal SIGHUP, which asks the service to reload its keys, or reports that its terminal was closed. Windows does
/// not have this signal.
pub(crate) struct Hangup(#[cfg(all(unix, not(daypass_portable)))] tokio::signal::unix::Signal);

#[cfg(all(unix, not(daypass_portable)))]
impl Hangup {
    /// Starts to listen for SIGHUP. Signals that arrive before the first call of [`Hangup::reload`] are not lost.
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        // This must be called before the handler is set. Afterwards, the process cannot detect that the signal was
        // ignored.
        terminal::remember();
        signal(SignalKind::hangup()).map(Self)
    }

    /// Waits for the next request to reload the keys.
    pub(crate) async fn reload(&mut self) -> Option<()> {
        self.0.recv().await?;
        // If the terminal was closed, the service is about to stop and must not reload its keys.
        if terminal::was_closed() { std::future::pending().await } else { Some(()) }
    }

    async fn terminal_closed(&mut self) {
        while self.0.recv().await.is_some() {
            if terminal::was_closed() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(any(not(unix), daypass_portable))]
impl Hangup {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self())
    }

    pub(crate) async fn reload(&mut self) -> Option<()> {
        std::future::pending().await
    }
}

/// The terminal that started the process.
#[cfg(all(unix, not(daypass_portable)))]
mod terminal {
    use std::fs;
    use std::sync::LazyLock;

    use rustix::io::Errno;

    /// Whether the process stops when its terminal is closed: it has a terminal, and was not started by `nohup`.
    static ENDS_WITH_TERMINAL: LazyLock<bool> = LazyLock::new(|| open().is_ok() && !ignores_hangup());

    pub(super) fn remember() {
        LazyLock::force(&ENDS_WITH_TERMINAL);
    }

    /// Returns whether the terminal was closed since the start.
    pub(super) fn was_closed() -> bool {
        *ENDS_WITH_TERMINAL && matches!(open(), Err(Errno::NXIO | Errno::IO))
    }

    fn open() -> rustix::io::Result<()> {
        use rustix::fs::{Mode, OFlags, open};
        open("/dev/tty", OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).map(drop)
    }

    /// Returns whether SIGHUP was ignored when the process started. Always false on systems other than Linux, which do
    /// not report this.
    fn ignores_hangup() -> bool {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
    }
}
