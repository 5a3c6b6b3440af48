//! A client or a browser whose exchanges are recorded.

use axum::http::Method;
use serde_json::Value;

use super::script::{Party, write};
use super::{Ask, Flow, labels};
use crate::support::{Browser, Client, Reply};

/// Sends requests to one replica, one at a time.
pub(crate) struct Caller<'f> {
    flow: &'f Flow,
    from: Party,
    to: Party,
    sender: Sender,
}

enum Sender {
    Client { client: Client, token: Option<String> },
    Browser(Browser),
}

impl<'f> Caller<'f> {
    pub(super) fn of_client(flow: &'f Flow, (from, to): (Party, Party), client: &Client) -> Self {
        Self { flow, from, to, sender: Sender::Client { client: client.clone(), token: None } }
    }

    pub(super) fn of_browser(flow: &'f Flow, (from, to): (Party, Party), browser: Browser) -> Self {
        Self { flow, from, to, sender: Sender::Browser(browser) }
    }

    /// The same client with a token in `Authorization`.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        let Sender::Client { client, .. } = &self.sender else { panic!("a browser sends its cookies") };
        let sender = Sender::Client { client: client.with_token(token), token: Some(token.to_owned()) };
        Self { flow: self.flow, from: self.from, to: self.to, sender }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Ask::new(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send(Ask::new(Method::DELETE, path)).await
    }

    pub(crate) async fn post<V: Into<Value> + Clone>(&self, path: &str, members: &[(&str, V)]) -> Reply {
        self.send(Ask::with_members(Method::POST, path, members)).await
    }

    pub(crate) async fn put<V: Into<Value> + Clone>(&self, path: &str, members: &[(&str, V)]) -> Reply {
        self.send(Ask::with_members(Method::PUT, path, members)).await
    }

    /// Sends a request and records the exchange.
    pub(crate) async fn send(&self, ask: Ask) -> Reply {
        let credentials = match &self.sender {
            Sender::Client { token: Some(token), .. } => vec![("authorization", format!("Bearer {token}"))],
            Sender::Client { token: None, .. } => vec![],
            Sender::Browser(browser) => browser.cookies().map(|cookies| ("cookie", cookies)).into_iter().collect(),
        };
        write(|script| {
            let label = labels::request(&ask, &credentials, &mut script.masks);
            script.begin_request(self.from, self.to, &label);
        });
        let is_to_proxy = ask.headers.iter().any(|(name, _)| *name == "x-original-method");
        let reply = self.sender.send(ask).await;
        write(|script| {
            let label = labels::response(&reply, is_to_proxy, &mut script.masks);
            script.end_request(self.to, self.from, &label);
        });
        reply
    }
}

impl Sender {
    async fn send(&self, Ask { method, path, headers, body }: Ask) -> Reply {
        match self {
            Self::Client { client, .. } => {
                let start = client.request(method, &path);
                let request = headers.iter().fold(start, |request, (name, value)| request.header(name, value));
                request.body(body.unwrap_or_default()).send().await
            }
            Self::Browser(browser) => {
                let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                browser.send_text(method, &path, &body.unwrap_or_default(), &headers).await
            }
        }
    }
}

/// The session token in the body of a response.
pub(crate) fn token_of(reply: &Reply) -> String {
    reply.json()["sessionToken"].as_str().unwrap_or_else(|| panic!("no token: {}", reply.text())).to_owned()
}
