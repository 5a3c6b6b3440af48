//! The `Authorization` header (RFC 6750 §2.1, RFC 9110 §11): what is heard, and what is answered.

use axum::http::Method;

use crate::support::{Reply, TestApp};

async fn verify_with(app: &TestApp, values: &[&[u8]]) -> Reply {
    let mut request = app.anon.request(Method::GET, "/api/verify");
    for value in values {
        request = request.header("authorization", value);
    }
    request.send().await
}

#[tokio::test]
async fn bearer_in_any_case_and_the_bare_token_are_accepted() {
    let app = TestApp::start().await;
    let token = app.alice().await.token().to_owned();
    for value in [
        format!("Bearer {token}"),
        format!("bearer {token}"),
        format!("BEARER {token}"),
        format!("Bearer  {token}"),
        token.clone(),
        format!("{token} "),
        format!(" Bearer {token} "),
    ] {
        let reply = verify_with(&app, &[value.as_bytes()]).await;
        assert_eq!(reply.status(), 204, "{value}");
        assert_eq!(reply.header("x-auth-user-id"), "1");
        assert_eq!(reply.header("x-auth-session-id").len(), 22);
        assert_eq!(reply.header("x-auth-expires-at"), "2026-11-21T12:00:00.000Z");
        assert!(reply.text().is_empty());
    }
}

#[tokio::test]
async fn without_a_token_the_challenge_names_no_error() {
    let app = TestApp::start().await;
    let values: [&[&[u8]]; 6] = [&[], &[b""], &[b" "], &[b"Bearer"], &[b"Bearer "], &[b"Basic YWxpY2U6cGFzcw=="]];
    for value in values {
        let reply = verify_with(&app, value).await;
        assert_eq!(reply.refusal(), (401, "no_token".to_owned()), "{value:?}");
        assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="daypass""#);
    }
}

#[tokio::test]
async fn a_refused_token_is_an_invalid_token_with_a_description() {
    let app = TestApp::start().await;
    let reply = verify_with(&app, &[b"Bearer a.b.c"]).await;
    assert_eq!(reply.refusal(), (401, "malformed_token".to_owned()));
    assert_eq!(
        reply.header("www-authenticate"),
        r#"Bearer realm="daypass", error="invalid_token", error_description="The token is not a well-formed session token.""#
    );
}

#[tokio::test]
async fn what_clients_store_by_mistake_is_refused_as_malformed() {
    let app = TestApp::start().await;
    let token = app.alice().await.token().to_owned();
    for value in [
        "null".to_owned(),
        "undefined".to_owned(),
        "Bearer null".to_owned(),
        "Bearer undefined".to_owned(),
        format!("Bearer Bearer {token}"),
        format!("Bearer:{token}"),
        format!("Bearer{token}x.y"),
        format!("Bearer \"{token}\""),
        format!("Bearer {token},{token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer\t{token}"),
        format!("Bearer <{token}>"),
    ] {
        let reply = verify_with(&app, &[value.as_bytes()]).await;
        assert_eq!(reply.refusal(), (401, "malformed_token".to_owned()), "{value}");
        assert!(!reply.text().contains(&token[..20]), "the token is not repeated");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_and_not_a_fault() {
    let app = TestApp::start().await;
    for byte in 0x80..=0xff_u8 {
        let reply = verify_with(&app, &[&[b"Bearer a.b.", &[byte][..]].concat()]).await;
        assert_eq!(reply.refusal(), (401, "malformed_token".to_owned()), "{byte:x}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_ambiguous_whichever_is_good() {
    let app = TestApp::start().await;
    let token = format!("Bearer {}", app.alice().await.token());
    for values in
        [[token.as_bytes(), token.as_bytes()], [b"Bearer a.b.c", token.as_bytes()], [token.as_bytes(), b"Basic x"]]
    {
        let reply = verify_with(&app, &values).await;
        assert_eq!(reply.refusal(), (400, "ambiguous_token".to_owned()));
        assert!(reply.header("www-authenticate").contains(r#"error="invalid_request""#));
    }
}

#[tokio::test]
async fn a_token_in_the_query_string_is_never_heard() {
    let app = TestApp::start().await;
    let token = app.alice().await.token().to_owned();
    for name in ["access_token", "token", "authorization"] {
        let reply = app.anon.get(&format!("/api/verify?{name}={token}")).await;
        assert_eq!(reply.refusal(), (401, "no_token".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn every_protected_route_asks_for_a_token() {
    let app = TestApp::start().await;
    for (method, path) in [
        (Method::GET, "/api/users/me"),
        (Method::PATCH, "/api/users/me"),
        (Method::GET, "/api/sessions/current"),
        (Method::GET, "/api/verify"),
        (Method::HEAD, "/api/items"),
        (Method::GET, "/api/items"),
        (Method::POST, "/api/items"),
        (Method::GET, "/api/items/1"),
        (Method::PUT, "/api/items/1"),
        (Method::DELETE, "/api/items/1"),
    ] {
        let reply = app.anon.request(method.clone(), path).send().await;
        assert_eq!(reply.status(), 401, "{method} {path}");
        assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="daypass""#, "{method} {path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{method} {path}");
    }
}
