//! Records a flow: what a test sends to the service, what the service answers, and what the database, the provider and
//! the mail server get meanwhile.
//!
//! A recording belongs to the thread of its test. The runtime of `#[tokio::test]` has one thread, so the service, the
//! provider and the test all run on it. A test sends one request at a time, so the order is always the same.

mod ask;
mod caller;
mod events;
mod labels;
mod masks;
mod page;
mod script;
mod sql;

use std::rc::Rc;
use std::sync::Arc;

use daypass::platform::clock::TestClock;
use daypass::platform::database;

use crate::support::{Browser, Client, Outbox, Person, Provider, TestApp, TestDatabase, moment, settings_of};
use script::{Script, write};

pub(crate) use ask::Ask;
pub(crate) use caller::{Caller, token_of};
pub(crate) use script::{Mail, Party};

/// The parties of most flows.
pub(crate) const CLIENT: Party = Party { id: "C", title: "client" };
pub(crate) const BROWSER: Party = Party { id: "W", title: "browser" };
pub(crate) const DAYPASS: Party = Party { id: "D", title: "Daypass" };
pub(crate) const REPLICA_A: Party = Party { id: "A", title: "replica A" };
pub(crate) const REPLICA_B: Party = Party { id: "R", title: "replica B" };
pub(crate) const DATABASE: Party = Party { id: "B", title: "database" };
pub(crate) const PROVIDER: Party = Party { id: "P", title: "provider" };
pub(crate) const MAIL_JOB: Party = Party { id: "J", title: "job that sends messages" };
pub(crate) const MAIL_SERVER: Party = Party { id: "M", title: "mail server" };
pub(crate) const OPERATOR: Party = Party { id: "O", title: "operator" };

pub(crate) const NEW_PASSWORD: &str = "another horse, another staple";
pub(crate) const WRONG_PASSWORD: &str = "not the password at all";

/// A flow that is being recorded.
pub(crate) struct Flow {
    page: &'static str,
    test: &'static str,
}

impl Flow {
    /// Starts to record the flow of `docs/flows/{page}.md` in `tests/flows/{test}.rs`. The diagram has the parties in this
    /// order.
    pub(crate) fn record(page: &'static str, test: &'static str, parties: &[Party]) -> Self {
        events::listen();
        script::start(Script::new(parties));
        Self { page, test }
    }

    /// Starts a service on SQLite, because other databases get other statements.
    pub(crate) async fn service(&self, flags: &[&str]) -> TestApp {
        self.service_with(&[], flags).await
    }

    /// Starts a service on SQLite with these providers.
    pub(crate) async fn service_with(&self, providers: &[&Provider], flags: &[&str]) -> TestApp {
        let database = TestDatabase::sqlite();
        database::migrate(&database.connect().await).await.unwrap();
        let clock = TestClock::at(moment("2026-11-20T12:00:00.250Z"));
        let flags = [&["--public-url=https://accounts.example.com", "--rate-limits=on"], flags].concat();
        for (name, provider) in ["provider", "other provider"].iter().zip(providers) {
            self.name(&provider.issuer(), name);
        }
        TestApp::on(Arc::new(database), clock, &flags, &settings_of(providers)).await
    }

    /// Starts a service on SQLite that writes its messages to a folder.
    pub(crate) async fn service_with_mail(&self, outbox: &Rc<Outbox>) -> TestApp {
        write(|script| script.open_mailbox(outbox));
        self.service(&[&outbox.flag()]).await
    }

    /// A client without a token.
    pub(crate) fn client(&self, from: Party, to: Party, client: &Client) -> Caller<'_> {
        Caller::of_client(self, (from, to), client)
    }

    /// A browser with a page of the service open.
    pub(crate) fn browser(&self, from: Party, to: Party, browser: Browser) -> Caller<'_> {
        Caller::of_browser(self, (from, to), browser)
    }

    /// Records work that no request causes, with the statements that it sends.
    pub(crate) async fn act<T>(&self, by: Party, what: &str, work: impl Future<Output = T>) -> T {
        write(|script| script.begin_work(by, what));
        let result = work.await;
        write(Script::end_work);
        result
    }

    /// Records a poll of the revocation feed.
    pub(crate) async fn poll(&self, replica: Party, app: &TestApp) {
        self.act(replica, "poll the revocation feed", app.app.revocation_feed.poll()).await.unwrap();
    }

    /// Records how the job sends the message that is due.
    pub(crate) async fn deliver_one(&self, app: &TestApp) -> Mail {
        let job = app.app.outgoing_mail.clone().unwrap();
        self.act(MAIL_JOB, "read the outbox", job.run_once()).await.unwrap();
        let mut sent = write(Script::take_sent);
        assert_eq!(sent.len(), 1, "with several messages, the order of the statements is not fixed");
        sent.remove(0)
    }

    /// Adds a note over one party or over several ones.
    pub(crate) fn note(&self, over: &[Party], text: &str) {
        write(|script| script.note(over, text));
    }

    /// Records how the browser opens the address of the provider, and how the user signs in there. Returns the address of
    /// the callback.
    pub(crate) fn sign_in_at(&self, provider: &Provider, location: &str, person: &Person) -> String {
        let callback = provider.authorize(location, person);
        let visit = format!("GET {}", labels::url(location));
        write(|script| {
            script.message(BROWSER, "->>", PROVIDER, &visit);
            script.message(PROVIDER, "-->>", BROWSER, &format!("303, Location: {}", labels::url(&callback)));
        });
        callback
    }

    /// Shows `[name]` wherever the diagram would have this value.
    pub(crate) fn name(&self, value: &str, name: &str) {
        write(|script| script.masks.name(value, name));
    }

    /// Compares the recording with the page, or writes it to the page if `UPDATE_FLOWS` is `1`.
    pub(crate) fn finish(self) {
        let diagram = script::finish();
        page::check(self.page, self.test, &diagram);
    }
}
