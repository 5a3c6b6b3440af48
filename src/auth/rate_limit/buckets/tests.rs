use chrono::DateTime;

use super::*;
use crate::platform::clock::TestClock;

fn buckets(tries: u32) -> Buckets {
    Buckets::new("test", Quota { tries, window: Duration::from_secs(60) })
}

fn at(second: u64) -> Monotonic {
    TestClock::at(DateTime::default()).monotonic() + Duration::from_secs(second)
}

/// Charges `key` once.
fn charge(buckets: &Buckets, key: impl Hash, second: u64) -> Result<Allowance, Allowance> {
    buckets.reserve(key, at(second)).map(Reserved::count).map_err(|no_try| no_try.allowance())
}

#[test]
fn used_up_tries_come_back_one_by_one() {
    let buckets = buckets(3);
    for left in [2, 1, 0] {
        assert_eq!(charge(&buckets, "a", 0).unwrap().remaining, left);
    }
    let refused = charge(&buckets, "a", 5).unwrap_err();
    assert_eq!((refused.remaining, refused.next), (0, Duration::from_secs(15)));
    assert!(charge(&buckets, "b", 5).is_ok(), "each key has its own bucket");
    assert!(charge(&buckets, "a", 20).is_ok());
    assert!(charge(&buckets, "a", 20).is_err());
    assert_eq!(charge(&buckets, "a", 200).unwrap().remaining, 2, "not more than the quota");
}

#[test]
fn released_try_does_not_count_and_reset_clears_the_bucket() {
    let buckets = buckets(2);
    assert_eq!(buckets.reserve("a", at(0)).ok().unwrap().release().remaining, 2);
    let reserved = buckets.reserve("a", at(0)).ok().unwrap();
    charge(&buckets, "a", 0).unwrap();
    assert_eq!(reserved.reset().remaining, 2);
    assert_eq!(charge(&buckets, "a", 0).unwrap().remaining, 1);
}

#[tokio::test]
async fn attempt_waits_while_attempts_in_progress_hold_the_rest() {
    let buckets = buckets(2);
    let (one, other) = (buckets.reserve("a", at(0)).ok().unwrap(), buckets.reserve("a", at(0)).ok().unwrap());
    let Err(NoTry::InProgress { finished: Some(finished), allowance }) = buckets.reserve("a", at(0)) else { panic!() };
    assert_eq!((allowance.remaining, allowance.next), (0, Duration::from_secs(30)), "what is left if both fail");
    let _ = one.release();
    finished.await;
    let third = buckets.reserve("a", at(0)).ok().unwrap();
    other.count();
    assert!(matches!(buckets.reserve("a", at(0)), Err(NoTry::InProgress { .. })));
    drop(third);
    assert!(matches!(buckets.reserve("a", at(0)), Err(NoTry::Exhausted(_))), "a dropped try counts");
}

#[test]
fn number_of_waiting_attempts_is_limited() {
    let buckets = buckets(1);
    let reserved = buckets.reserve("a", at(0)).ok().unwrap();
    let waiting: Vec<_> = std::iter::from_fn(|| match buckets.reserve("a", at(0)) {
        Err(NoTry::InProgress { finished, .. }) => finished,
        _ => None,
    })
    .take(2 * MAX_WAITING)
    .collect();
    assert_eq!(waiting.len(), MAX_WAITING);
    drop(waiting);
    assert!(matches!(buckets.reserve("a", at(0)), Err(NoTry::InProgress { finished: Some(_), .. })));
    let _ = reserved.release();
    assert!(buckets.lock().is_empty(), "a released try leaves no entry");
}

#[test]
fn released_try_of_a_locked_key_does_not_give_back_the_quota() {
    let buckets = buckets(5).with_max_in_a_row(2);
    charge(&buckets, "a", 0).unwrap();
    charge(&buckets, "a", 0).unwrap();
    let a_day_later = 24 * 3600;
    assert_eq!(buckets.reserve("a", at(a_day_later)).ok().unwrap().release().remaining, 1);
    assert_eq!(charge(&buckets, "a", a_day_later).unwrap().remaining, 0);
}

#[test]
fn key_with_too_many_charges_in_a_row_is_locked_for_a_day() {
    let buckets = buckets(5).with_max_in_a_row(8);
    for turn in 0..7 {
        charge(&buckets, "a", turn * 20).unwrap();
    }
    let last = buckets.reserve("a", at(200)).ok().unwrap();
    assert!(
        matches!(buckets.reserve("a", at(200)), Err(NoTry::InProgress { .. })),
        "the reserved try may be the last one in the row"
    );
    let _ = last.release();
    charge(&buckets, "a", 300).unwrap();
    assert_eq!(charge(&buckets, "a", 400).unwrap_err().next.as_secs(), 24 * 3600 - 100);
    assert!(charge(&buckets, "a", 300 + 24 * 3600).is_ok());
    assert!(charge(&buckets, "a", 330 + 24 * 3600).is_ok(), "a new row");
    let without = self::buckets(5);
    assert!((0..300).all(|turn| charge(&without, "a", turn * 20).is_ok()), "without a maximum a key is never locked");
}

#[test]
fn pause_of_a_day_starts_a_new_row() {
    let buckets = buckets(5).with_max_in_a_row(3);
    for day in 0..9 {
        assert!(charge(&buckets, "a", day * 25 * 3600).is_ok());
    }
}

#[test]
fn memory_is_bounded_and_keys_under_attack_stay() {
    let buckets = buckets(5).with_max_in_a_row(5);
    for _ in 0..5 {
        charge(&buckets, "victim", 0).unwrap();
    }
    let in_progress = buckets.reserve("in progress", at(0)).ok().unwrap();
    for other in 0..4 * CAPACITY {
        charge(&buckets, other, 0).unwrap();
    }
    let entries = buckets.lock();
    assert!(entries.len() <= CAPACITY && entries.capacity() < 4 * CAPACITY, "{}", entries.capacity());
    assert!(entries.contains_key(&in_progress.key));
    drop(entries);
    assert!(charge(&buckets, "victim", 0).is_err(), "the locked key stays");
}
