//! Variables in the browser: encrypted and authenticated in a cookie, so the server keeps nothing.
//!
//! Each session has keys of its own, derived from those that sign tokens (retired ones still open): what is sealed is of
//! no use in another, and no key is used so often that two of its random nonces could be alike (NIST SP 800-38D §8.3).
//! A browser that keeps an older cookie can show it again, and of two answers at once the later one is kept: what must
//! be exact belongs into another store.

use cookie::{Cookie, CookieJar, Key};

use super::Place;
use crate::auth::token::Tokens;
use crate::error::Error;
use crate::models::bag::Bag;

/// Bound to what is sealed, as the name of a cookie is.
const NAME: &str = "variables";

/// What the request's cookie holds for this session; nothing if it cannot be opened.
pub(super) fn open(tokens: &Tokens, place: Place<'_>) -> Bag {
    let Some(sealed) = place.sealed else { return Bag::default() };
    let keys = tokens.keys();
    let opened = keys.iter().find_map(|key| {
        let mut jar = CookieJar::new();
        jar.add_original(Cookie::new(NAME, sealed.to_owned()));
        jar.private(&Key::derive_from(key.sealing_secret(place.session).ok()?.as_bytes())).get(NAME)
    });
    opened.and_then(|cookie| serde_json::from_str(cookie.value()).ok()).unwrap_or_default()
}

/// Changes what the request's cookie holds; gives back what the next one is to hold.
pub(super) fn change<T>(
    tokens: &Tokens,
    place: Place<'_>,
    change: impl Fn(&mut Bag) -> Result<T, Error>,
) -> Result<(T, String), Error> {
    let mut bag = open(tokens, place);
    let outcome = change(&mut bag)?;
    let json = bag.to_json()?;
    let secret = tokens.keys().signing().sealing_secret(place.session)?;
    let mut jar = CookieJar::new();
    jar.private_mut(&Key::derive_from(secret.as_bytes())).add(Cookie::new(NAME, json));
    let sealed = jar.get(NAME).map(|cookie| cookie.value().to_owned()).unwrap_or_default();
    Ok((outcome, sealed))
}
