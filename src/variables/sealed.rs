//! Variables in the browser: encrypted and authenticated in a cookie, so the server keeps nothing.
//!
//! The keys are derived from those that sign tokens; retired ones still open. What is sealed names its session, so
//! it is of no use in another. A browser that keeps an older cookie can show it again, and of two answers at once
//! the later one is kept: what must be exact belongs into another store.

use cookie::{Cookie, CookieJar, Key};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Place;
use crate::auth::token::Tokens;
use crate::error::Error;
use crate::models::bag::Bag;

/// Bound to what is sealed, as the name of a cookie is.
const NAME: &str = "variables";

#[derive(Serialize, Deserialize)]
struct Content<B> {
    session: String,
    bag: B,
}

/// What the request's cookie holds for this session; nothing if it cannot be opened.
pub(super) fn open(tokens: &Tokens, place: Place<'_>) -> Bag {
    let Some(sealed) = place.sealed else { return Bag::default() };
    let keys = tokens.keys();
    let opened = keys.iter().find_map(|key| {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(NAME, sealed.to_owned()));
        jar.private(&Key::derive_from(key.sealing_secret().ok()?.as_bytes())).get(NAME)
    });
    let content = opened.and_then(|cookie| serde_json::from_str::<Content<Bag>>(cookie.value()).ok());
    content
        .filter(|content| content.session == place.session.to_string())
        .map(|content| content.bag)
        .unwrap_or_default()
}

/// Changes what the request's cookie holds; gives back what the next one is to hold.
pub(super) fn change<T>(
    tokens: &Tokens,
    place: Place<'_>,
    change: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<(T, String), Error> {
    let mut bag = open(tokens, place);
    let outcome = change(&mut bag)?;
    let bag = RawValue::from_string(bag.to_json()?).map_err(Error::fault)?;
    let content = Content { session: place.session.to_string(), bag };
    let json = serde_json::to_string(&content).map_err(Error::fault)?;
    let keys = tokens.keys();
    let mut jar = CookieJar::new();
    jar.private_mut(&Key::derive_from(keys.signing().sealing_secret()?.as_bytes())).add(Cookie::new(NAME, json));
    let sealed = jar.get(NAME).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    Ok((outcome, sealed))
}
