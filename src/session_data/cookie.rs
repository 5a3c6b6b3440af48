//! Session data in an encrypted and authenticated cookie. The server stores nothing.
//!
//! Each session has its own encryption keys, derived from the signing keys. So data of one session cannot be used in
//! another session. No key encrypts so often that its random nonces are likely to collide (NIST SP 800-38D §8.3). A
//! client can send an older cookie again. If two updates run in parallel, the later response overwrites the other
//! update. Use another store for data that must be exact.

use std::sync::Arc;

use cookie::{Cookie, CookieJar, Key};

use super::SessionContext;
use crate::auth::token::Tokens;
use crate::error::Error;
use crate::session_data::data::SessionData;

/// The name of the encrypted cookie. It is authenticated together with the value.
const NAME: &str = "variables";

pub(super) struct CookieStore {
    pub(super) tokens: Arc<Tokens>,
}

impl CookieStore {
    /// Decrypts the cookie. Returns empty data if neither the current key nor a retired key can decrypt it.
    pub(super) fn read(&self, context: SessionContext<'_>) -> SessionData {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(NAME, context.cookie.unwrap_or_default().to_owned()));
        let decrypted = self
            .tokens
            .keys()
            .iter()
            .find_map(|key| jar.private(&Key::from(&key.session_data_key(context.session).ok()?)).get(NAME));
        decrypted.and_then(|cookie| SessionData::from_json(cookie.value().as_bytes()).ok()).unwrap_or_default()
    }

    /// Changes the data. Returns the outcome and the new value of the cookie.
    pub(super) fn update<T>(
        &self,
        context: SessionContext<'_>,
        change: impl Fn(&mut SessionData) -> Result<T, Error>,
    ) -> Result<(T, String), Error> {
        let (outcome, json) = self.read(context).change(change)?;
        let key = self.tokens.keys().signing().session_data_key(context.session)?;
        let mut jar = CookieJar::new();
        jar.private_mut(&Key::from(&key)).add(Cookie::new(NAME, json));
        let encrypted = jar.get(NAME).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
        Ok((outcome, encrypted))
    }
}
