//! One trial: inject a fault, clear it, write from many connections, restart, count.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::running::{Running, daypass, wait_until};

const CONNECTIONS: usize = 12;
const WRITES_EACH: usize = 3;

/// A service under trial, and what it has acknowledged.
pub struct Trial<'a> {
    /// Starts the service, again and again on the same data.
    start: Box<dyn Fn() -> Command + 'a>,
    pub service: Running,
    token: String,
    acknowledged: BTreeSet<String>,
    signed_out: Vec<String>,
    /// Sessions to sign out.
    sessions: Vec<String>,
}

impl<'a> Trial<'a> {
    /// Starts the service in `folder`, with these settings besides the usual ones.
    pub fn start(folder: &'a Path, settings: &'a [(&'a str, &'a str)]) -> Self {
        Self::start_by(move || {
            let mut command = daypass(folder, &[], settings);
            command.envs(usual());
            command
        })
    }

    pub fn start_by(start: impl Fn() -> Command + 'a) -> Self {
        let service = Running::spawn(start());
        let token = service.sign_up();
        let sessions = (0..8).map(|_| service.sign_in()).collect();
        let start = Box::new(start);
        Self { start, service, token, acknowledged: BTreeSet::new(), signed_out: Vec::new(), sessions }
    }

    /// Writes until `failures` writes got 503. Every answer is 201 or 503.
    pub fn write_until_refused(&mut self, failures: usize) {
        let (begun, mut refused) = (Instant::now(), 0);
        while refused < failures {
            assert!(begun.elapsed() < Duration::from_secs(180), "only {refused} writes failed");
            match write(&self.service, &self.token) {
                (201, id) => drop(self.acknowledged.insert(id)),
                (503, _) => refused += 1,
                (status, answer) => panic!("{status}: {answer}"),
            }
        }
    }

    pub fn token(&self) -> &str {
        &self.token
    }

    /// Writes for this time; returns how many writes failed. Every answer is 201 or 503.
    pub fn write_through(&mut self, time: Duration) -> usize {
        let (begun, mut refused) = (Instant::now(), 0);
        while begun.elapsed() < time {
            match write(&self.service, &self.token) {
                (201, id) => drop(self.acknowledged.insert(id)),
                (503, _) => refused += 1,
                (status, answer) => panic!("{status}: {answer}"),
            }
        }
        refused
    }

    /// A sign-out is acknowledged or refused, and either answer is true afterwards.
    pub fn sign_out_refused(&mut self) {
        let session = self.sessions.pop().unwrap();
        match sign_out(&self.service, &session) {
            204 => self.signed_out.push(session),
            503 => assert_ne!(self.service.verify(&session), 401, "a failed sign-out must not end the session"),
            status => panic!("{status}"),
        }
    }

    pub fn readiness_turns(&self, status: u16) {
        wait_until(&format!("readiness turns {status}"), || readiness(&self.service) == status);
    }

    /// The fault is cleared: waits until the service is ready, then writes from many connections. Every write and
    /// every sign-out is acknowledged.
    pub fn write_after_recovery(&mut self) {
        self.readiness_turns(200);
        let (service, token) = (&self.service, self.token.as_str());
        let at_once: Vec<_> = thread::scope(|scope| {
            let clients: Vec<_> = (0..CONNECTIONS)
                .map(|_| scope.spawn(|| (0..WRITES_EACH).map(|_| write_at_last(service, token)).collect::<Vec<_>>()))
                .collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        let one_by_one = (0..CONNECTIONS).map(|_| write_at_last(service, token));
        for (status, id) in at_once.into_iter().chain(one_by_one) {
            assert_eq!(status, 201, "after recovery: {id}");
            assert!(self.acknowledged.insert(id), "an id is given once");
        }
        while let Some(session) = self.sessions.pop() {
            assert_eq!(repeat_slow(|| sign_out(service, &session), |status| *status), 204, "after recovery");
            self.signed_out.push(session);
        }
    }

    /// Restarts the service, and looks for everything that was acknowledged. The log of the first one is returned.
    pub fn restart_and_count(self, signal: &str) -> String {
        let (_, log) = self.service.stop(signal);
        let again = Running::spawn((self.start)());
        for id in &self.acknowledged {
            let read = again.request("GET", &format!("/api/items/{id}"), &self.token, "");
            assert!(read.starts_with("HTTP/1.1 200"), "item {id} was acknowledged: {read}\n{log}");
        }
        for session in &self.signed_out {
            assert_eq!(again.verify(session), 401, "a session that was signed out stays so");
        }
        assert!(self.acknowledged.len() >= CONNECTIONS * (WRITES_EACH + 1));
        log
    }

    /// Runs the complete trial. `inject` makes writes fail, and `clear` removes the fault.
    pub fn run(mut self, inject: impl FnOnce(&Running), clear: impl FnOnce(&Running)) -> String {
        inject(&self.service);
        self.write_until_refused(10);
        self.sign_out_refused();
        self.readiness_turns(503);
        let read = self.service.request("GET", "/api/items", &self.token, "");
        assert_eq!(status(&read), 200, "reads go on: {read}");
        clear(&self.service);
        self.write_after_recovery();
        self.restart_and_count("-KILL")
    }
}

/// Cheap hashes, and no limit on how often one address signs in.
pub fn usual() -> [(&'static str, &'static str); 3] {
    [("ARGON2", "m=8,t=1,p=1"), ("RATE_LIMITS", "off"), ("LOG", "info")]
}

/// The log says once that writes fail, why, and once that they succeed again.
pub fn assert_logged_once(log: &str, cause: &str) {
    let failed: Vec<_> = log.lines().filter(|line| line.contains("writes fail; not ready")).collect();
    assert!(failed.len() == 1 && failed[0].contains(cause), "{failed:#?}\nexpected once: {cause}\n{log}");
    assert_eq!(log.matches("writes succeed again").count(), 1, "{log}");
}

pub fn readiness(service: &Running) -> u16 {
    status(&service.request("GET", "/health/ready", "", ""))
}

/// The status of creating an item, and its id; or the answer, if it was not created.
pub fn write(service: &Running, token: &str) -> (u16, String) {
    let answer = service.request("POST", "/api/items", token, r#"{"name":"x"}"#);
    let id = answer.split(r#"{"id":"#).nth(1).and_then(|rest| rest.split(',').next()).map(str::to_owned);
    (status(&answer), id.unwrap_or(answer))
}

fn write_at_last(service: &Running, token: &str) -> (u16, String) {
    repeat_slow(|| write(service, token), |(status, _)| *status)
}

/// Repeats a request that got 503 after more than a second, because a busy machine causes that, too. A connection that
/// the fault broke causes an immediate 503, which is not repeated.
fn repeat_slow<T>(request: impl Fn() -> T, status: impl Fn(&T) -> u16) -> T {
    let mut last = None;
    for _ in 0..10 {
        let asked = Instant::now();
        let answer = request();
        if status(&answer) != 503 || asked.elapsed() < Duration::from_secs(1) {
            return answer;
        }
        last = Some(answer);
    }
    last.unwrap()
}

fn sign_out(service: &Running, token: &str) -> u16 {
    status(&service.request("DELETE", "/api/sessions/current", token, ""))
}

pub fn status(answer: &str) -> u16 {
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no answer: {answer}"))
}
