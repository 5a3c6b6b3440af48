//! The export of a user's data.

use serde_json::json;

use crate::support::{Outbox, PASSWORD};

#[tokio::test]
async fn export_has_everything_about_the_user_and_nothing_of_others() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let (alice, bob) = (app.alice().await, app.bob().await);
    bob.put("/api/users/me/email", json!({"email": "bob@example.com", "currentPassword": PASSWORD})).await;
    mail.deliver_one(&app).await;
    bob.put("/api/users/me/email", json!({"email": "bob@example.com", "currentPassword": PASSWORD})).await;
    bob.post("/api/workout-logs", json!({"description": "bob's", "definition": "", "result": ""})).await;
    bob.put("/api/sessions/current/variables/theme", json!("bob's")).await;
    for number in 0..400 {
        let created = alice.post("/api/items", json!({"name": format!("item {number}")})).await;
        assert_eq!(created.status(), 201);
    }
    alice.post("/api/workout-logs", json!({"description": "row", "definition": "Time", "result": "7:42"})).await;
    alice.put("/api/sessions/current/variables/theme", json!("dark")).await;
    bob.post("/api/items", json!({"name": "bob's"})).await;
    alice.put("/api/users/me/email", json!({"email": "alice@example.com", "currentPassword": PASSWORD})).await;
    let letters = mail.deliver(&app).await;
    let code = letters.iter().find(|letter| letter.to == "alice@example.com").unwrap().code.clone();
    bob.put("/api/users/me/email", json!({"email": "bob@example.com", "currentPassword": PASSWORD})).await;
    alice.put("/api/users/me/email", json!({"email": "alice@example.com", "currentPassword": PASSWORD})).await;

    let reply = alice.get("/api/users/me/export").await;
    assert_eq!((reply.status(), reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.header("content-disposition"), "attachment; filename=\"daypass-export.json\"");
    assert_eq!(reply.header("cache-control"), "no-store");
    let export = reply.json();
    let me = alice.get("/api/users/me").await.json();
    for (name, value) in me.as_object().unwrap() {
        assert_eq!(&export["user"][name], value, "{name}");
    }
    let names: Vec<_> = export["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, (0..400).map(|number| json!(format!("item {number}"))).collect::<Vec<_>>());
    for list in ["sessions", "workoutLogs", "codes", "messages"] {
        assert_eq!(export[list].as_array().unwrap().len(), 1, "{list}");
    }
    assert_eq!(export["workoutLogs"][0]["result"], "7:42");
    assert_eq!(export["sessions"][0]["current"], true);
    let variable = &export["sessions"][0]["variables"][0];
    assert_eq!((&variable["name"], &variable["value"]), (&json!("theme"), &json!("dark")));
    assert_eq!(export["codes"][0]["purpose"], "verify-email");
    assert_eq!(export["messages"][0]["content"], json!({"kind": "verify-email", "to": "alice@example.com"}));
    for secret in [&*code, "argon2", "bob", alice.token(), "hash"] {
        assert!(!reply.text().contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn export_of_an_empty_account_is_a_complete_document() {
    let mail = Outbox::new();
    let app = mail.start(&[]).await;
    let alice = app.alice().await;
    let export = alice.get("/api/users/me/export").await.json();
    assert_eq!((&export["items"], &export["workoutLogs"]), (&json!([]), &json!([])));
    assert_eq!((&export["user"]["disabledAt"], &export["importedFrom"]), (&json!(null), &json!(null)));
    assert_eq!(app.anon.get("/api/users/me/export").await.status(), 401);
}
