//! All lessons: revoked cookies, session lifetime, restarts and cross-site requests.

use super::*;

#[tokio::test]
async fn revoked_cookie_is_cleared() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    post(&alice, "/lessons/003/register", "alice").await;
    let attacker = alice.copy();
    alice.get("/logout").await;
    assert_eq!(attacker.get("/protected").await.status(), 401);
    assert_eq!(attacker.cookies(), None);
}

#[tokio::test]
async fn second_login_with_a_session_cookie_works_without_fetch_metadata() {
    let app = TestApp::start().await;
    let program = Browser::new(&app.anon);
    post(&program, "/lessons/003/register", "alice").await;
    let again = program.send_with(Method::POST, "/lessons/003/login", Some(account("alice")), &[]).await;
    assert_eq!((again.status(), again.cookies().len()), (200, 1));
    assert_eq!(program.get("/protected").await.status(), 200);
}

#[tokio::test]
async fn session_can_last_seven_days() {
    let app = TestApp::start_with(&["--jwt-ttl=7d"]).await;
    let alice = Browser::new(&app.anon);
    let reply = post(&alice, "/lessons/003/register", "alice").await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=604800"), "{}", reply.header("set-cookie"));
    app.advance_clock(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert_eq!(alice.get("/protected").await.status(), 200);
    app.advance_clock(TimeDelta::seconds(1));
    assert_eq!(alice.get("/protected").await.status(), 401);
}

#[tokio::test]
async fn sessions_survive_a_restart_and_expired_data_is_purged() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    post(&alice, "/lessons/003/register", "alice").await;
    texts(&alice, &["/increment", "/increment"]).await;
    let restarted = app.replica().await;
    let again = Browser::new(&restarted.anon);
    again.plant(COOKIE, &alice.cookie(COOKIE).unwrap());
    assert_eq!(texts(&again, &["/increment"]).await, ["3"]);
    assert_eq!(again.get("/protected").await.status(), 200);
    let rows = async || session_variables::Entity::find().count(&app.app.db).await.unwrap();
    app.advance_clock(TimeDelta::hours(25));
    assert_eq!((rows().await, again.get("/protected").await.status()), (1, 401));
    app.app.purge().run_once().await.unwrap();
    assert_eq!(rows().await, 0);
}

#[tokio::test]
async fn cross_site_link_to_a_lesson_changes_nothing() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    post(&alice, "/lessons/003/register", "alice").await;
    texts(&alice, &["/increment"]).await;
    for path in ["/increment", "/clear", "/api/logout", "/logout", "/counter", "/lessons/002"] {
        for site in ["cross-site", "same-site"] {
            let reply = alice.send(Method::GET, path, None, site).await;
            assert_eq!(reply.error(), (403, "cross_site".to_owned()), "{path} {site}");
        }
    }
    assert_eq!(texts(&alice, &["/increment"]).await, ["2"]);
    let visitor = Browser::new(&app.anon);
    for path in ["/increment", "/counter", "/lessons/002"] {
        let reply = visitor.send(Method::GET, path, None, "cross-site").await;
        assert_eq!((reply.error().1.as_str(), reply.cookies().len()), ("cross_site", 0), "{path} starts no session");
    }
    let headers = [("sec-fetch-site", "cross-site"), ("authorization", &basic("alice", PASSWORD))];
    let reply = visitor.send_with(Method::GET, "/lessons/000/login", None, &headers).await;
    assert_eq!((reply.error().1.as_str(), reply.cookies().len()), ("cross_site", 0));
}

#[tokio::test]
async fn bearer_token_is_accepted_on_cross_site_requests() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/protected", "/lessons/000/greeting"] {
        let request = alice.request(Method::GET, path).header("sec-fetch-site", "cross-site");
        assert_eq!(request.send().await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn lesson_routes_exist_only_with_the_classroom() {
    let rows = || LESSONS.iter().flat_map(|lesson| lesson.rows);
    let filled = |path: &str| path.replace("{id}", "1").replace("{*rest}", "a/b");
    for (flag, there) in [("--classroom=true", true), ("--classroom=false", false)] {
        let app = TestApp::start_with(&[flag]).await;
        for row in rows() {
            let method = if row.method == "ANY" { Method::GET } else { row.method.parse().unwrap() };
            for path in row.paths() {
                for path in [filled(&path), format!("{}/", filled(&path))] {
                    let reply = app.anon.request(method.clone(), &path).send().await;
                    assert_eq!(![404, 405].contains(&reply.status()), there, "{method} {path}: {}", reply.status());
                }
            }
        }
    }
}
