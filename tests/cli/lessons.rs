//! The cookie lessons over TCP: the cookies of browsers, and sessions after a restart.

use crate::browser::Browser;
use crate::installation::Installation;

const ADA: &str = r#"{"username":"ada","password":"correct horse"}"#;

#[tokio::test]
async fn count_of_each_browser_survives_a_restart() {
    for installation in Installation::each("a count").await {
        let service = installation.start();
        let (ada, bob) = (Browser::default(), Browser::default());
        assert_eq!(ada.reads(&service, &["/increment", "/lessons/001/increment", "/increment"]), ["1", "2", "3"]);
        assert_eq!(bob.reads(&service, &["/increment", "/increment", "/clear"]), ["1", "2", "Session cleared"]);
        assert_eq!(bob.cookies(), Vec::<String>::new());
        assert_eq!(bob.reads(&service, &["/increment"]), ["1"], "the count starts again");
        assert_eq!(ada.reads(&service, &["/counter/server", "/counter/server"]), ["1", "2"]);
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = installation.start();
        assert_eq!(ada.reads(&service, &["/counter/server"]), ["1"], "the count of the process is lost");
        assert_eq!(ada.reads(&service, &["/increment"]), ["4"], "the count of the session is stored");
        assert_eq!(bob.reads(&service, &["/increment"]), ["2"]);
        assert_eq!(Browser::default().reads(&service, &["/increment"]), ["1"]);
    }
}

#[tokio::test]
async fn greeting_survives_a_restart() {
    for installation in Installation::each("a greeting").await {
        let service = installation.start();
        let frodo = Browser::default();
        assert_eq!(frodo.reads(&service, &["/greet"]), ["hello undefined"]);
        assert_eq!(frodo.cookies(), Vec::<String>::new(), "reading sets no cookie");
        assert_eq!(frodo.reads(&service, &["/lessons/002", "/greet"]), ["got it", "hello Frodo"]);
        assert_eq!(frodo.cookies(), ["__Host-daypass"]);
        assert_eq!(Browser::default().reads(&service, &["/greet"]), ["hello undefined"]);
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = installation.start();
        let left = ["/lessons/002/greet", "/api/logout", "/lessons/002/greet"];
        assert_eq!(frodo.reads(&service, &left), ["hello Frodo", "good bye", "hello undefined"]);
    }
}

#[tokio::test]
async fn registered_user_can_list_users_until_logout() {
    let users = "/lessons/002/api/users";
    for installation in Installation::each("a list of users").await {
        let service = installation.start();
        let ada = Browser::default();
        assert_refused(&ada.visit(&service, users), "you shall not pass!!");
        let (status, registered) = ada.submit(&service, "/lessons/002/api/register", ADA);
        assert!(status == 200 && !registered.contains("oken"), "the cookie has the token: {registered}");
        assert!(ada.reads(&service, &[users])[0].contains(r#""username":"ada""#));
        assert_eq!(ada.reads(&service, &["/lessons/002/api/logout"]), ["good bye"]);
        assert_eq!(ada.cookies(), Vec::<String>::new());
        assert_refused(&ada.visit(&service, users), "you shall not pass!!");
    }
}

#[tokio::test]
async fn login_survives_a_restart_and_ends_with_logout() {
    for installation in Installation::each("what is protected").await {
        let service = installation.start();
        assert_eq!(Browser::default().submit(&service, "/lessons/003/register", ADA).0, 200);
        let ada = Browser::default();
        assert_refused(&ada.visit(&service, "/protected"), "Invalid Credentials");
        let (status, refusal) = ada.submit(&service, "/lessons/003/login", &ADA.replace("horse", "house"));
        assert_eq!((status, ada.cookies().len()), (401, 0), "{refusal}");
        assert_eq!(ada.submit(&service, "/lessons/003/login", ADA).0, 200);
        let authorized = [r#"{"message":"You are authorized"}"#];
        assert_eq!(ada.reads(&service, &["/protected"]), authorized);
        let attacker = ada.clone();
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = installation.start();
        assert_eq!(ada.reads(&service, &["/lessons/003/protected"]), authorized);
        assert_eq!(ada.reads(&service, &["/logout"]), [r#"{"message":"You are logged out"}"#]);
        assert_eq!(ada.cookies(), Vec::<String>::new());
        assert_refused(&ada.visit(&service, "/protected"), "Invalid Credentials");
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = installation.start();
        assert_refused(&attacker.visit(&service, "/protected"), "Invalid Credentials");
    }
}

fn assert_refused((status, refusal): &(u16, String), message: &str) {
    let has_message = refusal.contains(&format!(r#""message":"{message}""#));
    assert!(*status == 401 && has_message, "{status}: {refusal}");
}
