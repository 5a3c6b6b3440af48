//! `POST /api/sessions`: hashes made elsewhere are made anew, and what happens meanwhile.

use daypass::models::user;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp};

/// Of "correct horse battery staple": bcrypt of the course's server, and argon2 with other parameters.
const ELSEWHERE: [&str; 3] = [
    "$2a$05$mKkMYg6CEjuYFymb84yemuxdw0wodwDjZ5BcKbNBFZfvLOeM8/pLy",
    "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$TUhCoV6YH8thtZpQqRp0JvQQ5ZYgiLA0LYApKDG6qtM",
    "$argon2i$v=19$m=128,t=3,p=2$c2FsdHNhbHRzYWx0c2FsdA$V7H44Mz97BbMdQ+vdsuC68wXASmJmBBX",
];

async fn stored_hash(app: &TestApp, name: &str) -> String {
    user::find_by_username(&app.app.db, name).await.unwrap().unwrap().password_hash
}

async fn store(app: &TestApp, name: &str, hash: &str) {
    let row = user::find_by_username(&app.app.db, name).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.password_hash = Set(hash.to_owned());
    row.update(&app.app.db).await.unwrap();
}

#[tokio::test]
async fn a_hash_made_elsewhere_opens_the_door_and_is_made_anew() {
    let app = TestApp::start().await;
    app.alice().await;
    let ours = stored_hash(&app, "alice").await;
    let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
    for hash in ELSEWHERE {
        store(&app, "alice", hash).await;
        let wrong = json!({"username": "alice", "password": "incorrect horse"});
        assert_eq!(app.anon.post("/api/sessions", wrong).await.status(), 401);
        assert_eq!(stored_hash(&app, "alice").await, hash, "a wrong password changes nothing");
        for _ in 0..2 {
            let right = json!({"username": "alice", "password": PASSWORD});
            let reply = app.anon.post("/api/sessions", right).await;
            assert_eq!(reply.status(), 201, "{hash}: {}", reply.text());
            assert_eq!(reply.json()["user"]["updatedAt"], "2026-11-20T12:00:00.250Z", "no change a user would see");
        }
        let anew = stored_hash(&app, "alice").await;
        assert_eq!(parameters(&anew), parameters(&ours));
    }
}

#[tokio::test]
async fn what_is_made_anew_is_made_once_and_left_alone_after() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", ELSEWHERE[0]).await;
    let right = json!({"username": "alice", "password": PASSWORD});
    app.anon.post("/api/sessions", right.clone()).await;
    let anew = stored_hash(&app, "alice").await;
    app.anon.post("/api/sessions", right).await;
    assert_eq!(stored_hash(&app, "alice").await, anew);
}

#[tokio::test]
async fn many_who_sign_in_at_once_while_their_hash_is_made_anew_all_get_in() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", ELSEWHERE[0]).await;
    let attempts: Vec<_> = (0..12)
        .map(|_| {
            let anon = app.anon.clone();
            tokio::spawn(async move {
                anon.post("/api/sessions", json!({"username": "alice", "password": PASSWORD})).await.status()
            })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 201);
    }
}

#[tokio::test]
async fn bcrypt_reads_72_bytes_but_the_new_hash_reads_all() {
    let app = TestApp::start().await;
    app.alice().await;
    let long = format!("{}{}", "x".repeat(72), "the rest");
    store(&app, "alice", LONG).await;
    let sign_in = async |password: &str| {
        app.anon.post("/api/sessions", json!({"username": "alice", "password": password})).await.status()
    };
    assert_eq!(sign_in(&long).await, 201);
    assert_eq!(sign_in(&"x".repeat(72)).await, 401);
    assert_eq!(sign_in(&long).await, 201);
}

/// bcrypt of 72 times `x`.
const LONG: &str = "$2a$05$siU54LuVfbL7mvKjY8uX8eTFRGIMhFhFCZvjvBSUdqRS9B8FgiBxW";

#[tokio::test]
async fn a_stored_hash_that_costs_too_much_is_a_fault_and_holds_no_thread() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", "$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g").await;
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": PASSWORD})).await;
    assert_eq!(reply.refusal(), (500, "internal_error".to_owned()));
}
