//! Sign-in limits: parallel attempts, clock changes, stolen device tokens, successful sign-ins.

use std::time::Duration;

use chrono::TimeDelta;
use daypass::auth::password::hasher::PasswordHasher;
use daypass::auth::password::policy::Password;
use daypass::auth::rate_limit::client_network::ClientNetwork;
use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::rate_limits::{PROXIED, WRONG, address, code, limited, sign_in};
use crate::support::{PASSWORD, Reply, TestApp};

/// The network from which alice signs up and signs in.
const HOME: &str = "192.0.2.7";

/// Signs alice up from [`HOME`] and returns her device token and her session token.
async fn alice_at_home(app: &TestApp) -> (String, String) {
    let request = app.anon.request("POST".parse().unwrap(), "/api/users").header("x-forwarded-for", HOME);
    let reply = request.json(&json!({"username": "alice", "password": PASSWORD})).send().await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    (reply.header("daypass-device").to_owned(), reply.json()["sessionToken"].as_str().unwrap().to_owned())
}

/// Guesses with `device` from many addresses until the limit for unknown devices is used up, too.
async fn flood(app: &TestApp, device: &str) {
    for guess in 0..200 {
        if sign_in(app, &address(guess), Some(device), "alice", WRONG).await.status() == 429 {
            return;
        }
    }
    panic!("the flood is not limited");
}

async fn in_parallel(app: &TestApp, count: usize, name: impl Fn(usize) -> String, password: &str) -> Vec<Reply> {
    let names: Vec<_> = (0..count).map(name).collect();
    join_all(names.iter().map(|name| sign_in(app, HOME, None, name, password))).await
}

fn statuses(replies: &[Reply]) -> Vec<u16> {
    let mut statuses: Vec<_> = replies.iter().map(Reply::status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn setting_the_wall_clock_back_does_not_extend_a_limit() {
    let app = limited("sign-in=1/15m,sign-up=1/15m,password-change=1/15m").await;
    app.alice().await;
    assert_eq!(code(&sign_in(&app, HOME, None, "alice", WRONG).await), "bad_credentials");
    app.clock.step_wall_clock(TimeDelta::hours(-2));
    let reply = sign_in(&app, HOME, None, "alice", PASSWORD).await;
    assert_eq!((reply.status(), reply.header("retry-after")), (429, "900"));
    let reply = app.anon.post("/api/users", json!({"username": "bob", "password": PASSWORD})).await;
    assert_eq!((reply.status(), reply.header("retry-after")), (429, "900"));
    app.advance_clock(TimeDelta::minutes(15));
    assert_eq!(sign_in(&app, HOME, None, "alice", PASSWORD).await.status(), 201);
    app.bob().await;
}

#[tokio::test]
async fn setting_the_wall_clock_forward_does_not_end_a_limit() {
    let app = limited("sign-in=1/15m").await;
    app.alice().await;
    assert_eq!(code(&sign_in(&app, HOME, None, "alice", WRONG).await), "bad_credentials");
    app.clock.step_wall_clock(TimeDelta::hours(2));
    assert_eq!(sign_in(&app, HOME, None, "alice", PASSWORD).await.status(), 429);
}

#[tokio::test]
async fn limited_sign_in_with_a_device_token_sends_no_sql() {
    let app = limited("sign-in=2/15m").await;
    let (device, _) = alice_at_home(&app).await;
    flood(&app, &device).await;
    let statements = app.statements();
    for guess in 0..20 {
        assert_eq!(sign_in(&app, &address(guess), Some(&device), "alice", WRONG).await.status(), 429);
    }
    assert_eq!(app.statements(), statements);
}

#[tokio::test]
async fn device_token_of_an_old_password_reaches_the_database_only_within_its_limit() {
    let app = limited("sign-in=2/15m").await;
    let (old, session) = alice_at_home(&app).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    assert_eq!(app.anon.with_token(&session).put("/api/users/me/password", change).await.status(), 200);
    flood(&app, &old).await;
    let statements = app.statements();
    for guess in 0..20 {
        assert_eq!(sign_in(&app, &address(guess), Some(&old), "alice", WRONG).await.status(), 429);
    }
    assert!(app.statements() <= statements + 2, "{}", app.statements() - statements);
}

#[tokio::test]
async fn parallel_sign_ins_with_the_correct_password_are_not_limited() {
    let app = limited("sign-in-address=10/15m,sign-in=5/15m").await;
    for number in 0..4 {
        app.sign_up(&format!("user{number}")).await;
    }
    let replies = in_parallel(&app, 100, |each| format!("user{}", each % 4), PASSWORD).await;
    assert_eq!(statuses(&replies), [201; 100]);
    let reply = sign_in(&app, HOME, None, "user0", WRONG).await;
    assert_eq!(reply.header("ratelimit"), r#""sign-in";r=4;t=180"#, "successes leave no charge");
}

#[tokio::test]
async fn parallel_guesses_are_verified_at_most_as_often_as_the_quota() {
    for (quotas, name) in [("sign-in=5/15m", "alice"), ("sign-in=5/15m", "unknown"), ("sign-in-address=5/15m", "user")]
    {
        let app = limited(quotas).await;
        app.alice().await;
        let name = |each| if name == "user" { format!("user{each}") } else { name.to_owned() };
        let replies = in_parallel(&app, 60, name, WRONG).await;
        assert_eq!(statuses(&replies), [[401; 5].as_slice(), &[429; 55]].concat(), "{quotas}");
    }
}

#[tokio::test]
async fn guesses_among_correct_passwords_are_verified_at_most_as_often_as_the_quota() {
    let app = limited("sign-in-address=5/15m").await;
    app.alice().await;
    let attempts = (0..80).map(async |each| {
        let (name, password) = if each % 2 == 0 { ("alice", PASSWORD) } else { ("unknown", WRONG) };
        (password == WRONG, sign_in(&app, HOME, None, name, password).await.status())
    });
    let seen = join_all(attempts).await;
    assert_eq!(seen.iter().filter(|(_, status)| *status == 401).count(), 5);
    assert!(seen.iter().all(|(wrong, status)| if *wrong {
        matches!(status, 401 | 429)
    } else {
        matches!(status, 201 | 429)
    }));
}

#[tokio::test]
async fn sign_in_of_a_disconnected_client_counts_as_a_failure() {
    // A hash of the default cost, so no attempt is answered before its client disconnects.
    let cost = "--argon2=m=19456,t=2,p=1";
    let app = TestApp::start_with(&["--rate-limits=sign-in=2/15m", PROXIED, cost]).await;
    app.alice().await;
    for _ in 0..2 {
        let attempt = sign_in(&app, HOME, None, "alice", WRONG);
        if let Ok(reply) = tokio::time::timeout(Duration::ZERO, attempt).await {
            panic!("answered before the client disconnected: {} {}", reply.status(), reply.text());
        }
    }
    assert_eq!(sign_in(&app, HOME, None, "alice", PASSWORD).await.status(), 429);
}

#[tokio::test]
async fn successful_sign_ins_are_limited_per_account() {
    let app = limited("new-session=3/1h,sign-in=5/15m").await;
    app.alice().await;
    app.bob().await;
    for each in 0..3 {
        assert_eq!(sign_in(&app, &address(each), None, "alice", PASSWORD).await.status(), 201);
    }
    let statements = app.statements();
    let reply = sign_in(&app, &address(9), None, "ALICE", PASSWORD).await;
    assert_eq!(reply.error(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("ratelimit-policy"), r#""new-session";q=3;w=3600"#);
    assert_eq!((reply.header("ratelimit"), reply.header("retry-after")), (r#""new-session";r=0;t=1200"#, "1200"));
    assert!(app.statements() - statements <= 2, "nothing is written");
    let wrong = sign_in(&app, &address(9), None, "alice", WRONG).await;
    assert_eq!(code(&wrong), "bad_credentials", "a wrong password does not reveal the limit");
    assert_eq!(wrong.header("ratelimit"), r#""sign-in";r=4;t=180"#, "a right password is not a failure");
    assert_eq!(sign_in(&app, &address(9), None, "bob", PASSWORD).await.status(), 201);
    app.advance_clock(TimeDelta::minutes(20));
    assert_eq!(sign_in(&app, &address(9), None, "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn parallel_successful_sign_ins_stay_within_the_limit() {
    let app = limited("new-session=5/1h").await;
    let alice = app.alice().await;
    let replies = in_parallel(&app, 30, |_| "alice".to_owned(), PASSWORD).await;
    assert_eq!(statuses(&replies), [[201; 5].as_slice(), &[429; 25]].concat());
    let sessions = alice.get("/api/sessions").await.json()["items"].as_array().unwrap().len();
    assert_eq!(sessions, 6, "with that of the sign-up");
}

#[tokio::test]
async fn attack_with_a_stolen_device_token_does_not_lock_out_the_home_network() {
    let app = limited("on").await;
    let (device, _) = alice_at_home(&app).await;
    flood(&app, &device).await;
    assert_eq!(sign_in(&app, "198.51.100.1", Some(&device), "alice", PASSWORD).await.status(), 429);
    assert_eq!(sign_in(&app, HOME, None, "alice", PASSWORD).await.status(), 429, "the network alone is not enough");
    assert_eq!(sign_in(&app, HOME, Some(&device), "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn sign_in_from_another_known_device_makes_a_network_familiar() {
    let app = limited("on").await;
    let (device, _) = alice_at_home(&app).await;
    let other = sign_in(&app, "198.51.100.9", None, "alice", PASSWORD).await.header("daypass-device").to_owned();
    flood(&app, &device).await;
    let address = "198.51.100.1";
    assert_eq!(sign_in(&app, address, Some(&device), "alice", PASSWORD).await.status(), 429);
    assert_eq!(sign_in(&app, address, Some(&other), "alice", PASSWORD).await.status(), 201);
    assert_eq!(sign_in(&app, address, Some(&device), "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn active_session_gives_its_client_another_bucket() {
    let app = limited("on").await;
    let (device, session) = alice_at_home(&app).await;
    let bob = app.bob().await;
    flood(&app, &device).await;
    let with_session = async |session: &str, address: &str, password: &str| {
        let request = app.anon.with_token(session).request("POST".parse().unwrap(), "/api/sessions");
        let request = request.header("x-forwarded-for", address).header("daypass-device", &device);
        request.json(&json!({"username": "alice", "password": password})).send().await
    };
    assert_eq!(
        with_session(bob.token(), "198.51.100.1", PASSWORD).await.status(),
        429,
        "another user's session does not"
    );
    assert_eq!(with_session(&session, "198.51.100.1", WRONG).await.status(), 401);
    let reply = with_session(&session, "198.51.100.1", PASSWORD).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    let ended = with_session(&session, "198.51.100.2", PASSWORD).await;
    assert_eq!(ended.status(), 429, "the sign-in ended the session");
}

#[tokio::test]
async fn stolen_session_and_device_token_allow_a_limited_number_of_guesses() {
    let app = limited("sign-in=3/15m").await;
    let (device, session) = alice_at_home(&app).await;
    let mut judged = 0;
    for _ in 0..40 {
        let request = app.anon.with_token(&session).request("POST".parse().unwrap(), "/api/sessions");
        let request = request.header("x-forwarded-for", HOME).header("daypass-device", &device);
        let reply = request.json(&json!({"username": "alice", "password": WRONG})).send().await;
        judged += u32::from(reply.status() == 401);
    }
    assert_eq!(judged, 12, "device, device at home, unknown device, session");
}

#[tokio::test]
async fn rate_limited_sign_in_computes_no_hash() {
    let cost = "--argon2=m=19456,t=2,p=1";
    let app = TestApp::start_with(&[cost, "--hash-threads=1", "--rate-limits=sign-in=1/15m"]).await;
    // NFKC expands each of these characters to eighteen.
    let long = "\u{fdfa}".repeat(20_000);
    assert_eq!(sign_in(&app, &address(1), None, "unknown", WRONG).await.status(), 401);
    assert_eq!(sign_in(&app, &address(1), None, &long, WRONG).await.status(), 401);
    let load = fill_hash_queue(&app).await;
    for _ in 0..50 {
        assert_eq!(sign_in(&app, &address(1), None, "unknown", WRONG).await.status(), 429);
        assert_eq!(sign_in(&app, &address(1), None, &long, WRONG).await.status(), 429);
    }
    let mut within_limits = Vec::new();
    for name in ["one", "two", "three", "four", "five"] {
        within_limits.push(sign_in(&app, &address(1), None, name, WRONG).await.status());
    }
    assert!(within_limits.contains(&503), "the queue is full: {within_limits:?}");
    load.iter().for_each(JoinHandle::abort);
}

/// Keeps the queue of the hash threads full: a sign-in that needs a hash is rejected with `503`.
async fn fill_hash_queue(app: &TestApp) -> Vec<JoinHandle<()>> {
    let hash_again = async |hasher: PasswordHasher| loop {
        drop(hasher.hash(ClientNetwork::LOCAL, Password::presented(WRONG).unwrap()).await);
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    let load = (0..200).map(|_| tokio::spawn(hash_again(app.app.passwords.clone()))).collect();
    while app.app.passwords.check_capacity(ClientNetwork::LOCAL).is_ok() {
        tokio::task::yield_now().await;
    }
    load
}
