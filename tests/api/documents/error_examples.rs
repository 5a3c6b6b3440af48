//! The examples of the error pages: the documented request gets the documented answer.

use axum::http::Method;
use chrono::TimeDelta;
use serde_json::json;

use super::error_pages::{answer, text_of};
use crate::support::{Forge, Provider, TestApp};

/// The pages whose example needs no other preparation than that of [`Situation::for_code`].
const EXAMPLES: [&str; 35] = [
    "no_token",
    "malformed_token",
    "unknown_key",
    "wrong_algorithm",
    "bad_signature",
    "wrong_type",
    "wrong_issuer",
    "wrong_audience",
    "not_yet_valid",
    "expired",
    "revoked",
    "anonymous",
    "bad_credentials",
    "ambiguous_token",
    "malformed_json",
    "bad_cursor",
    "cross_site",
    "wrong_password",
    "missing_role",
    "not_found",
    "method_not_allowed",
    "sign_up_closed",
    "invitation_required",
    "invitation_invalid",
    "mail_disabled",
    "code_invalid",
    "username_taken",
    "not_a_number",
    "quota_exceeded",
    "precondition_failed",
    "unsupported_media_type",
    "unsupported_encoding",
    "return_to_not_allowed",
    "too_many_variables",
    "invalid_fields",
];

/// What the text above an example describes.
struct Situation {
    app: TestApp,
    token: String,
    /// The provider must run until the request has been sent.
    _provider: Option<Provider>,
}

impl Situation {
    async fn for_code(code: &str) -> Self {
        let flag = match code {
            "sign_up_closed" => "--sign-up=closed",
            "invitation_required" | "invitation_invalid" => "--sign-up=invited",
            "mail_disabled" => "--mailer=none",
            "quota_exceeded" => "--max-items=1",
            // Without TLS, the cookie has no prefix.
            "cross_site" => "--cookie-secure=false",
            _ => "--max-items=2",
        };
        let provider = if code == "return_to_not_allowed" { Some(Provider::start().await) } else { None };
        let app = match &provider {
            Some(provider) => TestApp::start_with_providers(&[provider], &[flag]).await,
            None => TestApp::start_with(&[flag]).await,
        };
        let token = if flag.starts_with("--sign-up") { String::new() } else { token(&app, code).await };
        Self { app, token, _provider: provider }
    }
}

async fn token(app: &TestApp, code: &str) -> String {
    let alice = app.alice().await;
    let forge = Forge::from(alice.token());
    let set = async |name: &str, value| {
        let path = format!("/api/sessions/current/variables/{name}");
        assert_eq!(alice.put(&path, value).await.status(), 201, "{code}");
    };
    match code {
        "unknown_key" => return forge.header("kid", json!("other")).signed(),
        "wrong_algorithm" => return forge.header("alg", json!("none")).signed(),
        "bad_signature" => return forge.with_signature("AAAA"),
        "wrong_type" => return forge.header("typ", json!("JWT")).signed(),
        "wrong_issuer" => return forge.claim("iss", json!("another service")).signed(),
        "wrong_audience" => return forge.claim("aud", json!("another service")).signed(),
        "not_yet_valid" => {
            let issued = app.clock.now() + TimeDelta::hours(1);
            return forge.claim("iat", json!(issued.timestamp())).signed();
        }
        "expired" => return forge.claim("exp", json!(app.clock.now().timestamp())).signed(),
        "anonymous" => {
            let created = app.anon.put("/api/sessions/current/variables/a?carrier=bearer", 1.into()).await;
            return created.header("daypass-session-token").to_owned();
        }
        "revoked" => assert_eq!(alice.delete("/api/sessions/current").await.status(), 204),
        "not_a_number" => set("color", json!("green")).await,
        "too_many_variables" => {
            for number in 0..50 {
                set(&number.to_string(), json!(1)).await;
            }
        }
        "quota_exceeded" | "precondition_failed" => {
            assert_eq!(alice.post("/api/items", json!({"name": "Butter"})).await.status(), 201);
        }
        _ => {}
    }
    alice.token().to_owned()
}

/// Splits a command into words, as a shell does.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.replace("\\\n", " ").chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

/// Sends the request of the page. Returns the status and the problem document.
async fn send(situation: &Situation, page: &str) -> (u16, serde_json::Value) {
    let command = page.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let words: Vec<_> = words(command).into_iter().map(|word| word.replace("$TOKEN", &situation.token)).collect();
    let mut words = words.into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut method, mut path, mut headers, mut body) = (None, None, vec!["host: localhost:3000".to_owned()], None);
    while let Some(word) = words.next() {
        match &*word {
            "-X" => method = words.next(),
            "-H" => headers.extend(words.next()),
            "-b" => headers.extend(words.next().map(|cookie| format!("cookie: {cookie}"))),
            "-d" => body = words.next(),
            address => path = Some(address.strip_prefix("localhost:3000").unwrap().to_owned()),
        }
    }
    let default = if body.is_some() { "POST" } else { "GET" };
    let method = Method::from_bytes(method.as_deref().unwrap_or(default).as_bytes()).unwrap();
    let mut request = situation.app.anon.request(method, &path.unwrap()).body(body.unwrap_or_default());
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let reply = request.send().await;
    (reply.error().0, reply.json())
}

#[tokio::test]
async fn examples_get_the_documented_answers() {
    for code in EXAMPLES {
        let page = text_of(code);
        let situation = Situation::for_code(code).await;
        let (status, mut problem) = send(&situation, &page).await;
        let documented = answer(&page);
        problem["requestId"] = documented["requestId"].clone();
        assert_eq!((status, problem), (documented["status"].as_u64().unwrap() as u16, documented.clone()), "{code}");
    }
}

#[test]
fn command_is_split_as_a_shell_does() {
    let split = words("curl 'a b' -H \"c: d's\" \\\n  -d '' e");
    assert_eq!(split, ["curl", "a b", "-H", "c: d's", "-d", "", "e"]);
}
