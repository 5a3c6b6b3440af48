//! Request bodies: only JSON, of limited size, with the right content type.

use axum::body::Body;
use axum::http::Method;
use serde_json::json;

use crate::support::{Forge, PASSWORD, Reply, TestApp};

async fn sign_up_with(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Reply {
    let request = app.anon.request(Method::POST, "/api/users");
    let request = if content_type.is_empty() { request } else { request.header("content-type", content_type) };
    request.body(body).send().await
}

fn good_body(name: &str) -> String {
    json!({"username": name, "password": PASSWORD}).to_string()
}

#[tokio::test]
async fn invalid_json_is_rejected() {
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
        [b"\xef\xbb\xbf\xef\xbb\xbf", good.as_bytes()].concat(),
        [b" \xef\xbb\xbf", good.as_bytes()].concat(),
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        deep_array.into_bytes(),
        deep_object.into_bytes(),
        br#"{"username":"ada","username":"bob","password":"correct horse"}"#.to_vec(),
        br#"{"username":"ada","password":"correct horse","p\u0061ssword":"other horse"}"#.to_vec(),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let reply = sign_up_with(&app, "application/json", body).await;
        assert_eq!(reply.error(), (400, "malformed_json".to_owned()), "{shown}");
    }
    assert_eq!(
        app.anon.post("/api/sessions", json!({"username": "ada", "password": PASSWORD})).await.status(),
        401,
        "no user was created"
    );
}

#[tokio::test]
async fn byte_order_mark_is_ignored() {
    let app = TestApp::start_with(&["--classroom=true"]).await;
    let marked = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    assert_eq!(sign_up_with(&app, "application/json", marked(&good_body("ada"))).await.status(), 201);
    assert_eq!(sign_up_with(&app, "application/json", marked("")).await.field_errors().len(), 2);
    let value = app.alice().await.request(Method::PUT, "/api/sessions/current/variables/a");
    let reply = value.header("content-type", "application/json").body(marked("1")).send().await;
    assert_eq!((reply.status(), &reply.json()["value"]), (201, &json!(1)));
}

#[tokio::test]
async fn malformed_json_is_explained_with_its_position() {
    let app = TestApp::start().await;
    for (body, problem) in [
        (&b"{\n  \"username\": \"ada\",\n}"[..], "trailing comma at line 3 column 1"),
        (b"{\"username\":\"ada\"", "EOF while parsing an object at line 1 column 17"),
        (b"{\"username\":\"\xe9\"}", "it is not UTF-8"),
        (b"{\"a\":1,\n\"a\":2}", "a member name is repeated at line 2 column 3"),
    ] {
        let reply = sign_up_with(&app, "application/json", body).await;
        assert_eq!(reply.error(), (400, "malformed_json".to_owned()));
        assert_eq!(reply.json()["detail"], format!("The request body is not valid JSON: {problem}."));
    }
    let secret = sign_up_with(&app, "application/json", "{\"password\":hunter22}").await;
    assert!(!secret.text().contains("hunter"), "{}", secret.text());
}

#[tokio::test]
async fn compressed_body_is_rejected_with_the_accepted_encoding() {
    let app = TestApp::start().await;
    for coding in ["gzip", "br", "deflate", "gzip, identity", "x"] {
        let request = app.anon.request(Method::POST, "/api/users").header("content-type", "application/json");
        let reply = request.header("content-encoding", coding).body(&b"\x1f\x8b\x08"[..]).send().await;
        assert_eq!(reply.error(), (415, "unsupported_encoding".to_owned()), "{coding}");
        assert_eq!(reply.header("accept-encoding"), "identity");
    }
    let request = app.anon.request(Method::POST, "/api/users").header("content-type", "application/json");
    let reply = request.header("content-encoding", "Identity").body(good_body("ada")).send().await;
    assert_eq!(reply.status(), 201);
}

#[tokio::test]
async fn json_that_is_not_an_object_is_unprocessable() {
    let app = TestApp::start().await;
    for body in ["null", "[]", "1", "\"text\"", "true", "[{}]"] {
        let reply = sign_up_with(&app, "application/json", body).await;
        assert_eq!(reply.field_errors(), [(String::new(), "not_an_object".to_owned())], "{body}");
    }
}

#[tokio::test]
async fn empty_json_body_has_no_fields() {
    let app = TestApp::start().await;
    let reply = sign_up_with(&app, "application/json", "").await;
    assert_eq!(reply.field_errors().len(), 2);
}

#[tokio::test]
async fn only_utf8_json_content_types_are_accepted() {
    let app = TestApp::start().await;
    for content_type in [
        "",
        "text/plain",
        "text/plain;application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/json; charset=utf-16",
        "application/json; charset = latin1",
        "application/+json",
        "application/a+json, text/plain",
        "text/html+json",
        "application/jsonp",
        "text/json",
        "*/*",
        "application/json, text/plain",
    ] {
        let reply = sign_up_with(&app, content_type, good_body("ada")).await;
        assert_eq!(reply.error(), (415, "unsupported_media_type".to_owned()), "{content_type}");
    }
    let twice =
        app.anon.request(Method::POST, "/api/users").header("content-type", "text/plain").json(&json!({})).send().await;
    assert_eq!(twice.error(), (415, "unsupported_media_type".to_owned()));
    for (number, content_type) in [
        "application/json",
        "APPLICATION/JSON",
        "application/json;charset=UTF-8",
        "application/json ; charset=\"utf-8\"",
        "application/json; x=y",
        "application/json; charset=utf8",
        "application/json; charset=UTF8; x=y",
        "application/vnd.api+json",
        "application/merge-patch+json;charset=utf-8",
    ]
    .iter()
    .enumerate()
    {
        let reply = sign_up_with(&app, content_type, good_body(&format!("user {number}"))).await;
        assert_eq!(reply.status(), 201, "{content_type}");
    }
}

#[tokio::test]
async fn body_over_the_limit_is_rejected_with_or_without_content_length() {
    let app = TestApp::start().await;
    let limit = 64 * 1024;
    let padded = |size: usize| {
        let body = good_body("ada");
        format!("{body}{}", " ".repeat(size - body.len()))
    };
    assert_eq!(
        sign_up_with(&app, "application/json", padded(limit + 1)).await.error(),
        (413, "body_too_large".to_owned())
    );
    let declared = app
        .anon
        .request(Method::POST, "/api/users")
        .header("content-type", "application/json")
        .header("content-length", "100000000000");
    assert_eq!(declared.body("{}").send().await.error(), (413, "body_too_large".to_owned()));
    let chunks = (0..200).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1024]));
    let undeclared = Body::from_stream(futures_util::stream::iter(chunks));
    assert_eq!(sign_up_with(&app, "application/json", undeclared).await.error(), (413, "body_too_large".to_owned()));
    assert_eq!(sign_up_with(&app, "application/json", padded(limit)).await.status(), 201);
}

#[tokio::test]
async fn slow_body_times_out() {
    let app = TestApp::start().await;
    tokio::time::pause();
    let trickle = futures_util::stream::unfold((), async |()| {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        Some((Ok::<_, std::io::Error>(" "), ()))
    });
    let reply = sign_up_with(&app, "application/json", Body::from_stream(Box::pin(trickle))).await;
    assert_eq!(reply.error(), (408, "body_timeout".to_owned()));
}

#[tokio::test]
async fn body_in_single_byte_chunks_is_accepted() {
    let app = TestApp::start().await;
    let bytes: Vec<_> =
        good_body("ada").into_bytes().into_iter().map(|byte| Ok::<_, std::io::Error>(vec![byte])).collect();
    let reply = sign_up_with(&app, "application/json", Body::from_stream(futures_util::stream::iter(bytes))).await;
    assert_eq!(reply.status(), 201);
}

#[tokio::test]
async fn unexpected_body_is_ignored() {
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
async fn raw_value_member_name_has_no_special_meaning() {
    let app = TestApp::start_with(&["--classroom=true"]).await;
    let packed = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    let member = json!({"$serde_json::private::RawValue": packed});
    let reply = app.anon.post("/api/users", member.clone()).await;
    assert_eq!(reply.error(), (422, "invalid_fields".to_owned()));
    let nested = app.anon.post("/api/user/createuser", json!({"user": member})).await;
    assert_eq!(nested.error().0, 400, "{}", nested.text());
    let stored = r#"{"$serde_json::private::RawValue":"1"}"#;
    let request = app.alice().await.request(Method::PUT, "/api/sessions/current/variables/a");
    let reply = request.header("content-type", "application/json").body(stored).send().await;
    assert_eq!((reply.status(), reply.text().contains(stored)), (201, true), "{}", reply.text());
}

/// Objects with a repeated member name, below the top level.
fn nested_repetitions() -> [String; 7] {
    let deep = format!("{}{{\"a\":1,\"a\":1}}{}", "[".repeat(60), "]".repeat(60));
    let many: Vec<_> = (0..100).chain([50]).map(|number| format!("\"n{number}\":0")).collect();
    [
        r#"{"a":1,"a":2}"#.to_owned(),
        r#"{"b":{"a":1,"a":2}}"#.to_owned(),
        r#"[{},{"a":{"x":1},"a":{"x":2}}]"#.to_owned(),
        r#"{"a":1,"b":{"a":1},"\u0061":2}"#.to_owned(),
        r#"{"a\"":1, "b" : [ "a:" ] , "a\"" :2}"#.to_owned(),
        format!("{{{}}}", many.join(",")),
        deep,
    ]
}

#[tokio::test]
async fn repeated_member_names_are_rejected_at_any_depth() {
    let app = TestApp::start_with(&["--classroom=true"]).await;
    let alice = app.alice().await;
    let refused = (400, "malformed_json".to_owned());
    for nested in nested_repetitions() {
        let body = format!(r#"{{"username":"ada","password":"{PASSWORD}","more":{nested}}}"#);
        assert_eq!(sign_up_with(&app, "application/json", body).await.error(), refused, "{nested}");
        for (method, path, body) in [
            (Method::PUT, "/api/sessions/current/variables/a", nested.clone()),
            (Method::PUT, "/api/sessions/current/variables/a", format!(r#"{{"a":{nested}}}"#)),
            (Method::PUT, "/api/sessions/current/variables/a", format!(r#"["a", {nested}]"#)),
            (Method::POST, "/api/sessions/current/variables/a/increment", format!(r#"{{"by":1,"more":{nested}}}"#)),
            (Method::POST, "/api/items", format!(r#"{{"name":"x","more":{nested}}}"#)),
            (Method::POST, "/api/log", format!(r#"{{"log":{{"description":"x","more":{nested}}}}}"#)),
        ] {
            let request = alice.request(method, path).header("content-type", "application/json");
            assert_eq!(request.body(body.clone()).send().await.error(), refused, "{path} {body}");
        }
    }
    let rows = alice.get("/api/items").await.json();
    assert_eq!((rows["items"].as_array().unwrap().len(), app.statements() > 0), (0, true));
    let same_name_in_different_objects = r#"{"a":{"a":[{"a":1},{"a":"\"a\":"}]},"b":{"a":"a"}}"#;
    let request = alice.request(Method::PUT, "/api/sessions/current/variables/a");
    let reply = request.header("content-type", "application/json").body(same_name_in_different_objects).send().await;
    assert_eq!((reply.status(), reply.text().contains(same_name_in_different_objects)), (201, true));
}

#[tokio::test]
async fn repeated_member_names_are_rejected_at_any_depth_of_a_token() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let genuine = Forge::from(alice.token());
    let (header, claims) = (genuine.header.to_string(), genuine.claims.to_string());
    for nested in nested_repetitions() {
        let more = |object: &str| format!("{},\"more\":{nested}}}", object.strip_suffix('}').unwrap());
        for token in [Forge::sign_text(&header, &more(&claims)), Forge::sign_text(&more(&header), &claims)] {
            let reply = app.anon.with_token(&token).get("/api/verify").await;
            assert_eq!(reply.error(), (401, "malformed_token".to_owned()), "{nested}");
        }
    }
    let once = format!("{},\"more\":{{\"sub\":[{{\"sub\":1}}]}}}}", claims.strip_suffix('}').unwrap());
    assert_eq!(app.anon.with_token(&Forge::sign_text(&header, &once)).get("/api/verify").await.status(), 204);
}

#[tokio::test]
async fn deeply_nested_variable_is_checked_without_recursion() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    let put = async |body: String| {
        let request = alice.request(Method::PUT, "/api/sessions/current/variables/a");
        request.header("content-type", "application/json").body(body).send().await
    };
    let nested = |innermost: &str| format!("{}{innermost}{}", r#"{"a":"#.repeat(600), "}".repeat(600));
    assert_eq!(put(nested("1")).await.status(), 201);
    assert_eq!(put(nested(r#"{"a":1,"a":1}"#)).await.error(), (400, "malformed_json".to_owned()));
    let deepest = r#"{"a":"#.repeat(10_000) + "1" + &"}".repeat(10_000);
    assert_eq!(put(deepest).await.error(), (413, "variable_too_large".to_owned()));
}
