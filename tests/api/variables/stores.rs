//! The stores: no lost updates, no data left behind, and their failures.

use super::*;

#[tokio::test]
async fn a_thousand_concurrent_increments_on_two_replicas_lose_nothing() {
    for store in ["database".to_owned()].into_iter().chain(redis_url()) {
        let here = TestApp::start_with(&[&format!("--session-store={store}")]).await;
        let there = here.replica().await;
        let created = here.anon.put(&format!("{}?carrier=bearer", at("other")), json!(1)).await;
        let token = created.header("daypass-session-token");
        let replicas = [here.anon.with_token(token), there.anon.with_token(token)];
        let increments = (0..1000).map(|number| {
            let client = replicas[number % 2].clone();
            tokio::spawn(async move {
                // Retry while the service is busy.
                for _ in 0..20 {
                    let reply = client.post(&at("n/increment"), json!({})).await;
                    if reply.status() != 503 {
                        return reply.status();
                    }
                }
                503
            })
        });
        for each in increments.collect::<Vec<_>>() {
            assert_eq!(each.await.unwrap(), 200, "{store}");
        }
        assert_eq!(replicas[0].get(&at("n")).await.json()["value"], 1000, "{store}");
        assert_eq!(replicas[1].get(ALL).await.json()["items"].as_array().unwrap().len(), 2, "{store}");
    }
}

#[tokio::test]
async fn rows_of_expired_and_ended_sessions_are_deleted() {
    use daypass::models::session_variables::Entity;
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    let app = TestApp::start().await;
    let rows = async || Entity::find().count(&app.app.db).await.unwrap();
    let (alice, visitor) = (alice(&app).await, Browser::new(&app.anon));
    alice.put(&at("a"), json!(1)).await;
    visitor.put(&at("a"), json!(1)).await;
    assert_eq!(rows().await, 2);
    alice.delete("/api/sessions/current").await;
    assert_eq!(rows().await, 1, "deleted with its session");
    app.advance_clock(TimeDelta::hours(25));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(rows().await, 0);
}

#[tokio::test]
async fn memory_and_redis_delete_the_data_of_expired_sessions() {
    for store in ["memory".to_owned()].into_iter().chain(redis_url()) {
        let app = TestApp::start_with(&[&format!("--session-store={store}"), "--jwt-ttl=1h"]).await;
        let alice = app.alice().await;
        // The test clock stops when the session has 50 ms left. From then on only the clock of the store runs.
        app.advance_clock(TimeDelta::hours(1) - TimeDelta::milliseconds(300));
        let bob = app.bob().await;
        for client in [&alice, &bob] {
            assert_eq!(client.put(&at("a"), json!(1)).await.status(), 201, "{store}");
        }
        let started = std::time::Instant::now();
        while alice.get(&at("a")).await.status() == 200 {
            assert!(started.elapsed().as_secs() < 20, "{store}: the variable does not expire");
        }
        assert_eq!(alice.get(ALL).await.json()["items"], json!([]), "{store}");
        assert_eq!(bob.get(&at("a")).await.status(), 200, "{store}");
    }
}

#[tokio::test]
async fn concurrent_writes_do_not_outlive_a_sign_out() {
    use daypass::models::session_variables::Entity;
    use sea_orm::{EntityTrait as _, PaginatorTrait as _};
    let here = TestApp::start().await;
    let there = here.replica().await;
    let rows = async || Entity::find().count(&here.app.db).await.unwrap();
    for round in 0..4 {
        let alice = here.sign_up(&format!("alice-{round}")).await;
        let replicas = [alice.clone(), there.anon.with_token(alice.token())];
        let increments = (0..16).map(|number| {
            let client = replicas[number % 2].clone();
            tokio::spawn(async move { client.post(&at("n/increment"), json!({})).await.status() })
        });
        let increments: Vec<_> = increments.collect();
        assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
        for each in increments {
            let status = each.await.unwrap();
            // 503 if the database is busy.
            assert!([200, 401, 503].contains(&status), "{status}");
        }
        // This replica has not polled the feed yet.
        assert_eq!(replicas[1].post(&at("n/increment"), json!({})).await.status(), 200);
        assert_eq!(rows().await, 1);
        here.app.purge().run_once().await.unwrap();
        assert_eq!(rows().await, 0);
    }
}

#[tokio::test]
async fn write_to_a_session_that_ends_is_undone() {
    use daypass::auth::revocation::Ended;
    use daypass::auth::revocation::reason::Reason;
    use daypass::auth::token::refusal::Refusal;
    use daypass::error::Error;
    use daypass::session_data::SessionContext;
    use daypass::session_data::data::VariableName;
    use daypass::types::version::Expected;
    for (store, app) in services().await {
        let reply = sign_up(&Browser::new(&app.anon), "alice", false).await;
        let (id, parts) = (reply.json()["session"]["id"].as_str().unwrap().parse().unwrap(), &app.app);
        let ends_at = app.clock.now() + TimeDelta::hours(1);
        let context = SessionContext { session: id, is_user: true, ends_at, cookie: None };
        let name = VariableName::parse("n").unwrap();
        // The first attempt starts with an active session and ends it, the second starts with an ended session.
        for _ in 0..2 {
            let changed = parts.session_data.update(context, |data| {
                parts.revocations.add(&Ended { id, reason: Reason::SignOut, expires_at: ends_at }.into());
                data.increment(&name, 1, &Expected::Any)
            });
            let Err(Error::Refused(refusal)) = changed.await else { panic!("{store}") };
            assert_eq!(refusal, Refusal::Revoked(Reason::SignOut), "{store}");
            assert!(parts.session_data.read(context).await.unwrap().is_empty(), "{store}");
        }
    }
}

#[tokio::test]
async fn corrupt_row_returns_500_until_all_variables_are_deleted() {
    use daypass::models::session_variables::{ActiveModel, Entity};
    use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, EntityTrait as _};
    let app = TestApp::start().await;
    let alice = alice(&app).await;
    alice.put(&at("a"), json!(1)).await;
    let mut row: ActiveModel = Entity::find().one(&app.app.db).await.unwrap().unwrap().into();
    row.data = Set("{".to_owned());
    row.update(&app.app.db).await.unwrap();
    for reply in [alice.get(ALL).await, alice.put(&at("a"), json!(1)).await] {
        assert_eq!(reply.error(), (500, "internal_error".to_owned()));
    }
    assert_eq!(alice.delete(ALL).await.status(), 204);
    assert_eq!(alice.put(&at("a"), json!(1)).await.status(), 201);
}

#[tokio::test]
async fn persistent_stores_survive_a_restart() {
    for (store, app) in services().await {
        let alice = alice(&app).await;
        alice.put(&at("a"), json!(1)).await;
        let restarted = app.replica().await;
        let again = Browser::new(&restarted.anon);
        for name in ["__Host-daypass", "__Host-daypass-variables"] {
            if let Some(value) = alice.cookie(name) {
                again.plant(name, &value);
            }
        }
        let survived = store != "memory";
        assert_eq!(names(&again).await.len(), usize::from(survived), "{store}");
    }
}

#[tokio::test]
async fn tampered_cookie_and_cookie_of_another_session_are_ignored() {
    let app = TestApp::start_with(&["--session-store=cookie"]).await;
    let (alice, bob) = (alice(&app).await, Browser::new(&app.anon));
    sign_up(&bob, "bob", false).await;
    alice.put(&at("secret-name"), json!("a secret value")).await;
    let sealed = alice.cookie("__Host-daypass-variables").unwrap();
    assert!(!sealed.contains("secret"));
    bob.plant("__Host-daypass-variables", &sealed);
    assert_eq!(names(&bob).await, Vec::<String>::new());
    let mut changed = sealed.clone().into_bytes();
    changed[10] ^= 1;
    alice.plant("__Host-daypass-variables", std::str::from_utf8(&changed).unwrap());
    assert_eq!(names(&alice).await, Vec::<String>::new());
    alice.plant("__Host-daypass-variables", &sealed);
    assert_eq!(names(&alice).await, ["secret-name"]);
}

#[tokio::test]
async fn unreachable_redis_affects_only_variables() {
    // Nothing listens on this port.
    let app = TestApp::start_with(&["--session-store=redis://127.0.0.1:1"]).await;
    let alice = alice(&app).await;
    assert_eq!(alice.get("/api/verify").await.status(), 204);
    for reply in [alice.get(ALL).await, alice.put(&at("a"), json!(1)).await] {
        assert_eq!(reply.error(), (503, "unavailable".to_owned()));
        assert_eq!(reply.header("retry-after"), "1");
    }
    let body = json!({"username": "alice", "password": PASSWORD, "carrier": "cookie", "keepVariables": true});
    assert_eq!(alice.post("/api/sessions", body).await.error().0, 503, "the variables would be lost");
    assert_eq!(alice.get("/health/ready").await.status(), 200);
    assert_eq!(alice.delete("/api/sessions/current").await.status(), 204);
}
