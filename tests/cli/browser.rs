//! A browser on the machine of a started service, where `Secure` cookies need no TLS.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::running::Running;

#[derive(Clone, Default)]
pub struct Browser {
    jar: RefCell<BTreeMap<String, String>>,
}

impl Browser {
    /// Opens a page, as a user who types its address. Returns the status and the page.
    pub fn visit(&self, service: &Running, path: &str) -> (u16, String) {
        self.send(service, &format!("GET {path}"), "sec-fetch-site: none\r\nsec-fetch-mode: navigate\r\n", "")
    }

    /// Sends JSON, as a page of the service does.
    pub fn submit(&self, service: &Running, path: &str, json: &str) -> (u16, String) {
        let headers = format!(
            "origin: http://{}\r\nsec-fetch-site: same-origin\r\nsec-fetch-mode: cors\r\n\
             content-type: application/json\r\n",
            service.address
        );
        self.send(service, &format!("POST {path}"), &headers, json)
    }

    /// Opens existing pages one after the other. Returns their texts.
    pub fn reads(&self, service: &Running, paths: &[&str]) -> Vec<String> {
        let page = |path: &&str| {
            let (status, page) = self.visit(service, path);
            assert_eq!(status, 200, "{path}: {page}");
            page
        };
        paths.iter().map(page).collect()
    }

    /// The names of the stored cookies.
    pub fn cookies(&self) -> Vec<String> {
        self.jar.borrow().keys().cloned().collect()
    }

    fn send(&self, service: &Running, target: &str, headers: &str, body: &str) -> (u16, String) {
        let pairs: Vec<_> = self.jar.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = if pairs.is_empty() { String::new() } else { format!("cookie: {}\r\n", pairs.join("; ")) };
        let answer = service.exchange(target, &format!("{headers}{cookies}"), body);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).for_each(|cookie| self.store(cookie));
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    fn store(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        if attributes.split("; ").any(|attribute| attribute == "Max-Age=0") {
            self.jar.borrow_mut().remove(name);
        } else {
            self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
    }
}
