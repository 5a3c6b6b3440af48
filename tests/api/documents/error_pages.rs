//! Every error code has a page, and every page belongs to a code.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::http::StatusCode;
use daypass::auth::token::check::Check;
use daypass::auth::token::refusal::Refusal;
use daypass::router;
use serde_json::{Value, json};

use super::file;
use crate::support::TestApp;

/// The codes of the pages, without the index.
fn pages() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(".md").unwrap().to_owned()).filter(|name| name != "README").collect()
}

pub(super) fn text_of(code: &str) -> String {
    file(&format!("docs/errors/{code}.md"))
}

/// The JSON in the example of a page.
pub(super) fn answer(page: &str) -> Value {
    let (_, rest) = page.split_once("```json\n").unwrap();
    serde_json::from_str(rest.split_once("```").unwrap().0).unwrap()
}

/// The codes in the source, each with the name of its status, such as `NOT_FOUND`.
fn codes(path: &str) -> BTreeMap<String, Option<String>> {
    let source = file(path);
    let values = source.lines().filter_map(|line| line.trim().split_once("=> ").map(|(_, value)| value));
    let entry = |value: &str| {
        let code = value.trim_end_matches([')', ',']).strip_suffix('"')?.rsplit_once('"')?.1.to_owned();
        let status = value.strip_prefix("(StatusCode::").and_then(|rest| rest.split_once(','));
        Some((code, status.map(|(status, _)| status.to_owned())))
    };
    values.filter_map(entry).collect()
}

/// The codes of problem documents, each with its status.
fn problem_codes() -> BTreeMap<String, u16> {
    let number = |name: String| {
        let mut statuses = (400..600).map(|number| StatusCode::from_u16(number).unwrap());
        let named = |status: &StatusCode| {
            status.canonical_reason().is_some_and(|reason| reason.to_uppercase().replace([' ', '-'], "_") == name)
        };
        statuses.find(named).unwrap_or_else(|| panic!("{name}")).as_u16()
    };
    let mut found: BTreeMap<_, _> = Refusal::codes().map(|code| (code.to_owned(), 401)).collect();
    found.extend(codes("src/error.rs").into_iter().filter_map(|(code, status)| Some((code, number(status?)))));
    found
}

#[test]
fn every_error_code_has_a_page_and_every_page_has_a_code() {
    let codes = problem_codes();
    assert!(codes.len() > 50, "{codes:?}");
    assert_eq!(pages(), codes.into_keys().collect());
}

#[test]
fn every_code_of_a_field_has_a_section() {
    let page = text_of("invalid_fields");
    let sections: BTreeSet<_> = page.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    let codes: BTreeSet<_> = codes("src/types/validation_error.rs").into_keys().collect();
    assert!(codes.len() > 20, "{codes:?}");
    assert_eq!(sections, codes);
}

#[test]
fn every_page_has_the_same_sections_and_the_status_of_its_code() {
    for (code, status) in problem_codes() {
        let page = text_of(&code);
        assert!(page.starts_with(&format!("# {code}\n\n")), "{code}");
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections[..3], ["Cause", "Repair", "Example"], "{code}");
        assert!(page.contains("```sh\ncurl "), "{code}");
        let introduction = page.split("## ").next().unwrap();
        let reason = StatusCode::from_u16(status).unwrap().canonical_reason().unwrap();
        assert!(introduction.contains(&format!("`{status} {reason}`")), "{code}: {introduction}");
    }
}

#[test]
fn every_page_of_a_rejected_token_names_a_check_of_explain() {
    for code in Refusal::codes() {
        let page = text_of(code);
        let (_, section) = page.split_once("## Check of `explain`\n").unwrap_or_else(|| panic!("{code}"));
        let names = |check: &&str| section.contains(&format!("`{check}`"));
        assert!(Check::ALL.iter().any(|check| names(&check.name())), "{code}: {section}");
    }
}

#[test]
fn every_example_has_the_form_of_a_problem_document_and_a_detail_of_the_source() {
    let sources = ["src/error.rs", "src/auth/token/refusal.rs", "src/auth/revocation/reason.rs"].map(file).concat();
    let sources = sources.replace("#[error(\n        \"", "#[error(\"").replace("\\\"", "'");
    // Only the text before a placeholder is compared.
    let details: Vec<_> = sources
        .split("#[error(\"")
        .skip(1)
        .filter_map(|rest| rest.split(['{', '"']).next())
        .filter(|text| !text.is_empty())
        .collect();
    assert!(details.len() > 60, "{details:?}");
    for (code, status) in problem_codes() {
        let answer = answer(&text_of(&code));
        let title = code.replace('_', " ");
        let expected = json!({
            "type": format!("/docs/errors/{code}"),
            "title": format!("{}{}", title[..1].to_uppercase(), &title[1..]),
            "status": status,
            "code": code,
            "requestId": "5f2c9a01-000042",
        });
        for (member, value) in expected.as_object().unwrap() {
            assert_eq!(&answer[member], value, "{code} {member}");
        }
        let detail = answer["detail"].as_str().unwrap();
        assert!(details.iter().any(|text| detail.starts_with(text)), "{code}: {detail}");
    }
}

#[test]
fn codes_in_the_openapi_document_have_pages() {
    let document = serde_json::to_value(router::document()).unwrap();
    let pages = pages();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let responses = operations.flat_map(|operation| operation["responses"].as_object().unwrap());
    let mut links = 0;
    for (status, response) in responses.filter(|(status, _)| status.as_str() >= "400") {
        // The page links each of these words (`client/docs.js`).
        for word in response["description"].as_str().unwrap().split('`').skip(1).step_by(2) {
            let is_code = word.chars().all(|character| character.is_ascii_lowercase() || character == '_');
            if is_code && word != "code" {
                links += 1;
                assert!(pages.contains(word), "{status}: {word}");
            }
        }
    }
    assert!(links > 100, "{links}");
}

#[tokio::test]
async fn problem_type_is_the_address_of_its_page() {
    let app = TestApp::start().await;
    let problem = app.anon.get("/api/verify").await.json();
    assert_eq!(problem["type"], "/docs/errors/no_token");
    let page = app.anon.get(problem["type"].as_str().unwrap()).await;
    assert_eq!((page.status(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<h1>no_token</h1>") && page.text().contains("<title>Daypass: no_token</title>"));
}

#[tokio::test]
async fn every_page_is_served_without_markdown_and_inline_code() {
    for flags in [&["--pages=true"], &["--pages=false"]] {
        let app = TestApp::start_with(flags).await;
        for code in pages() {
            let page = app.anon.get(&format!("/docs/errors/{code}")).await;
            assert_eq!(page.status(), 200, "{code}");
            let text = page.text();
            assert_eq!(text.matches("<h1>").count(), 1, "{code}");
            for absent in ["](", "```", "\n## ", "style=", "<script>", "{title}", "{files}", "{content}", "{header}"] {
                assert!(!text.contains(absent), "{code}: {absent}");
            }
            for part in ["<html lang=\"en\">", "<main id=\"main\"", "<h2 id=\"cause\">", "<h2 id=\"repair\">"] {
                assert!(text.contains(part), "{code}: {part}");
            }
        }
    }
}

#[tokio::test]
async fn index_links_to_every_page_and_keeps_the_anchors_of_all_codes() {
    let app = TestApp::start().await;
    let index = app.anon.get("/docs/errors").await;
    for code in problem_codes().into_keys() {
        let item = format!("<li id=\"{code}\"><a href=\"/docs/errors/{code}\"><code>{code}</code></a>");
        assert!(index.text().contains(&item), "{code}");
    }
    for code in codes("src/types/validation_error.rs").into_keys() {
        let path = format!("/docs/errors/invalid_fields#{code}");
        let item = format!("<li id=\"{code}\"><a href=\"{path}\"><code>{code}</code></a>");
        assert!(index.text().contains(&item), "{code}");
    }
    let fields = app.anon.get("/docs/errors/invalid_fields").await;
    assert!(fields.text().contains("<h3 id=\"required\">required</h3>"));
}

#[tokio::test]
async fn page_of_an_unknown_code_is_not_found() {
    let app = TestApp::start().await;
    for code in ["nope", "README", "README.md", "expired.md", "EXPIRED", "..", "%2e%2e", "required", "expired/more"] {
        let reply = app.anon.get(&format!("/docs/errors/{code}")).await;
        assert_eq!(reply.error(), (404, "not_found".to_owned()), "{code}");
    }
}

#[tokio::test]
async fn only_pages_of_rejected_tokens_link_to_explain_and_only_if_tokens_are_explained() {
    for (flags, served) in
        [(&["--pages=true"][..], true), (&["--pages=false"], false), (&["--token-explain=false"], false)]
    {
        let app = TestApp::start_with(flags).await;
        for code in pages() {
            let page = app.anon.get(&format!("/docs/errors/{code}")).await;
            let expected = served && Refusal::codes().any(|refusal| refusal == code);
            assert_eq!(page.text().contains("<a href=\"/#explain\">"), expected, "{code}");
            assert_eq!(page.text().contains("src=\"/client/error-page.js\""), expected, "{code}");
        }
    }
}
