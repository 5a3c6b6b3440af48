//! The token endpoint, ID tokens and UserInfo.

use super::super::defect::{DESCRIPTIONS, Description};
use super::*;

#[test]
fn challenge_is_the_one_of_rfc_7636_appendix_b() {
    assert_eq!(token::challenge_of(VERIFIER), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

#[tokio::test]
async fn id_token_verifies_with_the_published_key() {
    let lesson = Lesson::start();
    let claims = lesson.verify(&lesson.id_token("nothing").await).await.unwrap();
    let now = lesson.clock.now().timestamp();
    assert_eq!((&claims["nonce"], &claims["preferred_username"]), (&json!("the nonce"), &json!("ada")));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("ada@example.org"), &json!(true)));
    assert_eq!((&claims["iat"], &claims["exp"], &claims["auth_time"]), (&json!(now), &json!(now + 300), &json!(now)));
    assert!(claims["sid"].is_string() && claims.get("amr").is_none());
    let again = lesson.verify(&lesson.id_token("nothing").await).await.unwrap();
    assert_eq!(again["sub"], claims["sub"], "the same name has the same sub");
}

#[tokio::test]
async fn scope_selects_the_claims() {
    let lesson = Lesson::start();
    let fields = [("name", "ada"), ("email", "ada@example.org"), ("defect", "nothing")];
    let response = parameters(&lesson.submit(&query(&[("scope", "openid")]), &fields).await);
    let tokens = json(&lesson.exchange(response.get("code").unwrap(), &[]).await);
    let claims = lesson.verify(tokens["id_token"].as_str().unwrap()).await.unwrap();
    for claim in ["preferred_username", "email", "email_verified"] {
        assert!(claims.get(claim).is_none(), "{claim}");
    }
}

#[tokio::test]
async fn code_works_once() {
    let lesson = Lesson::start();
    let response = lesson.sign_in("nothing").await;
    let code = response.get("code").unwrap();
    assert_eq!(lesson.exchange(code, &[]).await.status(), 200);
    assert_error(&lesson.exchange(code, &[]).await, 400, "invalid_grant");
}

#[tokio::test]
async fn code_expires_after_a_minute() {
    let lesson = Lesson::start();
    for (age, status) in [(59, 200), (60, 400)] {
        let response = lesson.sign_in("nothing").await;
        lesson.clock.advance(TimeDelta::seconds(age));
        assert_eq!(lesson.exchange(response.get("code").unwrap(), &[]).await.status(), status, "{age}");
    }
}

#[tokio::test]
async fn wrong_token_request_is_refused() {
    let lesson = Lesson::start();
    for (change, error) in [
        (("code_verifier", "wrong"), "invalid_grant"),
        (("code_verifier", ""), "invalid_grant"),
        (("redirect_uri", "http://localhost:3000/"), "invalid_grant"),
        (("code", "unknown"), "invalid_grant"),
        (("code", ""), "invalid_request"),
        (("grant_type", "password"), "unsupported_grant_type"),
        (("client_secret", "s3cret %"), "invalid_request"),
    ] {
        let response = lesson.sign_in("nothing").await;
        assert_error(&lesson.exchange(response.get("code").unwrap(), &[change]).await, 400, error);
    }
}

#[tokio::test]
async fn client_authenticates_by_header_or_form() {
    let lesson = Lesson::start();
    let response = lesson.sign_in("nothing").await;
    let code = response.get("code").unwrap();
    for credentials in ["daypass:wrong", "another:s3cret+%25", "daypass"] {
        let refused = lesson.exchange_as(credentials, code, &[]).await;
        assert_error(&refused, 401, "invalid_client");
        assert!(refused.headers().contains_key("www-authenticate"));
    }
    let form = |secret| {
        let credentials = [("client_id", "daypass"), ("client_secret", secret)];
        let grant = [("grant_type", "authorization_code"), ("code", code)];
        let proof = [("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        let body = encode(&[credentials, grant, proof].concat());
        lesson.send(Request::post("/token").header(HOST, "[::1]:4000").body(body.into()).unwrap())
    };
    assert_error(&form("wrong").await, 401, "invalid_client");
    assert_eq!(form("s3cret %").await.status(), 200, "a wrong secret does not use the code up");
}

#[tokio::test]
async fn each_defect_breaks_only_its_own_part() {
    let lesson = Lesson::start();
    for Description { defect, name, .. } in DESCRIPTIONS {
        let response = lesson.sign_in(name).await;
        assert_eq!(response.get("state") == Some("the state"), defect != Defect::OtherState, "{defect:?}");
        assert_eq!(response.get("iss") == Some(ISSUER), defect != Defect::OtherIssuer, "{defect:?}");
        let exchanged = lesson.exchange(response.get("code").unwrap(), &[]).await;
        if defect == Defect::OtherChallenge {
            assert_error(&exchanged, 400, "invalid_grant");
            continue;
        }
        let tokens = json(&exchanged);
        let verified = lesson.verify(tokens["id_token"].as_str().unwrap()).await;
        let is_valid = verified.as_ref().is_ok_and(|claims| claims["nonce"] == "the nonce");
        let breaks_the_token = !matches!(defect, Defect::None | Defect::OtherState | Defect::OtherIssuer);
        assert_eq!(is_valid, !breaks_the_token, "{defect:?}: {verified:?}");
    }
}

#[tokio::test]
async fn userinfo_needs_an_access_token() {
    let lesson = Lesson::start();
    let response = lesson.sign_in("nothing").await;
    let tokens = json(&lesson.exchange(response.get("code").unwrap(), &[]).await);
    let userinfo = |token: String| {
        let request = Request::get("/userinfo").header(HOST, "localhost").header(AUTHORIZATION, token);
        lesson.send(request.body(Body::empty()).unwrap())
    };
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    assert_eq!(json(&userinfo(bearer.clone()).await)["preferred_username"], "ada");
    assert_eq!(userinfo("Bearer wrong".to_owned()).await.status(), 401);
    lesson.clock.advance(TimeDelta::minutes(5));
    assert_eq!(userinfo(bearer).await.status(), 401, "it expires");
}
