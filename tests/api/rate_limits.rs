//! Rate limits by address, account and device.

use chrono::TimeDelta;
use daypass::auth::rate_limit::client_network::ClientNetwork;
use serde_json::json;

use crate::support::{PASSWORD, Reply, TestApp};

pub(crate) const WRONG: &str = "not the password of anyone";
/// Requests of the tests have no connection and count as local, so the trusted proxy is this machine.
pub(crate) const PROXIED: &str = "--trusted-proxies=127.0.0.1";

pub(crate) async fn limited(quotas: &str) -> TestApp {
    TestApp::start_with(&[&format!("--rate-limits={quotas}"), PROXIED]).await
}

/// Signs in from `address`, with or without a device token.
pub(crate) async fn sign_in(app: &TestApp, address: &str, device: Option<&str>, name: &str, password: &str) -> Reply {
    let request = app.anon.request("POST".parse().unwrap(), "/api/sessions").header("x-forwarded-for", address);
    let request = if let Some(token) = device { request.header("daypass-device", token) } else { request };
    request.json(&json!({"username": name, "password": password})).send().await
}

pub(crate) fn address(number: u32) -> String {
    format!("10.{}.{}.{}", number >> 16 & 255, number >> 8 & 255, number & 255)
}

pub(crate) fn code(reply: &Reply) -> String {
    reply.error().1
}

#[tokio::test]
async fn failed_sign_ins_limit_unknown_devices_until_the_bucket_refills() {
    let app = limited("sign-in=3/15m").await;
    app.alice().await;
    for left in [2, 1, 0] {
        let reply = sign_in(&app, &address(left), None, "alice", WRONG).await;
        assert_eq!(code(&reply), "bad_credentials");
        assert_eq!(reply.header("ratelimit-policy"), r#""sign-in";q=3;w=900"#);
        assert!(reply.header("ratelimit").starts_with(&format!(r#""sign-in";r={left};t="#)));
    }
    let reply = sign_in(&app, &address(9), None, "ALICE", PASSWORD).await;
    assert_eq!(reply.error(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("retry-after"), "300");
    assert_eq!(reply.header("ratelimit"), r#""sign-in";r=0;t=300"#);
    app.advance_clock(TimeDelta::seconds(299));
    assert_eq!(code(&sign_in(&app, &address(9), None, "alice", PASSWORD).await), "too_many_attempts");
    app.advance_clock(TimeDelta::seconds(1));
    assert_eq!(sign_in(&app, &address(9), None, "alice", PASSWORD).await.status(), 201);
}

#[tokio::test]
async fn successful_sign_in_refunds_only_its_own_charge() {
    let app = limited("sign-in=5/15m").await;
    app.alice().await;
    for name in ["alice", "unknown"] {
        for _ in 0..3 {
            assert_eq!(code(&sign_in(&app, &address(1), None, name, WRONG).await), "bad_credentials");
        }
    }
    for _ in 0..10 {
        assert_eq!(sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(), 201);
    }
    for name in ["alice", "unknown"] {
        let reply = sign_in(&app, &address(1), None, name, WRONG).await;
        assert_eq!(reply.header("ratelimit"), r#""sign-in";r=1;t=180"#, "{name}");
    }
}

#[tokio::test]
async fn success_on_a_known_device_resets_its_failures() {
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
async fn device_token_is_unknown_after_a_password_change_or_rename() {
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
async fn owner_on_a_known_device_can_sign_in_during_an_attack() {
    let app = limited("on").await;
    let signed_up = app.anon.post("/api/users", json!({"username": "alice", "password": PASSWORD})).await;
    let device = signed_up.header("daypass-device").to_owned();
    let mut verified = 0;
    for guess in 0..10_000 {
        match &*code(&sign_in(&app, &address(guess % 1000), None, "alice", WRONG).await) {
            "bad_credentials" => verified += 1,
            other => assert_eq!(other, "too_many_attempts"),
        }
    }
    assert_eq!(verified, 20, "further passwords are not verified");
    let unknown_device = sign_in(&app, "192.0.2.7", None, "alice", PASSWORD).await;
    assert_eq!(unknown_device.status(), 429, "an unknown device has to wait");
    let owner = sign_in(&app, "192.0.2.7", Some(&device), "alice", PASSWORD).await;
    assert_eq!(owner.status(), 201);
    assert_ne!(owner.header("daypass-device"), "");
}

#[tokio::test]
async fn account_allows_at_most_100_failures_in_a_row() {
    let app = limited("sign-in=100/1s,sign-in-address=1000000/1s").await;
    app.alice().await;
    let mut verified = 0;
    for _ in 0..150 {
        verified += u32::from(sign_in(&app, &address(1), None, "alice", WRONG).await.status() == 401);
        app.advance_clock(TimeDelta::seconds(2));
    }
    assert_eq!(verified, 100);
    app.advance_clock(TimeDelta::hours(23));
    assert_eq!(sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(), 429);
    app.advance_clock(TimeDelta::hours(1));
    assert_eq!(
        sign_in(&app, &address(2), None, "alice", PASSWORD).await.status(),
        201,
        "the account is not locked for ever"
    );
}

#[tokio::test]
async fn device_limit_applies_only_to_the_account_of_the_device() {
    let app = limited("sign-in=2/15m").await;
    app.alice().await;
    let bob = app.anon.post("/api/users", json!({"username": "bob", "password": PASSWORD})).await;
    let device_of_bob = bob.header("daypass-device").to_owned();
    for _ in 0..2 {
        assert_eq!(code(&sign_in(&app, &address(1), Some(&device_of_bob), "bob", WRONG).await), "bad_credentials");
    }
    // Its attempts are used up: now it counts as an unknown device.
    for expected in ["bad_credentials", "bad_credentials", "too_many_attempts"] {
        assert_eq!(code(&sign_in(&app, &address(1), Some(&device_of_bob), "bob", WRONG).await), expected);
    }
    for device in [&*device_of_bob, "nonsense", ""] {
        let reply = sign_in(&app, &address(2), Some(device), "alice", WRONG).await;
        assert_eq!(code(&reply), if device.is_empty() { "too_many_attempts" } else { "bad_credentials" });
    }
}

#[tokio::test]
async fn address_limit_covers_all_accounts_and_no_other_address() {
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
async fn address_limit_refills_regardless_of_rejected_attempts() {
    let app = limited("sign-in-address=100/15m,sign-in=100/15m").await;
    let failures = async |count: u32| {
        let mut verified = 0;
        for number in 0..count {
            let name = format!("user{number}");
            verified += u32::from(sign_in(&app, "192.0.2.1", None, &name, WRONG).await.status() == 401);
        }
        verified
    };
    assert_eq!(failures(120).await, 100);
    app.advance_clock(TimeDelta::minutes(15));
    assert_eq!(failures(120).await, 100);
}

#[tokio::test]
async fn sign_up_limit_is_configurable() {
    let app = limited("sign-up=150/1s").await;
    for number in 0..150 {
        app.sign_up(&format!("pupil number {number}")).await;
    }
    app.advance_clock(TimeDelta::seconds(1));
    app.sign_up("one more").await;
}

#[tokio::test]
async fn successful_sign_ins_do_not_count_against_the_address_limit() {
    let app = limited("sign-in-address=3/15m,sign-in=3/15m").await;
    app.alice().await;
    for _ in 0..10 {
        assert_eq!(sign_in(&app, "192.0.2.1", None, "alice", PASSWORD).await.status(), 201);
    }
}

#[tokio::test]
async fn ipv6_network_counts_as_one_address() {
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
async fn forwarded_address_is_used_only_from_a_trusted_proxy() {
    let app = TestApp::start_with(&["--rate-limits=sign-in-address=2/15m"]).await;
    for (number, expected) in [(1, "bad_credentials"), (2, "bad_credentials"), (3, "too_many_attempts")] {
        assert_eq!(code(&sign_in(&app, &address(number), None, &address(number), WRONG).await), expected);
    }
}

#[tokio::test]
async fn rate_limit_responses_are_identical_for_existing_and_unknown_users() {
    let app = limited("sign-in=2/15m").await;
    app.alice().await;
    let mut seen = Vec::new();
    for name in ["alice", "unknown"] {
        for _ in 0..4 {
            let reply = sign_in(&app, &address(1), None, name, WRONG).await;
            let mut problem = reply.json();
            problem["requestId"] = "".into();
            let headers = reply.headers_except(&["x-request-id"]);
            seen.push((name, reply.status(), headers, problem.to_string().len(), problem));
        }
    }
    let (alice, unknown) = seen.split_at(4);
    for (one, other) in alice.iter().zip(unknown) {
        assert_eq!((one.1, &one.2, one.3, &one.4), (other.1, &other.2, other.3, &other.4));
    }
}

#[tokio::test]
async fn sign_up_and_rename_share_a_limit_per_address() {
    let app = limited("sign-up=3/1h").await;
    let alice = app.alice().await;
    for name in ["bob", "alice"] {
        app.anon.post("/api/users", json!({"username": name, "password": PASSWORD})).await;
    }
    let reply = app.anon.post("/api/users", json!({"username": "carol", "password": PASSWORD})).await;
    assert_eq!(reply.error(), (429, "too_many_attempts".to_owned()));
    assert_eq!(reply.header("retry-after"), "1200");
    let reply = alice.patch("/api/users/me", json!({"username": "bob"})).await;
    assert_eq!(reply.status(), 429, "a rename checks a username, too");
    let refused = app.anon.post("/api/users", json!({"username": "", "password": "short"})).await;
    assert_eq!(refused.status(), 422, "a validation error is not charged");
}

#[tokio::test]
async fn current_password_checks_are_limited() {
    let app = limited("password-change=2/15m").await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    let change = json!({"currentPassword": WRONG, "newPassword": "another horse, another staple"});
    assert_eq!(alice.put("/api/users/me/password", change.clone()).await.status(), 403);
    assert_eq!(alice.request("DELETE".parse().unwrap(), "/api/users/me").json(&change).send().await.status(), 403);
    assert_eq!(alice.put("/api/users/me/password", change.clone()).await.status(), 429);
    assert_eq!(alice.request("DELETE".parse().unwrap(), "/api/users/me").json(&change).send().await.status(), 429);
    assert_eq!(bob.put("/api/users/me/password", change).await.status(), 403);
}

#[test]
fn client_network_is_an_ipv4_address_or_an_ipv6_64() {
    let of = |text: &str| ClientNetwork::of(text.parse().unwrap());
    assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
}

#[test]
fn network_is_an_ipv4_24_or_an_ipv6_48() {
    let network = |text: &str| ClientNetwork::of(text.parse().unwrap()).network();
    assert_eq!(network("192.0.2.1"), network("192.0.2.254"));
    assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
    assert_eq!(network("2001:db8:0:1::1"), network("2001:db8:0:ffff::1"));
    assert_ne!(network("2001:db8:0:1::1"), network("2001:db8:1:1::1"));
}
