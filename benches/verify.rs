//! The cost of verifying one session token: a valid one, one with a bad signature and an expired one.

use std::hint::black_box;

use chrono::{DateTime, TimeDelta, Utc};
use criterion::{Criterion, criterion_group, criterion_main};
use daypass::auth::token::keys::KeyRing;
use daypass::auth::token::refusal::Refusal;
use daypass::auth::token::{Lifetimes, Tokens};
use daypass::platform::random;
use daypass::types::UserId;
use daypass::types::generation::Generation;
use secrecy::{ExposeSecret, SecretString};

const NOW: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).expect("a moment in range");
const LIFETIME: TimeDelta = TimeDelta::days(1);

fn tokens() -> Tokens {
    let secret = SecretString::from("only-for-the-bench-0123456789abcdef");
    let ring = KeyRing::hmac(&secret, &[]).expect("a key from any secret");
    let lifetimes = Lifetimes { token: LIFETIME, session: LIFETIME, unused: None, leeway: TimeDelta::zero() };
    Tokens::new(ring, "daypass".to_owned(), "daypass".to_owned(), lifetimes)
}

/// The token with a signature that differs in its first character.
fn tampered(token: &str) -> String {
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{message}.{other}{}", &signature[1..])
}

fn verify(criterion: &mut Criterion) {
    let tokens = tokens();
    let issued = tokens
        .issue(Some(UserId(42).into()), Generation::random(&mut random::secure()), NOW, &mut random::secure())
        .expect("a token");
    let good = issued.token.expose_secret();
    let bad = tampered(good);
    let later = NOW + LIFETIME;
    // Each case must have the result that its name says.
    assert_eq!(tokens.verify(good, NOW), Ok(issued.session));
    assert_eq!(tokens.verify(&bad, NOW), Err(Refusal::BadSignature));
    assert_eq!(tokens.verify(good, later), Err(Refusal::Expired { at: later, renewable: false }));

    let mut group = criterion.benchmark_group("verify");
    group.bench_function("good", |bencher| bencher.iter(|| tokens.verify(black_box(good), NOW)));
    group.bench_function("bad signature", |bencher| bencher.iter(|| tokens.verify(black_box(&bad), NOW)));
    group.bench_function("expired", |bencher| bencher.iter(|| tokens.verify(black_box(good), later)));
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
