//! The lessons by cookie, over TCP: what a browser keeps of them, and what is there after a restart.

use crate::browser::Browser;
use crate::place::Place;

const ADA: &str = r#"{"username":"ada","password":"correct horse"}"#;

#[tokio::test]
async fn each_browser_has_a_count_that_goes_on_after_a_restart() {
    for place in Place::each("a count").await {
        let service = place.start();
        let (ada, bob) = (Browser::default(), Browser::default());
        assert_eq!(ada.reads(&service, &["/increment", "/lessons/001/increment", "/increment"]), ["1", "2", "3"]);
        assert_eq!(bob.reads(&service, &["/increment", "/increment", "/clear"]), ["1", "2", "Session cleared"]);
        assert_eq!(bob.cookies(), Vec::<String>::new());
        assert_eq!(bob.reads(&service, &["/increment"]), ["1"], "it starts over");
        assert_eq!(ada.reads(&service, &["/counter/server", "/counter/server"]), ["1", "2"]);
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = place.start();
        assert_eq!(ada.reads(&service, &["/counter/server"]), ["1"], "the process has forgotten it");
        assert_eq!(ada.reads(&service, &["/increment"]), ["4"], "the session has not");
        assert_eq!(bob.reads(&service, &["/increment"]), ["2"]);
        assert_eq!(Browser::default().reads(&service, &["/increment"]), ["1"]);
    }
}

#[tokio::test]
async fn frodo_is_still_greeted_by_name_after_a_restart() {
    for place in Place::each("a greeting").await {
        let service = place.start();
        let frodo = Browser::default();
        assert_eq!(frodo.reads(&service, &["/greet"]), ["hello undefined"]);
        assert_eq!(frodo.cookies(), Vec::<String>::new(), "who only reads gets no cookie");
        assert_eq!(frodo.reads(&service, &["/lessons/002", "/greet"]), ["got it", "hello Frodo"]);
        assert_eq!(frodo.cookies(), ["__Host-daypass"]);
        assert_eq!(Browser::default().reads(&service, &["/greet"]), ["hello undefined"]);
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = place.start();
        let left = ["/lessons/002/greet", "/api/logout", "/lessons/002/greet"];
        assert_eq!(frodo.reads(&service, &left), ["hello Frodo", "good bye", "hello undefined"]);
    }
}

#[tokio::test]
async fn who_registered_lists_the_users_until_they_log_out() {
    let users = "/lessons/002/api/users";
    for place in Place::each("a list of users").await {
        let service = place.start();
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
async fn who_logged_in_is_let_in_until_they_log_out_whatever_is_restarted() {
    for place in Place::each("what is protected").await {
        let service = place.start();
        assert_eq!(Browser::default().submit(&service, "/lessons/003/register", ADA).0, 200);
        let ada = Browser::default();
        assert_refused(&ada.visit(&service, "/protected"), "Invalid Credentials");
        let (status, refusal) = ada.submit(&service, "/lessons/003/login", &ADA.replace("horse", "house"));
        assert_eq!((status, ada.cookies().len()), (401, 0), "{refusal}");
        assert_eq!(ada.submit(&service, "/lessons/003/login", ADA).0, 200);
        let authorized = [r#"{"message":"You are authorized"}"#];
        assert_eq!(ada.reads(&service, &["/protected"]), authorized);
        let thief = ada.clone();
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = place.start();
        assert_eq!(ada.reads(&service, &["/lessons/003/protected"]), authorized);
        assert_eq!(ada.reads(&service, &["/logout"]), [r#"{"message":"You are logged out"}"#]);
        assert_eq!(ada.cookies(), Vec::<String>::new());
        assert_refused(&ada.visit(&service, "/protected"), "Invalid Credentials");
        assert_eq!(service.stop("-TERM").0, Some(0));

        let service = place.start();
        assert_refused(&thief.visit(&service, "/protected"), "Invalid Credentials");
    }
}

fn assert_refused((status, refusal): &(u16, String), message: &str) {
    let told = refusal.contains(&format!(r#""message":"{message}""#));
    assert!(*status == 401 && told, "{status}: {refusal}");
}
