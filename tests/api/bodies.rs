//! Request bodies: JSON of bounded size, declared as such, and nothing else.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::support::{PASSWORD, Reply, TestApp};

async fn sign_up_with(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Reply {
    let request = app.anon.request(Method::POST, "/api/users");
    let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    request.body(body).send().await
}

fn good_body(name: &str) -> String {
    json!({"username": name, "password": PASSWORD}).to_string()
}

#[tokio::test]
async fn what_is_not_json_is_malformed() {
    let app = TestApp::start().await;
    let deep_array = "[".repeat(30_000);
    let deep_object = r#"{"a":"#.repeat(10_000);
    let good = good_body("ada");
    let bodies: Vec<Vec<u8>> = vec![
        b"{".to_vec(),
        b"nonsense".to_vec(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        good.replace('}', ",}").into_bytes(),
        format!("{good}{good}").into_bytes(),
        format!("{good} // why").into_bytes(),
        b"{'username':'ada'}".to_vec(),
        b"{\"username\":NaN}".to_vec(),
        b"{\"username\":1e400}".to_vec(),
        b"{\"username\":\"\xff\"}".to_vec(),
        b"{\"username\":\"\xc0\xaf\"}".to_vec(),
        b"{\"username\":\"\xed\xa0\x80\"}".to_vec(),
        br#"{"username":"\ud800"}"#.to_vec(),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        deep_array.into_bytes(),
        deep_object.into_bytes(),
        br#"{"username":"ada","username":"bob","password":"correct horse"}"#.to_vec(),
        br#"{"username":"ada","password":"correct horse","p\u0061ssword":"other horse"}"#.to_vec(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let reply = sign_up_with(&app, "application/json", body).await;
        assert_eq!(reply.refusal(), (400, "malformed_json".to_owned()), "{shown}");
    }
    assert_eq!(
        app.anon.post("/api/sessions", json!({"username": "ada", "password": PASSWORD})).await.status(),
        401,
        "nobody signed up"
    );
}

#[tokio::test]
async fn json_of_another_shape_is_unprocessable() {
    let app = TestApp::start().await;
    for body in ["null", "[]", "1", "\"text\"", "true", "[{}]"] {
        let reply = sign_up_with(&app, "application/json", body).await;
        assert_eq!(reply.field_errors(), [(String::new(), "not_an_object".to_owned())], "{body}");
    }
}

#[tokio::test]
async fn an_empty_body_declared_as_json_counts_as_no_fields() {
    let app = TestApp::start().await;
    let reply = sign_up_with(&app, "application/json", "").await;
    assert_eq!(reply.field_errors().len(), 2);
}

#[tokio::test]
async fn only_json_in_utf8_is_read() {
    let app = TestApp::start().await;
    for content_type in [
        "",
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=utf-16",
        "application/jsonp",
        "text/json",
        "*/*",
        "application/json, text/plain",
    ] {
        let reply = sign_up_with(&app, content_type, good_body("ada")).await;
        assert_eq!(reply.refusal(), (415, "unsupported_media_type".to_owned()), "{content_type}");
    }
    let twice =
        app.anon.request(Method::POST, "/api/users").header("content-type", "text/plain").json(&json!({})).send().await;
    assert_eq!(twice.refusal(), (415, "unsupported_media_type".to_owned()));
    for (number, content_type) in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=UTF-8",
        "application/json ; charset=\"utf-8\"",
        "application/json; x=y",
    ]
    .iter()
    .enumerate()
    {
        let reply = sign_up_with(&app, content_type, good_body(&format!("user {number}"))).await;
        assert_eq!(reply.status(), 201, "{content_type}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_declared_or_not() {
    let app = TestApp::start().await;
    let limit = 64 * 1024;
    let padded = |size: usize| {
        let body = good_body("ada");
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    assert_eq!(
        sign_up_with(&app, "application/json", padded(limit + 1)).await.refusal(),
        (413, "body_too_large".to_owned())
    );
    let declared = app
        .anon
        .request(Method::POST, "/api/users")
        .header("content-type", "application/json")
        .header("content-length", "100000000000");
    assert_eq!(declared.body("{}").send().await.refusal(), (413, "body_too_large".to_owned()));
    let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let undeclared = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(sign_up_with(&app, "application/json", undeclared).await.refusal(), (413, "body_too_large".to_owned()));
    assert_eq!(sign_up_with(&app, "application/json", padded(limit)).await.status(), 201);
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up_on() {
    let app = TestApp::start().await;
    tokio::time::pause();
    let trickle = futures_util::stream::unfold((), async |()| {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(" "), ()))
    });
    let reply = sign_up_with(&app, "application/json", Body::from_stream(Box::pin(trickle))).await;
    assert_eq!(reply.refusal(), (408, "body_timeout".to_owned()));
}

#[tokio::test]
async fn a_body_in_single_bytes_is_read() {
    let app = TestApp::start().await;
    let bytes: Vec<_> =
        good_body("ada").into_bytes().into_iter().map(|byte| Ok::<_, std::io::Error>(vec![byte])).collect();
    let reply = sign_up_with(&app, "application/json", Body::from_stream(futures_util::stream::iter(bytes))).await;
    assert_eq!(reply.status(), 201);
}

#[tokio::test]
async fn a_body_nobody_asked_for_is_ignored() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let reply = alice.request(Method::GET, "/api/items").header("content-type", "application/json").send().await;
    assert_eq!(reply.status(), 200);
    let reply = alice.request(Method::GET, "/api/items").json(&json!({"limit": "nonsense"})).send().await;
    assert_eq!(reply.status(), 200);
    alice.post("/api/items", json!({"name": "x"})).await;
    let reply = alice.request(Method::DELETE, "/api/items/1").json(&json!({"id": 2})).send().await;
    assert_eq!(reply.status(), 204);
}

#[tokio::test]
async fn no_member_is_unpacked_for_its_name() {
    let app = TestApp::start().await;
    let packed = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    let reply = app.anon.post("/api/users", json!({"$serde_json::private::RawValue": packed})).await;
    assert_eq!(reply.refusal(), (422, "invalid_fields".to_owned()));
}
