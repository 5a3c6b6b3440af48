//! Changes of rows that are deleted at the same time: the row is not found, and nothing is written.

use std::time::Duration;

use daypass::error::Error;
use daypass::models::workout_log::Changes;
use daypass::models::{item, owned, session_variables, user, workout_log};
use daypass::types::item_name::ItemName;
use daypass::types::version::Expected;
use daypass::types::{ItemId, WorkoutLogId};
use sea_orm::{ConnectionTrait as _, EntityTrait as _, PaginatorTrait as _, TransactionTrait as _};
use serde_json::{Value, json};

use crate::support::{Client, Reply, TestApp};

/// Sends a request while another process deletes rows in a transaction that is open when the request arrives.
async fn race(app: &TestApp, deletion: &str, request: impl Future<Output = Reply> + Send + 'static) -> (u16, String) {
    let other_process = app.another_process().await;
    let deleting = other_process.begin_write().await.unwrap();
    deleting.execute_unprepared(deletion).await.unwrap();
    let before = app.statements();
    let request = tokio::spawn(request);
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if app.statements() > before {
            break;
        }
    }
    deleting.commit().await.unwrap();
    request.await.unwrap().error()
}

fn not_found() -> (u16, String) {
    (404, "not_found".to_owned())
}

fn revoked() -> (u16, String) {
    (401, "revoked".to_owned())
}

async fn id_of(client: &Client, path: &str, body: Value) -> i64 {
    let reply = client.post(path, body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()["id"].as_i64().unwrap()
}

#[tokio::test]
async fn rename_during_account_deletion_returns_401() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let rename = async move { alice.patch("/api/users/me", json!({"username": "alicia"})).await };
    assert_eq!(race(&app, "DELETE FROM users", rename).await, revoked());
    assert_eq!(user::Entity::find().count(&app.app.db).await.unwrap(), 0);
}

#[tokio::test]
async fn password_change_during_account_deletion_returns_401() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let body = json!({"currentPassword": crate::support::PASSWORD, "newPassword": "another horse, another staple"});
    let change = async move { alice.put("/api/users/me/password", body).await };
    assert_eq!(race(&app, "DELETE FROM users", change).await, revoked());
}

#[tokio::test]
async fn creating_during_account_deletion_returns_401() {
    for (path, body) in [("/api/items", json!({"name": "x"})), ("/api/workout-logs", json!({"description": "x"}))] {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        let create = async move { alice.post(path, body).await };
        assert_eq!(race(&app, "DELETE FROM users", create).await, revoked(), "{path}");
    }
}

#[tokio::test]
async fn update_and_delete_during_deletion_return_404() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for (path, body, deletion) in [
        ("/api/items", json!({"name": "x"}), "DELETE FROM items"),
        ("/api/workout-logs", json!({"description": "x"}), "DELETE FROM workout_logs"),
    ] {
        let id = id_of(&alice, path, body.clone()).await;
        let (client, of_one) = (alice.clone(), format!("{path}/{id}"));
        let update = async move { client.put(&of_one, body).await };
        assert_eq!(race(&app, deletion, update).await, not_found(), "{path}");
        let id = id_of(&alice, path, json!({"name": "x", "description": "x"})).await;
        let (client, of_one) = (alice.clone(), format!("{path}/{id}"));
        let delete = async move { client.delete(&of_one).await };
        assert_eq!(race(&app, deletion, delete).await, not_found(), "{path}");
    }
}

async fn emptied(app: &TestApp, table: &str) -> daypass::platform::database::Pool {
    let db = app.another_process().await;
    db.execute_unprepared(&format!("DELETE FROM {table}")).await.unwrap();
    db
}

/// Updates in the models return "not found", also those of rows that the caller did not lock.
#[tokio::test]
async fn update_of_a_deleted_row_returns_not_found() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let now = app.clock.now();
    let item = id_of(&alice, "/api/items", json!({"name": "x"})).await;
    let log = id_of(&alice, "/api/workout-logs", json!({"description": "x"})).await;
    alice.put("/api/sessions/current/variables/a", json!(1)).await;
    let db = &app.app.db;
    let variables = session_variables::Entity::find().one(db).await.unwrap().unwrap();
    let user = user::Entity::find().one(db).await.unwrap().unwrap();
    for table in ["items", "workout_logs", "session_variables", "users"] {
        emptied(&app, table).await;
    }
    let transaction = db.begin_write().await.unwrap();
    let (owner, name) = (user.id, ItemName::parse("y").unwrap());
    let renamed = owned::change::<item::Entity>(&transaction, owner, ItemId(item), &Expected::Any, &name, now).await;
    assert!(matches!(renamed, Err(Error::NotFound)), "{renamed:?}");
    let (log, changes) = (WorkoutLogId(log), Changes::default());
    let changed = owned::change::<workout_log::Entity>(&transaction, owner, log, &Expected::Any, &changes, now).await;
    assert!(matches!(changed, Err(Error::NotFound)), "{changed:?}");
    transaction.roll_back().await.unwrap();
    let data = variables.data.clone();
    let saved = variables.save(db, data).await;
    assert!(matches!(saved, Err(Error::NotFound)), "{saved:?}");
    let name = daypass::types::username::Username::parse("alicia").unwrap();
    for refused in [
        user.clone().rename(db, &name, now).await,
        user.clone().change_password(db, "hash".to_owned(), now).await,
        user.clone().disable(db, now).await,
        user.clone().enable(db).await,
    ] {
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn variable_change_during_deletion_of_its_row_creates_a_new_row() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    assert_eq!(alice.put("/api/sessions/current/variables/a", json!(1)).await.status(), 201);
    let other_process = app.another_process().await;
    let deleting = other_process.begin().await.unwrap();
    deleting.execute_unprepared("DELETE FROM session_variables").await.unwrap();
    let client = alice.clone();
    let change = tokio::spawn(async move { client.put("/api/sessions/current/variables/a", json!(2)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    deleting.commit().await.unwrap();
    assert_eq!(change.await.unwrap().status(), 201);
    assert_eq!(alice.get("/api/sessions/current/variables/a").await.json()["value"], 2);
}
