//! Cursors: each belongs to one list of one resource.

use super::{ITEMS, RESOURCES, WORKOUT_LOGS};
use crate::support::TestApp;

#[tokio::test]
async fn cursor_of_another_list_is_rejected() {
    for (resource, other) in RESOURCES.into_iter().zip([&WORKOUT_LOGS, &ITEMS]) {
        let app = TestApp::start().await;
        let alice = app.alice().await;
        resource.fill(&app, &alice, &["a", "b", "c"]).await;
        other.fill(&app, &alice, &["a", "b"]).await;
        let text = resource.text;
        let by_age = resource.page(&alice, "limit=1").await.1.unwrap();
        let by_text = resource.page(&alice, &format!("limit=1&sort={text}")).await.1.unwrap();
        let of_other = other.page(&alice, "limit=1").await.1.unwrap();
        let rejected = (400, "bad_cursor".to_owned());
        for query in [
            "cursor=".to_owned(),
            "cursor=nonsense".to_owned(),
            "cursor=e30".to_owned(),
            format!("cursor={by_age}x"),
            format!("cursor={by_text}"),
            format!("cursor={of_other}"),
            format!("cursor={by_age}&sort={text}"),
            format!("cursor={by_age}&sort=-createdAt"),
        ] {
            let reply = alice.get(&format!("{}?{query}", resource.path)).await;
            assert_eq!(reply.error(), rejected, "{} {query}", resource.path);
        }
        assert_eq!(alice.get(&format!("{}?cursor={by_age}", other.path)).await.error(), rejected);
        assert_eq!(resource.page(&alice, &format!("cursor={by_age}")).await.0, ["b", "c"]);
    }
}
