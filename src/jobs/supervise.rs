//! Restarts background tasks that end.

use std::any::Any;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use tracing::error;

/// The time between the end of a task and its restart. Without a pause, a task that fails immediately would keep a core
/// busy.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs the task that `start` returns. When the task panics or returns, calls `start` for another one. Aborting the
/// handle aborts the task, too.
pub fn supervise<F>(name: &'static str, mut start: impl FnMut() -> F + Send + 'static) -> JoinHandle<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        loop {
            // A `JoinSet` aborts its tasks when it is dropped.
            let mut task = JoinSet::new();
            task.spawn(start());
            let cause = match task.join_next().await {
                Some(Err(error)) if error.is_panic() => format!("it panicked: {}", message(&*error.into_panic())),
                _ => "it returned".to_owned(),
            };
            error!(task = name, cause, "a background task ended and is restarted");
            sleep(PAUSE).await;
        }
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Supervises a task that panics in its first run, returns in its second, and never ends in its third.
    fn start(starts: &Arc<AtomicU32>) -> JoinHandle<()> {
        let starts = Arc::clone(starts);
        supervise("test", move || {
            let start = starts.fetch_add(1, Ordering::SeqCst);
            async move {
                match start {
                    0 => panic!("the first run panics"),
                    1 => {}
                    _ => std::future::pending().await,
                }
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn task_that_panics_or_returns_is_restarted_after_a_pause() {
        let starts = Arc::new(AtomicU32::new(0));
        let supervisor = start(&starts);
        sleep(PAUSE / 2).await;
        assert_eq!(starts.load(Ordering::SeqCst), 1);
        sleep(PAUSE).await;
        assert_eq!(starts.load(Ordering::SeqCst), 2);
        sleep(PAUSE).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
        sleep(PAUSE * 100).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3, "a running task is not restarted");
        supervisor.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn aborting_the_supervisor_aborts_its_task() {
        let held = Arc::new(());
        let task = Arc::clone(&held);
        let supervisor = supervise("test", move || {
            let held = Arc::clone(&task);
            async move {
                std::future::pending::<()>().await;
                drop(held);
            }
        });
        sleep(PAUSE).await;
        assert_eq!(Arc::strong_count(&held), 3);
        supervisor.abort();
        sleep(PAUSE).await;
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
