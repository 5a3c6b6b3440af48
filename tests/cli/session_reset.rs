//! Operators reset the database or end all sessions while replicas run.

use crate::installation::Installation;
use crate::running::*;

fn wait_until_rejected(services: &[&Running], token: &str) {
    wait_until("the token is rejected", || services.iter().all(|service| service.verify(token) == 401));
}

fn is_ready(service: &Running) -> bool {
    service.request("GET", "/health/ready", "", "").starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn sessions_reset_ends_every_session_on_running_and_restarted_replicas() {
    for installation in Installation::each("ending all sessions").await {
        let (here, there) = (installation.start(), installation.start());
        let (one, other) = (here.sign_up(), there.sign_in());
        let asked = installation.run(&["sessions", "reset"]);
        assert_eq!(asked.status.code(), Some(2));
        assert!(error_line(&asked).contains("--yes"));
        assert_eq!((here.verify(&one), there.verify(&other)), (204, 204));
        let reset = installation.run(&["sessions", "reset", "--yes"]);
        assert!(reset.status.success(), "{}", text(&reset.stderr));
        for token in [&one, &other] {
            wait_until_rejected(&[&here, &there], token);
        }
        let listed = installation.run(&["user", "list", "--json"]);
        let ada: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(ada["liveSessions"], 0, "no row is left");
        let late = installation.start();
        wait_until_rejected(&[&late], &one);
        let again = here.sign_in();
        assert_eq!([&here, &there, &late].map(|service| service.verify(&again)), [204; 3]);
        assert!([&here, &there, &late].into_iter().all(is_ready));
    }
}

#[tokio::test]
async fn migrate_fresh_ends_every_session_on_running_replicas() {
    for installation in Installation::each("a reset of the database").await {
        let (here, there) = (installation.start(), installation.start());
        let old = here.sign_up();
        let signed_out = here.sign_in();
        assert!(here.request("DELETE", "/api/sessions/current", &signed_out, "").starts_with("HTTP/1.1 204"));
        wait_until_rejected(&[&there], &signed_out);
        let fresh = installation.run(&["migrate", "fresh", "--yes"]);
        assert!(fresh.status.success(), "{}", text(&fresh.stderr));
        // The next user gets the id of the one before.
        let new = there.sign_up();
        wait_until_rejected(&[&here, &there], &old);
        assert_eq!((here.verify(&new), there.verify(&new)), (204, 204));
        assert!(there.request("DELETE", "/api/sessions/current", &new, "").starts_with("HTTP/1.1 204"));
        wait_until_rejected(&[&here], &new);
        wait_until_rejected(&[&installation.start()], &old);
    }
}
