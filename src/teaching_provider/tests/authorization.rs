//! The authorization endpoint.

use super::*;

#[tokio::test]
async fn wrong_client_or_redirect_uri_is_not_redirected() {
    let lesson = Lesson::start();
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fattacker.example", query(&[]));
    for query in [
        query(&[("redirect_uri", "https://attacker.example")]),
        query(&[("redirect_uri", &format!("{CALLBACK}/"))]),
        query(&[("redirect_uri", "")]),
        query(&[("client_id", "another")]),
        twice,
    ] {
        for response in [lesson.get(&format!("/authorize?{query}")).await, lesson.submit(&query, &[]).await] {
            assert_eq!((response.status().as_u16(), response.headers().get(LOCATION)), (400, None), "{query}");
        }
    }
}

#[tokio::test]
async fn other_mistakes_are_reported_to_the_service() {
    let lesson = Lesson::start();
    let short = URL_SAFE_NO_PAD.encode("short");
    for (change, error) in [
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", &*short), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "invalid_request"),
        (("scope", "profile"), "invalid_scope"),
        (("prompt", "none"), "login_required"),
        (("request", "x"), "request_not_supported"),
    ] {
        let response = parameters(&lesson.get(&format!("/authorize?{}", query(&[change]))).await);
        let (state, iss) = (response.get("state"), response.get("iss"));
        assert_eq!((response.get("error"), state, iss), (Some(error), Some("the state"), Some(ISSUER)), "{change:?}");
    }
    let twice = parameters(&lesson.get(&format!("/authorize?{}&nonce=x", query(&[]))).await);
    assert_eq!(twice.get("error"), Some("invalid_request"));
}

#[tokio::test]
async fn invalid_form_is_not_redirected() {
    let lesson = Lesson::start();
    let long = "x".repeat(65);
    for fields in [
        [("name", "ada"), ("defect", "unknown")],
        [("name", " "), ("defect", "nothing")],
        [("name", "a\nb"), ("defect", "nothing")],
        [("name", &*long), ("defect", "nothing")],
    ] {
        assert_eq!(lesson.submit(&query(&[]), &fields).await.status(), 400, "{fields:?}");
    }
    let form = Request::post("/authorize").header(HOST, "localhost").header("sec-fetch-site", "cross-site");
    assert_eq!(lesson.send(form.body(Body::empty()).unwrap()).await.status(), 403);
}

#[tokio::test]
async fn refused_sign_in_returns_access_denied() {
    let lesson = Lesson::start();
    let response = parameters(&lesson.submit(&query(&[]), &[("decision", "deny")]).await);
    assert_eq!((response.get("error"), response.get("code")), (Some("access_denied"), None));
    assert_eq!((response.get("state"), response.get("iss")), (Some("the state"), Some(ISSUER)));
    assert!(lesson.page("/").await.contains("403 provider_denied"));
}
