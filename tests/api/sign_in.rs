//! `POST /api/sessions`: imported hashes are verified and replaced.

use std::time::{Duration, Instant};

use daypass::models::user;
use sea_orm::{ActiveModelTrait as _, ActiveValue::Set, IntoActiveModel as _};
use serde_json::json;

use crate::support::{PASSWORD, TestApp, until_available};

/// Hashes of "correct horse battery staple": bcrypt of the course's server, and argon2 with other parameters.
const IMPORTED: [&str; 3] = [
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
async fn sign_in_verifies_and_replaces_an_imported_hash() {
    let app = TestApp::start().await;
    app.alice().await;
    let own = stored_hash(&app, "alice").await;
    let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
    for hash in IMPORTED {
        store(&app, "alice", hash).await;
        let wrong = json!({"username": "alice", "password": "incorrect horse"});
        assert_eq!(app.anon.post("/api/sessions", wrong).await.status(), 401);
        assert_eq!(stored_hash(&app, "alice").await, hash, "a wrong password changes nothing");
        for _ in 0..2 {
            let right = json!({"username": "alice", "password": PASSWORD});
            let reply = app.anon.post("/api/sessions", right).await;
            assert_eq!(reply.status(), 201, "{hash}: {}", reply.text());
            assert_eq!(
                reply.json()["user"]["updatedAt"],
                "2026-11-20T12:00:00.250Z",
                "the change is not visible to the user"
            );
        }
        let replaced = stored_hash(&app, "alice").await;
        assert_eq!(parameters(&replaced), parameters(&own));
    }
}

/// Hashes of other libraries, made by the scripts beside the file.
const FROM_OTHER_LIBRARIES: &str = include_str!("../vectors/password_hashes.tsv");

#[tokio::test]
async fn hashes_of_other_libraries_are_verified_and_replaced() {
    let app = TestApp::start_with(&["--imported-hash-cost=14"]).await;
    app.alice().await;
    let own = stored_hash(&app, "alice").await;
    let parameters = |hash: &str| hash.split('$').take(4).map(str::to_owned).collect::<Vec<_>>();
    for line in FROM_OTHER_LIBRARIES.lines() {
        let imported = line.split('\t').nth(1).unwrap();
        store(&app, "alice", imported).await;
        let right = json!({"username": "alice", "password": "correct horse bättery staple"});
        // On a busy machine the queue may be full for the sign-in (503), or for the new hash after it.
        let deadline = Instant::now() + Duration::from_secs(60);
        while stored_hash(&app, "alice").await == imported {
            let reply = app.anon.post("/api/sessions", right.clone()).await;
            assert!(matches!(reply.status(), 201 | 503), "{line}: {}", reply.text());
            assert!(Instant::now() < deadline, "{line}: {}", reply.text());
        }
        assert_eq!(parameters(&stored_hash(&app, "alice").await), parameters(&own), "{line}");
    }
}

#[tokio::test]
async fn imported_hash_is_replaced_only_once() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", IMPORTED[0]).await;
    let right = json!({"username": "alice", "password": PASSWORD});
    app.anon.post("/api/sessions", right.clone()).await;
    let replaced = stored_hash(&app, "alice").await;
    app.anon.post("/api/sessions", right).await;
    assert_eq!(stored_hash(&app, "alice").await, replaced);
}

#[tokio::test]
async fn concurrent_sign_ins_succeed_while_a_hash_is_replaced() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", IMPORTED[0]).await;
    let attempts: Vec<_> = (0..12)
        .map(|_| {
            let anon = app.anon.clone();
            tokio::spawn(async move {
                let credentials = json!({"username": "alice", "password": PASSWORD});
                until_available(|| anon.post("/api/sessions", credentials.clone())).await.status()
            })
        })
        .collect();
    for attempt in attempts {
        assert_eq!(attempt.await.unwrap(), 201);
    }
}

#[tokio::test]
async fn bcrypt_hash_uses_72_bytes_and_its_replacement_uses_all() {
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

/// The bcrypt hash of 72 times `x`.
const LONG: &str = "$2a$05$siU54LuVfbL7mvKjY8uX8eTFRGIMhFhFCZvjvBSUdqRS9B8FgiBxW";

#[tokio::test]
async fn stored_hash_over_the_cost_limit_returns_500() {
    let app = TestApp::start().await;
    app.alice().await;
    store(&app, "alice", "$argon2id$v=19$m=4194304,t=9,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2g").await;
    let reply = app.anon.post("/api/sessions", json!({"username": "alice", "password": PASSWORD})).await;
    assert_eq!(reply.error(), (500, "internal_error".to_owned()));
}
