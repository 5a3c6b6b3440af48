//! Nobody can tell by the time of a refusal whether a user exists, nor what kind of hash they have.
//!
//! A binary of its own, so that no other test takes the cores while it measures. The kinds are asked for in
//! an order drawn by lot and compared by ranks (Mann-Whitney), at a significance of 0.001 shared among the
//! comparisons; that the same comparison does find a difference where the wait is left out is part of the test.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;

use std::time::Instant;

use daypass::auth::address_prefix::AddressPrefix;
use daypass::auth::password::Password;
use daypass::models::user;
use rand::seq::SliceRandom as _;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde_json::json;
use support::TestApp;

/// How often each kind is asked for.
const SAMPLES: usize = 80;
/// Beyond it two samples differ, at 0.001 for four comparisons together: the normal quantile of 1 - 0.001/8.
const SIGNIFICANT: f64 = 3.66;
/// In another form than the normalised one, so that hashes made elsewhere may be compared with both.
const WRONG: &str = "not the password of anyone, \u{fb01}";
/// Costlier than ours, and less than a refusal waits for: small hashes are quick, and leave less room than those
/// of a service. The password does not matter: it is never the right one.
const ELSEWHERE: [(&str, &str); 2] = [
    ("bcrypt", "$2b$07$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"),
    ("costly", "$argon2id$v=19$m=4096,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"),
];

/// A user `ours` with a hash of today's parameters, and one for each hash made elsewhere.
async fn with_users() -> TestApp {
    let app = TestApp::start_with(&["--argon2=m=2048,t=1,p=1", "--hash-threads=1"]).await;
    app.sign_up("ours").await;
    for (name, hash) in ELSEWHERE {
        app.sign_up(name).await;
        let row = user::find_by_username(&app.app.db, name).await.unwrap().unwrap();
        let mut row = row.into_active_model();
        row.password_hash = Set(hash.to_owned());
        row.update(&app.app.db).await.unwrap();
    }
    app
}

/// One after the other: two at once would measure each other.
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_refusal_tells_nothing_of_the_user() {
    let app = with_users().await;
    without_the_wait_the_same_comparison_finds_who_has_which_hash(&app).await;
    let kinds = ["nobody", "ours", "bcrypt", "costly", "ours again"];
    let mut turns: Vec<_> = (0..kinds.len() * SAMPLES).map(|turn| turn % kinds.len()).collect();
    turns.shuffle(&mut daypass::random::secure());
    let mut samples = vec![Vec::new(); kinds.len()];
    for kind in turns {
        let name = if kinds[kind] == "ours again" { "OURS" } else { kinds[kind] };
        let began = Instant::now();
        let reply = app.anon.post("/api/sessions", json!({"username": name, "password": WRONG})).await;
        samples[kind].push(began.elapsed().as_secs_f64());
        assert_eq!(reply.refusal(), (401, "bad_credentials".to_owned()));
    }
    for (kind, sample) in kinds.iter().zip(&samples).skip(1) {
        let z = rank_test(&samples[0], sample);
        assert!(z.abs() < SIGNIFICANT, "{kind} against nobody: z = {z}");
    }
}

async fn without_the_wait_the_same_comparison_finds_who_has_which_hash(app: &TestApp) {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        for (sample, stored) in samples.iter_mut().zip([None, Some(ELSEWHERE[1].1.to_owned())]) {
            let began = Instant::now();
            let compared = app.app.passwords.verify(AddressPrefix::LOCAL, Password::presented(WRONG).unwrap(), stored);
            let _ = compared.await.unwrap();
            sample.push(began.elapsed().as_secs_f64());
        }
    }
    assert!(rank_test(&samples[0], &samples[1]).abs() > SIGNIFICANT);
}

/// Mann-Whitney's U as a standard normal deviate, ties counted half.
fn rank_test(one: &[f64], other: &[f64]) -> f64 {
    let above = |a: &f64, b: &f64| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
    let u: f64 = one.iter().map(|a| other.iter().map(|b| above(a, b)).sum::<f64>()).sum();
    let (n, m) = (one.len() as f64, other.len() as f64);
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}
