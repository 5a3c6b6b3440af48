//! The set of revoked sessions in memory.

use chrono::{DateTime, TimeDelta, Utc};
use daypass::auth::revocation::reason::Reason;
use daypass::auth::revocation::{Ended, Ending, Revocations, Status, UserEnded};
use daypass::auth::token::session_id::SessionId;
use daypass::auth::token::{AnySession, Method, SessionUser};
use daypass::platform::clock::TestClock;
use daypass::platform::random;
use daypass::types::UserId;
use daypass::types::generation::Generation;
use daypass::types::role::UserRoles;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn ended(expires_at: i64) -> Ended {
    let id = SessionId::random(&mut random::secure());
    Ended { id, reason: Reason::SignOut, expires_at: at(expires_at) }
}

fn session(generation: Generation, user: Option<(UserId, DateTime<Utc>)>) -> AnySession {
    let user = user.map(|(id, began_at)| {
        let (method, roles) = (Method::default(), UserRoles::default());
        SessionUser { id, authenticated_at: None, began_at, method, roles }
    });
    let id = SessionId::random(&mut random::secure());
    AnySession { id, user, generation, expires_at: at(500), ends_at: at(500) }
}

fn generation() -> Generation {
    Generation::random(&mut random::secure())
}

fn all_of(user_id: UserId, before: i64, spared: Option<SessionId>) -> Ending {
    let reason = Reason::SignOutEverywhere;
    let ended = UserEnded { user_id, before: at(before), spared, reason, expires_at: at(500) };
    Ending { users: vec![ended], ..Ending::default() }
}

#[test]
fn status_is_unknown_before_the_load_and_when_the_set_is_too_old() {
    let (set, clock, generation) = (Revocations::default(), TestClock::at(at(0)), generation());
    let session = session(generation, None);
    assert_eq!(set.status(&session, clock.monotonic()), Status::Unknown);
    set.restart(generation);
    assert_eq!(set.status(&session, clock.monotonic()), Status::Unknown);
    set.confirm(clock.monotonic());
    clock.advance(TimeDelta::seconds(5));
    assert_eq!(set.status(&session, clock.monotonic()), Status::Active);
    clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(set.status(&session, clock.monotonic()), Status::Unknown);
}

#[test]
fn wall_clock_set_back_does_not_make_the_set_fresh() {
    let (set, clock, generation) = (Revocations::default(), TestClock::at(at(100_000)), generation());
    set.restart(generation);
    set.confirm(clock.monotonic());
    clock.advance(TimeDelta::seconds(6));
    clock.step_wall_clock(TimeDelta::hours(-2));
    assert_eq!(set.status(&session(generation, None), clock.monotonic()), Status::Unknown);
}

#[test]
fn revoked_session_stays_revoked_when_the_set_is_too_old() {
    let (set, clock, gone) = (Revocations::default(), TestClock::at(at(0)), session(generation(), None));
    set.add(&Ended { id: gone.id, reason: Reason::SignOut, expires_at: at(500) }.into());
    assert_eq!(set.status(&gone, clock.monotonic()), Status::Revoked(Reason::SignOut));
}

#[test]
fn token_of_an_earlier_generation_is_revoked_and_of_an_unseen_one_is_unknown() {
    let (set, clock) = (Revocations::default(), TestClock::at(at(0)));
    let (first, second, unseen) = (generation(), generation(), generation());
    set.restart(first);
    set.restart(second);
    set.confirm(clock.monotonic());
    let status = |generation| set.status(&session(generation, None), clock.monotonic());
    assert_eq!(status(first), Status::Revoked(Reason::DatabaseReset));
    assert_eq!(status(second), Status::Active);
    assert_eq!(status(unseen), Status::Unknown);
    set.retire_unless_current(unseen);
    set.retire_unless_current(second);
    assert_eq!(status(unseen), Status::Revoked(Reason::DatabaseReset));
    assert_eq!(status(second), Status::Active, "the current generation is not retired");
}

#[test]
fn ending_all_sessions_of_a_user_ends_the_earlier_ones_except_the_spared_one() {
    let (set, clock, generation) = (Revocations::default(), TestClock::at(at(0)), generation());
    set.restart(generation);
    set.confirm(clock.monotonic());
    let sessions =
        [(7, 99), (7, 99), (7, 100), (8, 99)].map(|(id, since)| session(generation, Some((UserId(id), at(since)))));
    set.add(&all_of(UserId(7), 100, Some(sessions[1].id)));
    set.add(&all_of(UserId(7), 90, None));
    let active = sessions.map(|session| set.status(&session, clock.monotonic()) == Status::Active);
    assert_eq!(active, [false, true, true, true]);
}

#[test]
fn expired_entries_are_purged() {
    let (set, clock) = (Revocations::default(), TestClock::at(at(0)));
    let sessions = vec![ended(100), ended(200), ended(300)];
    set.add(&Ending { sessions, ..all_of(UserId(7), 100, None) });
    let of_user = session(generation(), Some((UserId(7), at(99))));
    let status = || set.status(&of_user, clock.monotonic());
    assert_eq!(set.purge(at(200)).sum::<usize>(), 1);
    assert_eq!((set.len(), status()), (2, Status::Revoked(Reason::SignOutEverywhere)));
    set.purge(at(501)).for_each(drop);
    assert_eq!((set.len(), status()), (0, Status::Unknown));
}
