//! `daypass classroom reset`: the database between two lessons.

use std::time::{Duration, Instant};

use crate::installation::Installation;
use crate::running::*;

/// Waits until a running service rejects the token.
fn wait_for_rejection(service: &Running, token: &str) {
    let started = Instant::now();
    while service.verify(token) != 401 {
        assert!(started.elapsed() < Duration::from_secs(20), "still accepted");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn usernames(installation: &Installation) -> Vec<String> {
    let listed = installation.run(&["user", "list", "--json"]);
    let users = text(&listed.stdout).lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    users.map(|user| user["username"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn classroom_reset_deletes_the_users_of_the_lesson_and_restores_the_seeds() {
    for installation in Installation::each("a reset of the classroom").await {
        let service = installation.start();
        assert!(installation.run(&["seed", "run"]).status.success());
        let token = service.sign_up();
        for (path, body) in [("/api/items", r#"{"name":"x"}"#), ("/test/five", r#"{"item":"a row of the lesson"}"#)] {
            let answer = service.request("POST", path, &token, body);
            assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
        }
        let asked = installation.run(&["classroom", "reset"]);
        assert_eq!(asked.status.code(), Some(2));
        assert!(error_line(&asked).contains("--yes"));
        let off = installation.run(&["classroom", "reset", "--yes", "--classroom=false"]);
        assert_eq!(off.status.code(), Some(2));
        assert!(error_line(&off).contains("CLASSROOM"), "{}", error_line(&off));
        assert_eq!((service.verify(&token), usernames(&installation).len()), (204, 4), "nothing was changed");

        let reset = installation.run(&["classroom", "reset", "--yes"]);
        assert!(reset.status.success(), "{}", text(&reset.stderr));
        assert_eq!(text(&reset.stdout), "deleted 4 users and ended all sessions\nran demo\nran test-rows\n");
        wait_for_rejection(&service, &token);
        let refused = service.request("GET", "/api/items", &token, "");
        assert!(refused.contains(r#""code":"revoked""#) && refused.contains("Sign in again."), "{refused}");
        assert_eq!(usernames(&installation), ["demo-ada", "demo-grace", "demo-alan"]);
        let rows = service.request("GET", "/test/one", "", "");
        assert!(rows.contains("a row of the seed") && !rows.contains("a row of the lesson"), "{rows}");
        let demo = r#"{"username":"demo-ada","password":"weaving algebra like leaves and flowers"}"#;
        assert!(service.request("POST", "/api/sessions", "", demo).starts_with("HTTP/1.1 201"));
        let again = service.sign_up();
        assert!(service.request("GET", "/api/items", &again, "").contains(r#""items":[]"#));
    }
}

#[tokio::test]
async fn classroom_reset_runs_no_seed_that_was_not_run_before() {
    for installation in Installation::each("a reset without seeds").await {
        installation.start().sign_up();
        let reset = installation.run(&["classroom", "reset", "--yes"]);
        assert_eq!(text(&reset.stdout), "deleted 1 users and ended all sessions\n", "{}", text(&reset.stderr));
        assert!(usernames(&installation).is_empty());
    }
}
