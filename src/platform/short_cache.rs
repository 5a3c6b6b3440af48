//! A cache for responses that many clients request at the same time.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// The maximum number of values.
const CAPACITY: usize = 16;
/// How long a request waits for other requests to make their values.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// Stores values for `ttl`. Only one request at a time makes a value. The others wait, and those with the same key
/// share the value. So many requests use one database connection and bounded memory.
pub struct ShortCache<K, V> {
    ttl: TimeDelta,
    /// Each key with the time when its value was made, and the value; newest first.
    values: Mutex<VecDeque<(K, DateTime<Utc>, V)>>,
    making: tokio::sync::Mutex<()>,
}

impl<K: Clone + Eq, V: Clone> ShortCache<K, V> {
    #[must_use]
    pub fn new(ttl: TimeDelta) -> Self {
        Self { ttl, values: Mutex::default(), making: tokio::sync::Mutex::default() }
    }

    /// Returns the stored value of `key`, or makes and stores it.
    ///
    /// # Errors
    /// The errors of `make`, and [`Elapsed`] if other requests take too long to make their values.
    pub async fn get_or_make<E: From<Elapsed>>(
        &self,
        key: &K,
        now: impl Fn() -> DateTime<Utc>,
        make: impl AsyncFnOnce() -> Result<V, E>,
    ) -> Result<V, E> {
        if let Some(value) = self.fresh(key, now()) {
            return Ok(value);
        }
        let _guard = timeout(MAX_WAIT, self.making.lock()).await?;
        let started_at = now();
        if let Some(value) = self.fresh(key, started_at) {
            return Ok(value);
        }
        let value = make().await?;
        self.store(key, started_at, value.clone());
        Ok(value)
    }

    fn fresh(&self, key: &K, now: DateTime<Utc>) -> Option<V> {
        let values = self.lock();
        let found = values.iter().find(|(made_for, made_at, _)| made_for == key && self.is_fresh(*made_at, now));
        found.map(|(.., value)| value.clone())
    }

    /// Returns whether a value is younger than `ttl`. A value with a time in the future is not fresh: the clock was
    /// set back after it was stored.
    fn is_fresh(&self, made_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        (TimeDelta::zero()..self.ttl).contains(&(now - made_at))
    }

    fn store(&self, key: &K, now: DateTime<Utc>, value: V) {
        let mut values = self.lock();
        values.retain(|(_, made_at, _)| self.is_fresh(*made_at, now));
        values.truncate(CAPACITY - 1);
        values.push_front((key.clone(), now, value));
    }

    // Poisoning is ignored, because a panic cannot leave the values in an inconsistent state.
    fn lock(&self) -> MutexGuard<'_, VecDeque<(K, DateTime<Utc>, V)>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    enum Failure {
        Make,
        TimeOut,
    }

    impl From<Elapsed> for Failure {
        fn from(_: Elapsed) -> Self {
            Self::TimeOut
        }
    }

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(millis).unwrap()
    }

    async fn get(cache: &ShortCache<u32, u32>, key: u32, millis: i64, made: u32) -> u32 {
        cache.get_or_make(&key, || at(millis), async || Ok::<_, Failure>(made)).await.unwrap()
    }

    #[tokio::test]
    async fn values_expire_after_the_ttl_or_when_the_clock_is_set_back() {
        let cache = ShortCache::new(TimeDelta::milliseconds(250));
        assert_eq!(get(&cache, 1, 1000, 7).await, 7);
        assert_eq!(get(&cache, 1, 1249, 8).await, 7);
        assert_eq!(get(&cache, 2, 1249, 8).await, 8);
        assert_eq!(get(&cache, 1, 1250, 9).await, 9);
        assert_eq!(get(&cache, 1, 900, 10).await, 10);
    }

    #[tokio::test]
    async fn failures_are_not_cached() {
        let cache: ShortCache<u32, u32> = ShortCache::new(TimeDelta::milliseconds(250));
        assert!(cache.get_or_make(&1, || at(0), async || Err(Failure::Make)).await.is_err());
        assert_eq!(get(&cache, 1, 0, 5).await, 5);
    }

    #[tokio::test]
    async fn number_of_values_is_bounded() {
        let cache = ShortCache::new(TimeDelta::milliseconds(250));
        for key in 0..1000 {
            get(&cache, key, i64::from(key) / 100, key).await;
        }
        assert_eq!(cache.lock().len(), CAPACITY);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_another_value_times_out() {
        let cache: ShortCache<u32, u32> = ShortCache::new(TimeDelta::milliseconds(250));
        let stuck = cache.get_or_make(&1, || at(0), async || std::future::pending::<Result<_, Failure>>().await);
        let (_, waiting) =
            tokio::join!(timeout(Duration::from_secs(5), stuck), cache.get_or_make(&2, || at(0), async || Ok(1)),);
        assert!(matches!(waiting, Err(Failure::TimeOut)));
    }
}
