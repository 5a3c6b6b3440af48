//! The lines of a diagram, in the order in which things happened.

use std::cell::RefCell;
use std::rc::Rc;

use super::masks::Masks;
use super::{DATABASE, MAIL_JOB, MAIL_SERVER, PROVIDER};
use crate::support::Outbox;

/// A participant of a diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
}

/// A message that was sent.
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) code: String,
}

/// The recording of one test.
pub(super) struct Script {
    pub(super) masks: Masks,
    parties: Vec<Party>,
    lines: Vec<String>,
    /// The party that works now. Its statements are recorded.
    working: Option<Party>,
    /// The number of statements, transactions included, since the last request.
    statements: usize,
    in_transaction: bool,
    mailbox: Option<Rc<Outbox>>,
    sent: Vec<Mail>,
}

thread_local! {
    static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
}

pub(super) fn start(script: Script) {
    SCRIPT.with_borrow_mut(|current| *current = Some(script));
}

/// Adds to the recording of this thread.
pub(super) fn write<T>(write: impl FnOnce(&mut Script) -> T) -> T {
    SCRIPT.with_borrow_mut(|script| write(script.as_mut().expect("the flow is being recorded")))
}

/// Adds to the recording, if this thread records and a party works.
pub(super) fn write_if_recording(write: impl FnOnce(&mut Script)) {
    SCRIPT.with_borrow_mut(|script| {
        if let Some(script) = script.as_mut().filter(|script| script.working.is_some()) {
            write(script);
        }
    });
}

/// Ends the recording and returns the diagram.
pub(super) fn finish() -> String {
    SCRIPT.take().expect("the flow is being recorded").diagram()
}

impl Script {
    pub(super) fn new(parties: &[Party]) -> Self {
        Self {
            masks: Masks::new(),
            parties: parties.to_vec(),
            lines: Vec::new(),
            working: None,
            statements: 0,
            in_transaction: false,
            mailbox: None,
            sent: Vec::new(),
        }
    }

    pub(super) fn message(&mut self, from: Party, arrow: &str, to: Party, text: &str) {
        assert!([from, to].iter().all(|party| self.parties.contains(party)), "{from:?} {to:?} {text}");
        let text = self.masks.line(text);
        self.lines.push(format!("{}{arrow}{}: {text}", from.id, to.id));
    }

    pub(super) fn note(&mut self, over: &[Party], text: &str) {
        let over: Vec<_> = over.iter().map(|party| party.id).collect();
        let text = self.masks.line(text);
        self.lines.push(format!("Note over {}: {text}", over.join(",")));
    }

    pub(super) fn begin_request(&mut self, from: Party, to: Party, text: &str) {
        self.message(from, "->>", to, text);
        (self.working, self.statements) = (Some(to), 0);
    }

    /// Records the response. A note shows that the database got no statement.
    pub(super) fn end_request(&mut self, from: Party, to: Party, text: &str) {
        if self.statements == 0 && self.parties.contains(&DATABASE) {
            self.note(&[from], "no SQL");
        }
        self.working = None;
        self.message(from, "-->>", to, text);
    }

    pub(super) fn begin_work(&mut self, by: Party, what: &str) {
        self.message(by, "->>", by, what);
        self.working = Some(by);
    }

    pub(super) fn end_work(&mut self) {
        self.read_mailbox();
        self.working = None;
    }

    pub(super) fn statement(&mut self, summary: &str) {
        self.read_mailbox();
        self.statements += 1;
        let working = self.working.expect("statements are recorded while a party works");
        self.message(working, "->>", DATABASE, summary);
    }

    /// Records a span of a transaction. SeaORM also starts a rollback of transactions that have ended.
    pub(super) fn transaction(&mut self, span: &str) {
        match (span, self.in_transaction) {
            ("begin", _) => {
                self.in_transaction = true;
                self.statement("BEGIN");
            }
            ("commit", _) => {
                self.in_transaction = false;
                self.statement("COMMIT");
            }
            ("rollback" | "start_rollback", true) => {
                self.in_transaction = false;
                self.statement("ROLLBACK");
            }
            _ => {}
        }
    }

    pub(super) fn provider_exchange(&mut self, request: &str, response: &str) {
        let working = self.working.expect("requests are recorded while a party works");
        self.message(working, "->>", PROVIDER, request);
        self.message(PROVIDER, "-->>", working, response);
    }

    pub(super) fn open_mailbox(&mut self, outbox: &Rc<Outbox>) {
        self.mailbox = Some(Rc::clone(outbox));
    }

    pub(super) fn take_sent(&mut self) -> Vec<Mail> {
        std::mem::take(&mut self.sent)
    }

    /// Records the messages that were sent since the last statement.
    fn read_mailbox(&mut self) {
        let Some(outbox) = self.mailbox.clone() else { return };
        for letter in outbox.read() {
            let code = self.masks.numbered("code", &letter.code);
            let text = format!("message to {}, {:?}, with {code}", letter.to, letter.subject);
            self.message(MAIL_JOB, "-)", MAIL_SERVER, &text);
            self.sent.push(Mail { to: letter.to, code: letter.code });
        }
    }

    fn diagram(self) -> String {
        let parties = self.parties.iter().map(|party| format!("participant {} as {}", party.id, party.title));
        let lines: String = parties.chain(self.lines).map(|line| format!("    {line}\n")).collect();
        format!("sequenceDiagram\n{lines}")
    }
}
