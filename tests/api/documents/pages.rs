//! The pages and their files.

use std::path::Path;

use axum::http::Method;

use crate::support::{Browser, TestApp};

#[tokio::test]
async fn page_files_are_served_and_load_nothing_from_other_origins() {
    let app = TestApp::start().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("client");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = match &*name {
            "index.html" => "/".to_owned(),
            "docs.html" => "/docs".to_owned(),
            // Parts of the pages.
            "header.html" | "document.html" => continue,
            _ => format!("/client/{name}"),
        };
        let reply = app.anon.get(&path).await;
        assert_eq!(reply.status(), 200, "{path}");
        let content_type = match name.rsplit_once('.').unwrap().1 {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(reply.header("content-type"), content_type, "{path}");
        assert!(!reply.text().contains("innerHTML"), "{path}");
        let text = reply.text().replace("http://www.w3.org/", "");
        assert!(!text.contains("https://") || name == "index.html", "{path} names another origin");
    }
}

#[tokio::test]
async fn page_names_the_cookie_that_the_server_sets() {
    for (secure, name) in [(true, "__Host-daypass"), (false, "daypass")] {
        let app = TestApp::start_with(&[&format!("--cookie-secure={secure}")]).await;
        let reply = Browser::new(&app.anon).put("/api/sessions/current/variables/a", 1.into()).await;
        let set = reply.header("set-cookie");
        assert!(set.starts_with(&format!("{name}=")) && set.contains("; Secure") == secure, "{set}");
        let page = app.anon.get("/").await;
        let attributes = format!(r#"data-cookie="{name}" data-cookie-secure="{secure}""#);
        assert!(page.text().contains(&attributes), "{attributes}");
        assert_eq!(page.header("cache-control"), "no-cache", "the setting can change with the next start");
    }
}

#[tokio::test]
async fn pages_can_be_switched_off_and_are_off_in_production() {
    let pages = ["/", "/docs", "/docs/flows", "/docs/flows/sign-in", "/openapi.json", "/client/client.js"];
    for (flags, served) in [
        (&[][..], true),
        (&["--pages=false"], false),
        (&["--daypass-env=production"], false),
        (&["--daypass-env=production", "--pages=true"], true),
    ] {
        let app = TestApp::start_with(flags).await;
        for path in pages {
            assert_ne!((app.anon.get(path).await.status() == 404), served, "{flags:?} {path}");
        }
        for path in ["/docs/errors", "/docs/errors/expired", "/client/client.css"] {
            assert_eq!(app.anon.get(path).await.status(), 200, "{path}: every error links to its page");
        }
    }
}

#[tokio::test]
async fn pages_share_their_header_and_need_no_other_origin() {
    let app = TestApp::start().await;
    for path in ["/", "/docs", "/docs/errors", "/docs/flows"] {
        let page = app.anon.get(path).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{path}");
        let links = ["href=\"/\"", "href=\"/docs\"", "href=\"/docs/flows\"", "href=\"/docs/errors\""];
        for link in links.into_iter().chain(["/client/client.css"]) {
            assert!(page.text().contains(link), "{path} {link}");
        }
        assert_eq!(page.text().matches("aria-current=\"page\"").count(), 1, "{path}");
        assert!(!page.text().contains("{header}") && !page.text().contains("://"), "{path}");
    }
}

#[tokio::test]
async fn page_shows_the_address_for_other_devices() {
    let local = TestApp::start().await;
    let network = TestApp::start_with(&["--host=192.168.1.20"]).await;
    for (app, host, address) in [
        (&local, "localhost:3000", None),
        (&network, "localhost:3000", Some("http://192.168.1.20:3000")),
        (&local, "daypass.example", Some("http://daypass.example")),
    ] {
        let get = |path: &'static str| app.anon.request(Method::GET, path).header("host", host).send();
        let page = get("/").await;
        let expected = format!("data-address=\"{}\"", address.unwrap_or_default());
        assert!(page.text().contains(&expected), "{host}");
        let code = get("/client/qr.svg").await;
        assert_eq!(code.status() == 200, address.is_some(), "{host}");
        if address.is_some() {
            assert_eq!(code.header("content-type"), "image/svg+xml");
            assert!(code.text().contains("<svg"), "{host}");
        }
    }
}
