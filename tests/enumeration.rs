//! Nobody can tell by the time of a refusal whether a user exists, nor what kind of hash they have.
//!
//! A binary of its own, so that no other test takes the cores while it measures. The kinds are asked for in
//! an order drawn by lot and compared by ranks (Mann-Whitney), at a significance of 0.001 shared among the
//! comparisons; that the same comparison does find a difference where the wait is left out is part of the test.
//! A test fails if three such measurements, one after the other, all find a difference. Chance alone makes it fail
//! once in 10^9 runs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, unused_imports, reason = "the tests of the API use the rest")]
mod support;

use std::time::Instant;

use daypass::auth::password::hasher::PasswordHasher;
use daypass::auth::password::policy::Password;
use daypass::auth::rate_limit::client_network::ClientNetwork;
use daypass::models::user;
use futures_util::future::join_all;
use rand::seq::SliceRandom as _;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde_json::json;
use support::{Outbox, PASSWORD, TestApp};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

/// The maximum number of measurements in a test.
const ROUNDS: usize = 3;
/// How often each kind is asked for.
const SAMPLES: usize = 80;
/// Beyond it two samples differ, at 0.001 for six comparisons together: the normal quantile of 1 - 0.001/12.
const SIGNIFICANT: f64 = 3.77;
/// The same for the eighteen comparisons under load: the normal quantile of 1 - 0.001/36.
const SIGNIFICANT_UNDER_LOAD: f64 = 4.03;
/// Clients that send refusals at the same time: more from each network than it can have pending.
const CLIENTS: usize = 40;
/// Parameters of our hashes: small ones, and some with which a refusal takes so long that few can be pending.
const SMALL: &str = "--argon2=m=2048,t=1,p=1";
const SLOW: &str = "--argon2=m=8192,t=2,p=1";
/// In another form than the normalised one, so that hashes made elsewhere may be compared with both.
const WRONG: &str = "not the password of anyone, \u{fb01}";
/// Costlier than ours, and less than a refusal waits for: small hashes are quick, and leave less room than those
/// of a service. The password does not matter: it is never the right one.
const ELSEWHERE: [(&str, &str); 4] = [
    ("bcrypt", "$2b$07$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"),
    ("costly", "$argon2id$v=19$m=4096,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"),
    ("django", "pbkdf2_sha256$15000$salt$ejjkItkw7rkoKgis03N65v+2Xs/4PKn2H/hfeT2J9g4="),
    ("flask", "scrypt:1024:8:1$salt$88fb3e546b72fa0919c9cb0afdb2cf82"),
];

/// A user `ours` with a hash of today's parameters, and one for each hash made elsewhere.
async fn with_users(argon2: &str) -> TestApp {
    let app = TestApp::start_with(&[argon2, "--hash-threads=1", "--trusted-proxies=127.0.0.1"]).await;
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

/// The tests run one after the other, because parallel tests would slow each other down.
static MEASURING: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_refusal_tells_nothing_of_the_user() {
    let _alone = MEASURING.lock().await;
    let app = with_users(SMALL).await;
    without_the_wait_the_same_comparison_finds_who_has_which_hash(&app).await;
    assert_no_difference(async || differences(&app).await).await;
}

/// Fails if every round finds differences.
async fn assert_no_difference(round: impl AsyncFn() -> Vec<String>) {
    let mut found = Vec::new();
    while found.len() < ROUNDS {
        let differences = round().await;
        if differences.is_empty() {
            return;
        }
        found.push(differences);
    }
    panic!("{found:#?}");
}

/// Refuses each kind of user many times. Returns the kinds whose refusals take another time than those of an unknown name.
async fn differences(app: &TestApp) -> Vec<String> {
    let kinds = ["unknown", "ours", "bcrypt", "costly", "django", "flask", "ours again"];
    let mut turns: Vec<_> = (0..kinds.len() * SAMPLES).map(|turn| turn % kinds.len()).collect();
    turns.shuffle(&mut daypass::platform::random::secure());
    let mut samples = vec![Vec::new(); kinds.len()];
    for kind in turns {
        let name = if kinds[kind] == "ours again" { "OURS" } else { kinds[kind] };
        let began = Instant::now();
        let reply = app.anon.post("/api/sessions", json!({"username": name, "password": WRONG})).await;
        samples[kind].push(began.elapsed().as_secs_f64());
        assert_eq!(reply.error(), (401, "bad_credentials".to_owned()));
    }
    let compared = kinds.iter().zip(&samples).skip(1).map(|(kind, sample)| (kind, rank_test(&samples[0], sample)));
    let different = compared.filter(|(_, z)| z.abs() >= SIGNIFICANT);
    different.map(|(kind, z)| format!("{kind} against an unknown name: z = {z}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_reset_request_tells_nothing_of_the_user() {
    let _alone = MEASURING.lock().await;
    let mail = Outbox::new();
    let app = mail.start(&[SMALL]).await;
    for name in ["verified", "unverified"] {
        let body = json!({"username": name, "password": PASSWORD, "email": format!("{name}@example.com")});
        assert_eq!(app.anon.post("/api/users", body).await.status(), 201);
    }
    let letters = mail.deliver(&app).await;
    let code = &letters.iter().find(|letter| letter.to == "verified@example.com").unwrap().code;
    assert_eq!(app.anon.post("/api/email-verifications", json!({"code": code})).await.status(), 200);
    // The job sends the messages during the measurement, as it does in a running service.
    let job = tokio::spawn(app.app.outgoing_mail.clone().unwrap().run());
    let found = difference_of_looking_first(&app).await;
    assert!(found.abs() > SIGNIFICANT, "a request that looks for the user is not noticed: z = {found}");
    assert_no_difference(async || reset_differences(&app).await).await;
    job.abort();
}

/// Requests resets for accounts of each kind. Returns the kinds whose requests take another time than those of an unknown
/// name.
async fn reset_differences(app: &TestApp) -> Vec<String> {
    let kinds = [
        json!({"username": "unknown"}),
        json!({"username": "verified"}),
        json!({"username": "unverified"}),
        json!({"email": "unknown@example.com"}),
        json!({"email": "verified@example.com"}),
        json!({"username": "nobody"}),
    ];
    let mut turns: Vec<_> = (0..kinds.len() * SAMPLES).map(|turn| turn % kinds.len()).collect();
    turns.shuffle(&mut daypass::platform::random::secure());
    let mut samples = vec![Vec::new(); kinds.len()];
    for kind in turns {
        let began = Instant::now();
        let reply = app.anon.post("/api/password-resets", kinds[kind].clone()).await;
        samples[kind].push(began.elapsed().as_secs_f64());
        assert_eq!(reply.status(), 202, "{}", reply.text());
    }
    let compared = kinds.iter().zip(&samples).skip(1).map(|(kind, sample)| (kind, rank_test(&samples[0], sample)));
    let different = compared.filter(|(_, z)| z.abs() >= SIGNIFICANT);
    different.map(|(kind, z)| format!("{kind} against an unknown name: z = {z}")).collect()
}

/// The difference that one more transaction for existing users would make.
async fn difference_of_looking_first(app: &TestApp) -> f64 {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        for (exists, sample) in samples.iter_mut().enumerate() {
            let began = Instant::now();
            app.anon.post("/api/password-resets", json!({"username": "unknown"})).await;
            if exists == 1 {
                let transaction = app.app.db.begin_write().await.unwrap();
                user::find_by_username(&transaction, "verified").await.unwrap();
                transaction.commit().await.unwrap();
            }
            sample.push(began.elapsed().as_secs_f64());
        }
    }
    rank_test(&samples[0], &samples[1])
}

/// Keeps the hash threads busy for two networks, with so many hashes of each in flight.
fn press(app: &TestApp, in_flight: usize) -> Vec<JoinHandle<()>> {
    let forever = async |hasher: PasswordHasher, from: ClientNetwork| loop {
        drop(hasher.hash(from, Password::presented(WRONG).unwrap()).await);
    };
    let networks = [[192, 0, 2, 1], [198, 51, 100, 1]].map(|address| ClientNetwork::of(address.into()));
    let all = networks.iter().flat_map(|network| std::iter::repeat_n(*network, in_flight));
    all.map(|from| tokio::spawn(forever(app.app.passwords.clone(), from))).collect()
}

/// The time and the status of one refusal.
async fn refusal(app: &TestApp, name: &str, from: &str) -> (f64, u16) {
    let request = app.anon.request("POST".parse().unwrap(), "/api/sessions").header("x-forwarded-for", from);
    let began = Instant::now();
    let reply = request.json(&json!({"username": name, "password": WRONG})).send().await;
    assert!(matches!(reply.status(), 401 | 503), "{}", reply.text());
    (began.elapsed().as_secs_f64(), reply.status())
}

/// Refusals of each kind in random order, sent by these clients, each of which waits for its answer. The clients are
/// in the two networks in turn.
async fn refusals_under_pressure(
    app: &TestApp,
    kinds: &[&str],
    samples: usize,
    clients: usize,
) -> Vec<Vec<(f64, u16)>> {
    let mut turns: Vec<_> = (0..kinds.len() * samples).map(|turn| turn % kinds.len()).collect();
    turns.shuffle(&mut daypass::platform::random::secure());
    let turns = std::sync::Mutex::new(turns);
    let client = async |from: &str| {
        let mut seen = Vec::new();
        loop {
            let next = turns.lock().unwrap().pop();
            let Some(kind) = next else { return seen };
            seen.push((kind, refusal(app, kinds[kind], from).await));
        }
    };
    let clients = (0..clients).map(|number| client(["192.0.2.1", "198.51.100.1"][number % 2]));
    let mut seen = vec![Vec::new(); kinds.len()];
    for (kind, refusal) in join_all(clients).await.into_iter().flatten() {
        seen[kind].push(refusal);
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_reveal_nothing_of_the_user_while_two_networks_keep_the_hash_threads_busy() {
    let _alone = MEASURING.lock().await;
    assert_no_difference(differences_under_pressure).await;
}

/// Like [`differences`], while the hash threads are busy.
async fn differences_under_pressure() -> Vec<String> {
    let (kinds, mut different) = (["unknown", "ours", "bcrypt", "costly"], Vec::new());
    // With space in the queue, with a full queue, and with many rejections at a time: a network with too many pending
    // rejections gets 503.
    for (argon2, in_flight, samples, clients) in [(SMALL, 20, 40, 1), (SMALL, 32, 40, 1), (SLOW, 5, 150, CLIENTS)] {
        let app = with_users(argon2).await;
        let load = press(&app, in_flight);
        let seen = refusals_under_pressure(&app, &kinds, samples, clients).await;
        load.iter().for_each(JoinHandle::abort);
        let times = |kind: usize| seen[kind].iter().map(|(seconds, _)| *seconds).collect::<Vec<_>>();
        let busy = |kind: usize| seen[kind].iter().filter(|(_, status)| *status == 503).count() as f64;
        let case = format!("{in_flight} hashes in flight, {clients} clients");
        for (kind, name) in kinds.iter().enumerate().skip(1) {
            let time = rank_test(&times(0), &times(kind));
            let share = share_test(busy(0), busy(kind), samples as f64);
            if time.abs().max(share.abs()) >= SIGNIFICANT_UNDER_LOAD {
                different.push(format!("{name} against an unknown name, {case}: z = {time}; 503: z = {share}"));
            }
        }
        if clients > 1 {
            let (all, busy) = (kinds.len() * samples, (0..kinds.len()).map(busy).sum::<f64>());
            assert!(busy > 0.0 && busy < all as f64, "{busy} of {all} refusals are 503, {case}");
        }
    }
    different
}

/// The difference of two shares as a standard normal deviate; zero if both are none or all.
fn share_test(one: f64, other: f64, of_each: f64) -> f64 {
    let pooled = (one + other) / (2.0 * of_each);
    let deviation = (pooled * (1.0 - pooled) * 2.0 / of_each).sqrt();
    if deviation == 0.0 { 0.0 } else { (one - other) / of_each / deviation }
}

async fn without_the_wait_the_same_comparison_finds_who_has_which_hash(app: &TestApp) {
    let mut found = Vec::new();
    while found.len() < ROUNDS && found.last().is_none_or(|z: &f64| z.abs() <= SIGNIFICANT) {
        found.push(difference_without_the_wait(app).await);
    }
    assert!(found.last().is_some_and(|z| z.abs() > SIGNIFICANT), "{found:?}");
}

async fn difference_without_the_wait(app: &TestApp) -> f64 {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        for (sample, stored) in samples.iter_mut().zip([None, Some(ELSEWHERE[1].1.to_owned())]) {
            let began = Instant::now();
            let password = Password::presented(WRONG).unwrap();
            let compared = app.app.passwords.verify(ClientNetwork::LOCAL, &password, stored);
            let _ = compared.await.unwrap();
            sample.push(began.elapsed().as_secs_f64());
        }
    }
    rank_test(&samples[0], &samples[1])
}

/// Mann-Whitney's U as a standard normal deviate, ties counted half.
fn rank_test(one: &[f64], other: &[f64]) -> f64 {
    let above = |a: &f64, b: &f64| if a > b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
    let u: f64 = one.iter().map(|a| other.iter().map(|b| above(a, b)).sum::<f64>()).sum();
    let (n, m) = (one.len() as f64, other.len() as f64);
    (u - n * m / 2.0) / (n * m * (n + m + 1.0) / 12.0).sqrt()
}
