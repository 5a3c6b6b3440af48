//! Items and workout logs: one suite that runs for both resources, and tests of what only workout logs have.

mod concurrency;
mod cursors;
mod lists;
mod rows;
mod workout_logs;

use serde_json::{Map, Value, json};

use crate::support::{Client, TestApp, until_available};

/// A kind of row that belongs to a user, and the names and limits that its routes use.
pub(crate) struct Resource {
    path: &'static str,
    /// The required text. Lists can be searched and sorted by it.
    text: &'static str,
    /// Further texts of a row, with example values.
    details: &'static [(&'static str, &'static str)],
    /// The maximum length of the required text.
    max_length: usize,
    /// Whether `PUT` accepts a body without the required text and leaves it unchanged.
    partial_update: bool,
    /// Error codes of the required text.
    empty: &'static str,
    too_long: &'static str,
    holds_nul: &'static str,
}

const RESOURCES: [&Resource; 2] = [&ITEMS, &WORKOUT_LOGS];

const ITEMS: Resource = Resource {
    path: "/api/items",
    text: "name",
    details: &[],
    max_length: 200,
    partial_update: false,
    empty: "name_empty",
    too_long: "name_too_long",
    holds_nul: "name_holds_nul",
};

const WORKOUT_LOGS: Resource = Resource {
    path: "/api/workout-logs",
    text: "description",
    details: &[("definition", "Time"), ("result", "7:42")],
    max_length: 255,
    partial_update: true,
    empty: "description_empty",
    too_long: "text_too_long",
    holds_nul: "text_holds_nul",
};

impl Resource {
    /// The path of one row.
    fn row(&self, id: impl std::fmt::Display) -> String {
        format!("{}/{id}", self.path)
    }

    /// A complete body with this text.
    fn body(&self, text: &str) -> Value {
        let details = self.details.iter().copied();
        let members = details.chain([(self.text, text)]).map(|(name, value)| (name.to_owned(), json!(value)));
        members.collect::<Map<_, _>>().into()
    }

    /// A body with nothing but this value for the required text.
    fn only(&self, value: impl Into<Value>) -> Value {
        json!({self.text: value.into()})
    }

    /// The body with members that only the server may set.
    fn body_with_server_fields(&self, text: &str) -> Value {
        let mut body = json!({
            "id": 99, "ownerId": 2, "owner_id": 2, "owner": 2, "userId": 2, "user": {"id": 2}, "version": 41,
            "createdAt": "1970-01-01T00:00:00.000Z", "updatedAt": "1970-01-01T00:00:00.000Z",
            "nameKey": "zzz", "descriptionKey": "zzz"
        });
        body[self.text] = text.into();
        body
    }

    /// Creates a row and returns its id.
    async fn create(&self, client: &Client, text: &str) -> i64 {
        let reply = until_available(|| client.post(self.path, self.body(text))).await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
        reply.json()["id"].as_i64().unwrap()
    }

    /// Creates a row for each text, each a millisecond after the one before.
    async fn fill(&self, app: &TestApp, client: &Client, texts: &[&str]) {
        for text in texts {
            self.create(client, text).await;
            app.advance_clock(chrono::TimeDelta::milliseconds(1));
        }
    }

    /// The required text of a row.
    async fn text_of(&self, client: &Client, id: i64) -> Value {
        client.get(&self.row(id)).await.json()[self.text].clone()
    }

    /// One page of a list: the texts, and the cursor of the next page.
    async fn page(&self, client: &Client, query: &str) -> (Vec<String>, Option<String>) {
        let reply = client.get(&format!("{}?{query}", self.path)).await;
        assert_eq!(reply.status(), 200, "{query}: {}", reply.text());
        let body = reply.json();
        let rows = body["items"].as_array().unwrap().iter();
        let texts = rows.map(|row| row[self.text].as_str().unwrap().to_owned()).collect();
        (texts, body["nextCursor"].as_str().map(str::to_owned))
    }

    /// The texts of all pages of a list.
    async fn all_pages(&self, client: &Client, query: &str) -> Vec<String> {
        let (mut all, mut cursor) = self.page(client, query).await;
        while let Some(text) = cursor {
            let (texts, next) = self.page(client, &format!("{query}&cursor={text}")).await;
            assert!(!texts.is_empty(), "a cursor leads to an empty page");
            all.extend(texts);
            cursor = next;
        }
        all
    }
}

fn not_found() -> (u16, String) {
    (404, "not_found".to_owned())
}

fn precondition_failed() -> (u16, String) {
    (412, "precondition_failed".to_owned())
}
