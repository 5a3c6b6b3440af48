//! The pages, the metadata and sign-out.

use super::*;

#[tokio::test]
async fn request_for_another_host_is_refused() {
    let lesson = Lesson::start();
    for path in ["/", "/jwks", "/style.css", "/unknown"] {
        let request = Request::get(path).header(HOST, "attacker.example:4000").body(Body::empty()).unwrap();
        let response = lesson.send(request).await;
        assert_eq!(response.status(), 421, "{path}");
        assert!(text(&response).contains("for lessons only"));
    }
    assert_eq!(lesson.get("/").await.status(), 200);
}

#[tokio::test]
async fn every_page_says_that_it_is_for_lessons_only_and_allows_no_script() {
    let lesson = Lesson::start();
    for path in [&format!("/authorize?{}", query(&[])), "/", "/authorize", "/end-session", "/unknown"] {
        let response = lesson.get(path).await;
        let page = text(&response);
        assert!(
            page.contains("For lessons only, not for production. It has no passwords: anyone can choose"),
            "{page}"
        );
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; form-action 'self' http://localhost:3000;"));
    }
}

#[tokio::test]
async fn sign_out_redirects_only_to_the_service() {
    let lesson = Lesson::start();
    let end =
        |target: &str| format!("/end-session?{}", encode(&[("post_logout_redirect_uri", target), ("state", "x")]));
    let home = lesson.get(&end("http://localhost:3000/bye")).await;
    assert_eq!(
        (home.status().as_u16(), &home.headers()[LOCATION]),
        (303, &"http://localhost:3000/bye?state=x".parse().unwrap())
    );
    for target in ["https://localhost:3000/", "http://localhost:3001/", "http://localhost:3000@attacker.example/", "/"]
    {
        let page = lesson.get(&end(target)).await;
        assert_eq!((page.status().as_u16(), text(&page).contains("Signed out")), (200, true), "{target}");
    }
}

#[tokio::test]
async fn steps_show_the_verifier_and_its_hash_but_not_the_secrets() {
    let lesson = Lesson::start();
    assert!(lesson.page("/").await.contains("There is no sign-in yet"));
    let response = lesson.sign_in("nothing").await;
    let code = response.get("code").unwrap();
    assert!(lesson.page("/").await.contains("The service has not sent a token request"));
    let tokens = json(&lesson.exchange(code, &[]).await);
    assert_error(&lesson.exchange(code, &[]).await, 400, "invalid_grant");
    let page = lesson.page("/").await;
    for shown in [code, VERIFIER, &token::challenge_of(VERIFIER), "Equal.", "ada@example.org", "Authorization: Basic"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    for hidden in ["s3cret", &STANDARD.encode("daypass:s3cret+%25"), tokens["access_token"].as_str().unwrap()] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn secret_in_the_form_is_hidden_in_the_steps() {
    let lesson = Lesson::start();
    let response = lesson.sign_in("nothing").await;
    lesson.exchange(response.get("code").unwrap(), &[("client_secret", "s3cret %")]).await;
    let page = lesson.page("/").await;
    assert!(page.contains("client_secret") && page.contains("invalid_request") && !page.contains("s3cret"), "{page}");
}

#[tokio::test]
async fn values_are_escaped() {
    let lesson = Lesson::start();
    let query = query(&[("state", "\"><script>"), ("<b>", "x")]);
    let form = lesson.page(&format!("/authorize?{query}")).await;
    let fields = [("name", "<i>ada"), ("defect", "nothing")];
    let response = parameters(&lesson.submit(&query, &fields).await);
    assert_eq!(response.get("state"), Some("\"><script>"));
    lesson.exchange(response.get("code").unwrap(), &[]).await;
    for page in [form, lesson.page("/").await] {
        assert!(page.contains("&lt;b&gt;") && page.contains("&lt;script&gt;"), "{page}");
        assert!(["<script", "<b>", "<i>"].iter().all(|tag| !page.contains(tag)), "{page}");
    }
}

#[tokio::test]
async fn metadata_names_the_endpoints() {
    let lesson = Lesson::start();
    let metadata = json(&lesson.get("/.well-known/openid-configuration").await);
    assert_eq!((&metadata["issuer"], &metadata["jwks_uri"]), (&json!(ISSUER), &json!(format!("{ISSUER}/jwks"))));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}
