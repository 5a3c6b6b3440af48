//! The parameters of a listing: `limit`, `sort`, `q` and `cursor`, the same for each.

use super::Fields;
use crate::auth::Rule;
use crate::error::Error;
use crate::models::page::{Cursor, DEFAULT_LIMIT, Listing, MAX_LIMIT, PageRequest};

/// Takes them. `key` makes the key to search for of a text that is not empty: only what can stand in a row
/// can be searched for.
///
/// # Errors
/// [`Error::Invalid`] with every parameter that breaks a rule, and [`Error::BadCursor`].
pub fn page_request(
    mut fields: Fields,
    listing: Listing,
    key: impl FnOnce(&str) -> Result<String, Rule>,
) -> Result<PageRequest, Error> {
    let limit = fields.optional("limit", limit).unwrap_or(DEFAULT_LIMIT);
    let sort = fields
        .optional("sort", |word| listing.sort(word).ok_or_else(|| Rule::NotAllowed { expected: listing.orders() }));
    let search = |text: &str| if text.is_empty() { Ok(None) } else { key(text).map(Some) };
    let containing = fields.optional("q", search).flatten();
    let cursor = fields.optional("cursor", |text| Ok(text.to_owned()));
    let request = PageRequest { listing, limit, sort: sort.unwrap_or_default(), after: None, containing };
    let request = fields.finish(Some(request))?;
    let Some(text) = cursor else { return Ok(request) };
    let after = Cursor::decode(&text, listing, request.sort).ok_or(Error::BadCursor)?;
    Ok(PageRequest { after: Some(after), ..request })
}

fn limit(text: &str) -> Result<u64, Rule> {
    let limit = text.parse().ok().filter(|limit: &u64| (1..=MAX_LIMIT).contains(limit) && limit.to_string() == text);
    limit.ok_or(Rule::NotAllowed { expected: "a number from 1 to 100" })
}
