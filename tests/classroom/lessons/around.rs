//! What holds for all lessons: dead cookies, long lives, restarts, other pages.

use super::*;

#[tokio::test]
async fn a_cookie_that_is_worth_nothing_is_taken_back() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    post(&alice, "/lessons/003/register", "alice").await;
    let thief = alice.copy();
    alice.get("/logout").await;
    assert_eq!(thief.get("/protected").await.status(), 401);
    assert_eq!(thief.cookies(), None);
}

#[tokio::test]
async fn who_has_a_session_logs_in_again_from_a_program_too() {
    let app = TestApp::start().await;
    let program = Browser::new(&app.anon);
    post(&program, "/lessons/003/register", "alice").await;
    let again = program.send_with(Method::POST, "/lessons/003/login", Some(account("alice")), &[]).await;
    assert_eq!((again.status(), again.cookies().len()), (200, 1));
    assert_eq!(program.get("/protected").await.status(), 200);
}

#[tokio::test]
async fn a_session_may_last_seven_days() {
    let app = TestApp::start_with(&["--jwt-ttl=7d"]).await;
    let alice = Browser::new(&app.anon);
    let reply = post(&alice, "/lessons/003/register", "alice").await;
    assert!(reply.header("set-cookie").ends_with("Max-Age=604800"), "{}", reply.header("set-cookie"));
    app.pass(TimeDelta::days(7) - TimeDelta::seconds(1));
    assert_eq!(alice.get("/protected").await.status(), 200);
    app.pass(TimeDelta::seconds(1));
    assert_eq!(alice.get("/protected").await.status(), 401);
}

#[tokio::test]
async fn sessions_survive_a_restart_and_what_has_expired_is_removed() {
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
    app.pass(TimeDelta::hours(25));
    assert_eq!((rows().await, again.get("/protected").await.status()), (1, 401));
    daypass::background::clear_up_once(&app.app).await.unwrap();
    assert_eq!(rows().await, 0);
}

#[tokio::test]
async fn no_other_page_gets_a_browser_to_change_anything_by_a_link_of_the_lessons() {
    let app = TestApp::start().await;
    let alice = Browser::new(&app.anon);
    post(&alice, "/lessons/003/register", "alice").await;
    texts(&alice, &["/increment"]).await;
    for path in ["/increment", "/clear", "/api/logout", "/logout", "/counter", "/lessons/002"] {
        for site in ["cross-site", "same-site"] {
            let reply = alice.send(Method::GET, path, None, site).await;
            assert_eq!(reply.refusal(), (403, "cross_site".to_owned()), "{path} {site}");
        }
    }
    assert_eq!(texts(&alice, &["/increment"]).await, ["2"]);
    let stranger = Browser::new(&app.anon);
    for path in ["/increment", "/counter", "/lessons/002"] {
        let reply = stranger.send(Method::GET, path, None, "cross-site").await;
        assert_eq!((reply.refusal().1.as_str(), reply.cookies().len()), ("cross_site", 0), "{path} begins no session");
    }
    let headers = [("sec-fetch-site", "cross-site"), ("authorization", &basic("alice", PASSWORD))];
    let reply = stranger.send_with(Method::GET, "/lessons/000/login", None, &headers).await;
    assert_eq!((reply.refusal().1.as_str(), reply.cookies().len()), ("cross_site", 0));
}

#[tokio::test]
async fn a_token_in_the_header_is_heard_from_any_page() {
    let app = TestApp::start().await;
    let alice = app.alice().await;
    for path in ["/protected", "/lessons/000/greeting"] {
        let request = alice.request(Method::GET, path).header("sec-fetch-site", "cross-site");
        assert_eq!(request.send().await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn each_route_of_the_lessons_is_there_and_none_without_the_classroom() {
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
