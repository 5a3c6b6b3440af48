//! The `Authorization` header (RFC 6750 §2.1, RFC 9110 §11): accepted forms and challenges.

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
async fn bearer_scheme_in_any_case_and_bare_token_are_accepted() {
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
async fn challenge_without_a_token_has_no_error() {
    let app = TestApp::start().await;
    let values: [&[&[u8]]; 6] = [&[], &[b""], &[b" "], &[b"Bearer"], &[b"Bearer "], &[b"Basic YWxpY2U6cGFzcw=="]];
    for value in values {
        let reply = verify_with(&app, value).await;
        assert_eq!(reply.error(), (401, "no_token".to_owned()), "{value:?}");
        assert_eq!(reply.header("www-authenticate"), r#"Bearer realm="daypass""#);
    }
}

#[tokio::test]
async fn challenge_for_a_rejected_token_has_an_error_description() {
    let app = TestApp::start().await;
    let reply = verify_with(&app, &[b"Bearer a.b.c"]).await;
    assert_eq!(reply.error(), (401, "malformed_token".to_owned()));
    assert_eq!(
        reply.header("www-authenticate"),
        r#"Bearer realm="daypass", error="invalid_token", error_description="The token does not have the format of a session token. Send the complete token.""#
    );
}

#[tokio::test]
async fn common_client_mistakes_are_malformed_tokens() {
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
        assert_eq!(reply.error(), (401, "malformed_token".to_owned()), "{value}");
        assert!(!reply.text().contains(&token[..20]), "the token is not repeated");
    }
}

#[tokio::test]
async fn non_ascii_bytes_are_a_malformed_token() {
    let app = TestApp::start().await;
    for byte in 0x80..=0xff_u8 {
        let reply = verify_with(&app, &[&[b"Bearer a.b.", &[byte][..]].concat()]).await;
        assert_eq!(reply.error(), (401, "malformed_token".to_owned()), "{byte:x}");
    }
}

#[tokio::test]
async fn repeated_authorization_header_is_ambiguous() {
    let app = TestApp::start().await;
    let token = format!("Bearer {}", app.alice().await.token());
    for values in
        [[token.as_bytes(), token.as_bytes()], [b"Bearer a.b.c", token.as_bytes()], [token.as_bytes(), b"Basic x"]]
    {
        let request = app.anon.request(Method::GET, "/api/users/me");
        let request = values.iter().fold(request, |request, value| request.header("authorization", value));
        let reply = request.send().await;
        assert_eq!(reply.error(), (400, "ambiguous_token".to_owned()));
        assert!(reply.header("www-authenticate").contains(r#"error="invalid_request""#));
    }
}

#[tokio::test]
async fn token_in_the_query_string_is_ignored() {
    let app = TestApp::start().await;
    let token = app.alice().await.token().to_owned();
    for name in ["access_token", "token", "authorization"] {
        let reply = app.anon.get(&format!("/api/verify?{name}={token}")).await;
        assert_eq!(reply.error(), (401, "no_token".to_owned()), "{name}");
    }
}

#[tokio::test]
async fn protected_routes_require_a_token() {
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
