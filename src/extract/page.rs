//! The query parameters of lists: `limit`, `sort`, `q` and `cursor`. The list of events has one order, and no search.

use std::marker::PhantomData;

use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use super::{Fields, FromQuery};
use crate::error::Error;
use crate::models::event;
use crate::models::owned::Owned;
use crate::models::page::{Cursor, Listing, PageRequest, Sort};
use crate::types::ValidationError;
use crate::types::limits::{DEFAULT_PAGE_LIMIT, MAX_PAGE_LIMIT};

/// The query parameters of a list of `E` rows.
pub struct ListQuery<E> {
    pub request: PageRequest,
    rows: PhantomData<E>,
}

impl<E: Owned> FromQuery for ListQuery<E> {
    fn from_query(fields: Fields) -> Result<Self, Error> {
        Ok(Self { request: page_request(fields, &E::LISTING, E::search_key)?, rows: PhantomData })
    }
}

impl<E: Owned> IntoParams for ListQuery<E> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let orders = E::LISTING.orders.split([',', ' ']).filter(|word| !["", "or"].contains(word));
        let [limit, cursor] = page_parameters();
        vec![
            limit,
            cursor,
            parameter("q", "Only rows that contain this text. Case does not matter.", text().build()),
            parameter("sort", "The order. `-` reverses it.", text().enum_values(Some(orders)).build()),
        ]
    }
}

/// The query parameters of the list of events.
pub struct EventsQuery {
    pub limit: u64,
    /// The cursor of the previous page.
    pub after: Option<Cursor>,
}

impl FromQuery for EventsQuery {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let limit = fields.optional("limit", limit).unwrap_or(DEFAULT_PAGE_LIMIT);
        let cursor = fields.optional("cursor", |text| Ok(text.to_owned()));
        let limit = fields.finish(Some(limit))?;
        let decode = |text: String| Cursor::decode(&text, &event::LISTING, Sort::Newest).ok_or(Error::BadCursor);
        Ok(Self { limit, after: cursor.map(decode).transpose()? })
    }
}

impl IntoParams for EventsQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page_parameters().into()
    }
}

/// Returns the parameters `limit` and `cursor`.
fn page_parameters() -> [Parameter; 2] {
    let limit = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_PAGE_LIMIT))
        .default(Some(DEFAULT_PAGE_LIMIT.into()));
    let cursor = ObjectBuilder::new().schema_type(Type::String);
    [
        parameter("limit", "The maximum number of rows.", limit.build()),
        parameter("cursor", "The `nextCursor` of the previous page.", cursor.build()),
    ]
}

fn parameter(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// Parses the parameters.
///
/// # Errors
/// [`Error::Invalid`] with all invalid parameters, and [`Error::BadCursor`].
fn page_request(
    mut fields: Fields,
    listing: &Listing,
    key: impl FnOnce(&str) -> Result<String, ValidationError>,
) -> Result<PageRequest, Error> {
    let limit = fields.optional("limit", limit).unwrap_or(DEFAULT_PAGE_LIMIT);
    let sort = fields.optional("sort", |word| {
        listing.sort(word).ok_or(ValidationError::NotAllowed { expected: listing.orders.into() })
    });
    let search = |text: &str| if text.is_empty() { Ok(None) } else { key(text).map(Some) };
    let containing = fields.optional("q", search).flatten();
    let cursor = fields.optional("cursor", |text| Ok(text.to_owned()));
    let request = PageRequest { limit, sort: sort.unwrap_or_default(), after: None, containing };
    let request = fields.finish(Some(request))?;
    let Some(text) = cursor else { return Ok(request) };
    let after = Cursor::decode(&text, listing, request.sort).ok_or(Error::BadCursor)?;
    Ok(PageRequest { after: Some(after), ..request })
}

fn limit(text: &str) -> Result<u64, ValidationError> {
    let limit =
        text.parse().ok().filter(|limit: &u64| (1..=MAX_PAGE_LIMIT).contains(limit) && limit.to_string() == text);
    limit.ok_or_else(|| ValidationError::NotAllowed { expected: format!("a number from 1 to {MAX_PAGE_LIMIT}").into() })
}
