//! How often one may try: by address, by account, by device.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::{PASSWORD, Reply, TestApp};

const WRONG: &str = "not the password of anyone";
/// The tests come over no connection, which counts as this machine: it is the proxy here.
const PROXIED: &str = "--trusted-proxies=127.0.0.1";

async fn limited(quotas: &str) -> TestApp {
    TestApp::start_with(&[&format!("--rate-limits={quotas}"), PROXIED]).await
}

/// Signs in as somebody who calls from `address`, perhaps on a device that shows its token.
async fn sign_in(app: &TestApp, address: &str, device: Option<&str>, name: &str, password: &str) -> Reply {
    let request = app.anon.request("POST".parse().unwrap(), "/api/sessions").header("x-forwarded-for", address);
    let request = if let Some(token) = device { request.header("daypass-device", token) } else { request };
    request.json(&json!({"username": name, "password": password})).send().await
}

fn address(number: u32) -> String {
    format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}

fn code(reply: &Reply) -> String {
    reply.refusal().1
}

#[tokio::test]
async fn an_account_is_closed_to_strangers_after_so_many_failures_and_opens_one_by_one() {
    let app = limited("sign-in=3/15m").await;
    app.alice().await;
    for left in [2, 1, 0] {
        let reply = sign_in(&app, &address(left), None, "alice", WRONG).await;
        assert_eq!(code(&reply), "bad_credentials");
        assert_eq!(reply.header("ratelimit-policy"), r#""sign-in";q=3;w=900"#);
        assert!(reply.header("ratelimit").starts_with(&format!(r#""sign-in";r={left};t="#)));
    }
    let reply = sign_in(&app, &address(9), None, "ALICE", PASSWORD).await;
    assert_eq!(reply.refusal(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("retry-after"), "300");
    assert_eq!(reply.header("ratelimit"), r#""sign-in";r=0;t=300"#);
    app.pass(TimeDelta::seconds(299));
    assert_eq!(code(&sign_in(&app, &address(9), None, "alice", PASSWORD).await), "too_many_attempts");
    app.pass(TimeDelta::seconds(1));
    assert_eq!(sign_in(&app, &address(9), None, "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn a_success_takes_back_its_own_charge_and_tells_strangers_nothing() {
    let app = limited("sign-in=5/15m").await;
    app.alice().await;
    for name in ["alice", "nobody"] {
        for _ in 0..3 {
            assert_eq!(code(&sign_in(&app, &address(1), None, name, WRONG).await), "bad_credentials");
        }
    }
    for _ in 0..10 {
        assert_eq!(sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(), 201);
    }
    for name in ["alice", "nobody"] {
        let reply = sign_in(&app, &address(1), None, name, WRONG).await;
        assert_eq!(reply.header("ratelimit"), r#""sign-in";r=1;t=180"#, "{name}");
    }
}

#[tokio::test]
async fn on_a_known_device_a_success_forgives_the_failures_before_it() {
    let app = limited("sign-in=3/15m").await;
    let signed_up = app.anon.post("/api/users", json!({"username": "alice", "password": PASSWORD})).await;
    let mut device = signed_up.header("daypass-device").to_owned();
    for _ in 0..5 {
        for _ in 0..2 {
            let reply = sign_in(&app, &address(1), Some(&device), "alice", WRONG).await;
            assert_eq!(code(&reply), "bad_credentials");
        }
        let reply = sign_in(&app, &address(1), Some(&device), "alice", PASSWORD).await;
        assert_eq!(reply.status(), 201);
        device = reply.header("daypass-device").to_owned();
    }
}

#[tokio::test]
async fn a_device_is_a_stranger_once_the_password_is_another_or_the_name_someone_elses() {
    let app = limited("sign-in=2/15m").await;
    let signed_up = app.anon.post("/api/users", json!({"username": "alice", "password": PASSWORD})).await;
    let old = signed_up.header("daypass-device").to_owned();
    let alice = app.anon.with_token(signed_up.json()["sessionToken"].as_str().unwrap());
    for _ in 0..2 {
        assert_eq!(code(&sign_in(&app, &address(1), None, "alice", WRONG).await), "bad_credentials");
    }
    let change = json!({"currentPassword": PASSWORD, "newPassword": "another horse, another staple"});
    let changed = alice.put("/api/users/me/password", change).await;
    let new = changed.header("daypass-device").to_owned();
    assert_eq!(code(&sign_in(&app, &address(1), Some(&old), "alice", WRONG).await), "too_many_attempts");
    assert_eq!(code(&sign_in(&app, &address(1), Some(&new), "alice", WRONG).await), "bad_credentials");
    let alice = app.anon.with_token(changed.json()["sessionToken"].as_str().unwrap());
    assert_eq!(alice.patch("/api/users/me", json!({"username": "alice liddell"})).await.status(), 200);
    app.alice().await;
    assert_eq!(code(&sign_in(&app, &address(1), Some(&new), "alice", PASSWORD).await), "too_many_attempts");
}

#[tokio::test]
async fn the_owner_gets_in_at_the_first_try_while_a_thousand_addresses_guess() {
    let app = limited("on").await;
    let signed_up = app.anon.post("/api/users", json!({"username": "alice", "password": PASSWORD})).await;
    let device = signed_up.header("daypass-device").to_owned();
    let mut judged = 0;
    for guess in 0..10_000 {
        match &*code(&sign_in(&app, &address(guess % 1000), None, "alice", WRONG).await) {
            "bad_credentials" => judged += 1,
            other => assert_eq!(other, "too_many_attempts"),
        }
    }
    assert_eq!(judged, 20, "the rest was not even compared");
    let stranger = sign_in(&app, "192.0.2.7", None, "alice", PASSWORD).await;
    assert_eq!(stranger.status(), 429, "a device it never saw has to wait");
    let owner = sign_in(&app, "192.0.2.7", Some(&device), "alice", PASSWORD).await;
    assert_eq!(owner.status(), 201);
    assert_ne!(owner.header("daypass-device"), "");
}

#[tokio::test]
async fn no_account_is_guessed_at_more_than_a_hundred_times_in_a_row() {
    let app = limited("sign-in=100/1s,sign-in-address=1000000/1s").await;
    app.alice().await;
    let mut judged = 0;
    for _ in 0..150 {
        judged += u32::from(sign_in(&app, &address(1), None, "alice", WRONG).await.status() == 401);
        app.pass(TimeDelta::seconds(2));
    }
    assert_eq!(judged, 100);
    app.pass(TimeDelta::hours(23));
    assert_eq!(sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(), 429);
    app.pass(TimeDelta::hours(1));
    assert_eq!(sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(), 201, "nobody is shut out for ever");
}

#[tokio::test]
async fn a_device_has_its_own_limit_and_only_for_the_account_it_signed_in_to() {
    let app = limited("sign-in=2/15m").await;
    app.alice().await;
    let bob = app.anon.post("/api/users", json!({"username": "bob", "password": PASSWORD})).await;
    let bobs = bob.header("daypass-device").to_owned();
    for _ in 0..2 {
        assert_eq!(code(&sign_in(&app, &address(1), Some(&bobs), "bob", WRONG).await), "bad_credentials");
    }
    // Its tries are used up: now it is a stranger like any other.
    for expected in ["bad_credentials", "bad_credentials", "too_many_attempts"] {
        assert_eq!(code(&sign_in(&app, &address(1), Some(&bobs), "bob", WRONG).await), expected);
    }
    for device in [&*bobs, "nonsense", ""] {
        let reply = sign_in(&app, &address(2), Some(device), "alice", WRONG).await;
        assert_eq!(code(&reply), if device.is_empty() { "too_many_attempts" } else { "bad_credentials" });
    }
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts_and_others_do_not_suffer() {
    let app = limited("sign-in-address=5/15m").await;
    app.alice().await;
    for number in 0..5 {
        assert_eq!(code(&sign_in(&app, "192.0.2.1", None, &format!("user{number}"), WRONG).await), "bad_credentials");
    }
    let reply = sign_in(&app, "192.0.2.1", None, "alice", PASSWORD).await;
    assert_eq!(code(&reply), "too_many_attempts");
    assert_eq!(reply.header("ratelimit-policy"), r#""sign-in-address";q=5;w=900"#);
    assert_eq!(sign_in(&app, "192.0.2.2", None, "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn an_address_opens_again_one_by_one_however_often_it_failed() {
    let app = limited("sign-in-address=100/15m,sign-in=100/15m").await;
    let failures = async |count: u32| {
        let mut judged = 0;
        for number in 0..count {
            let name = format!("user{number}");
            judged += u32::from(sign_in(&app, "192.0.2.1", None, &name, WRONG).await.status() == 401);
        }
        judged
    };
    assert_eq!(failures(120).await, 100);
    app.pass(TimeDelta::minutes(15));
    assert_eq!(failures(120).await, 100);
}

#[tokio::test]
async fn a_class_of_hundreds_can_sign_up_where_the_limit_says_so() {
    let app = limited("sign-up=150/1s").await;
    for number in 0..150 {
        app.sign_up(&format!("pupil number {number}")).await;
    }
    app.pass(TimeDelta::seconds(1));
    app.sign_up("one more").await;
}

#[tokio::test]
async fn successes_do_not_count_so_a_class_behind_one_address_gets_in() {
    let app = limited("sign-in-address=3/15m,sign-in=3/15m").await;
    app.alice().await;
    for _ in 0..10 {
        assert_eq!(sign_in(&app, "192.0.2.1", None, "alice", PASSWORD).await.status(), 201);
    }
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let app = limited("sign-in-address=2/15m").await;
    for (from, expected) in [
        ("2001:db8::1", "bad_credentials"),
        ("2001:db8::2", "bad_credentials"),
        ("2001:db8::3", "too_many_attempts"),
        ("2001:db8:0:1::3", "bad_credentials"),
    ] {
        assert_eq!(code(&sign_in(&app, from, None, from, WRONG).await), expected, "{from}");
    }
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_says_who_the_client_is() {
    let app = TestApp::start_with(&["--rate-limits=sign-in-address=2/15m"]).await;
    for (number, expected) in [(1, "bad_credentials"), (2, "bad_credentials"), (3, "too_many_attempts")] {
        assert_eq!(code(&sign_in(&app, &address(number), None, &address(number), WRONG).await), expected);
    }
}

#[tokio::test]
async fn limited_answers_are_the_same_for_anybody_and_nobody() {
    let app = limited("sign-in=2/15m").await;
    app.alice().await;
    let mut seen = Vec::new();
    for name in ["alice", "nobody"] {
        for _ in 0..4 {
            let reply = sign_in(&app, &address(1), None, name, WRONG).await;
            let mut problem = reply.json();
            problem["requestId"] = "".into();
            let headers = reply.headers_but(&["x-request-id"]);
            seen.push((name, reply.status(), headers, problem.to_string().len(), problem));
        }
    }
    let (alice, nobody) = seen.split_at(4);
    for (one, other) in alice.iter().zip(nobody) {
        assert_eq!((one.1, &one.2, one.3, &one.4), (other.1, &other.2, other.3, &other.4));
    }
}

#[tokio::test]
async fn names_are_asked_for_only_so_often_from_one_address() {
    let app = limited("sign-up=3/1h").await;
    let alice = app.alice().await;
    for name in ["bob", "alice"] {
        app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
    }
    let reply = app.anon.post("/api/users", json!({"username": "carol", "password": PASSWORD})).await;
    assert_eq!(reply.refusal(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("retry-after"), "1200");
    let reply = alice.patch("/api/users/me", json!({"username": "bob"})).await;
    assert_eq!(reply.status(), 429, "a change of name asks for a name too");
    let refused = app.anon.post("/api/users", json!({"username": "", "password": "short"})).await;
    assert_eq!(refused.status(), 422, "what breaks a rule is told at once, and costs nothing");
}

#[tokio::test]
async fn the_present_password_is_asked_for_only_so_often() {
    let app = limited("password-change=2/15m").await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let change = json!({"currentPassword": WRONG, "newPassword": "another horse, another staple"});
    assert_eq!(alice.put("/api/users/me/password", change.clone()).await.status(), 403);
    assert_eq!(alice.request("DELETE".parse().unwrap(), "/api/users/me").json(&change).send().await.status(), 403);
    assert_eq!(alice.put("/api/users/me/password", change.clone()).await.status(), 429);
    assert_eq!(alice.request("DELETE".parse().unwrap(), "/api/users/me").json(&change).send().await.status(), 429);
    assert_eq!(bob.put("/api/users/me/password", change).await.status(), 403);
}

#[tokio::test]
async fn a_limited_answer_costs_no_hash() {
    let app = TestApp::start_with(&["--argon2=m=131072,t=2,p=1", "--rate-limits=sign-in=1/15m"]).await;
    // Each of these letters is normalised to eighteen.
    let long = "\u{fdfa}".repeat(20_000);
    assert_eq!(sign_in(&app, &address(1), None, "nobody", WRONG).await.status(), 401);
    assert_eq!(sign_in(&app, &address(1), None, &long, WRONG).await.status(), 401);
    let began = std::time::Instant::now();
    for _ in 0..50 {
        assert_eq!(sign_in(&app, &address(1), None, "nobody", WRONG).await.status(), 429);
        assert_eq!(sign_in(&app, &address(1), None, &long, WRONG).await.status(), 429);
    }
    assert!(began.elapsed().as_millis() < 2000, "{:?}", began.elapsed());
}
