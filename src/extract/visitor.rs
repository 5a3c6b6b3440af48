//! Who uses session variables: the holder of a session, or somebody who will have one with the first that is written.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::{Fields, FromQuery, Query, address};
use crate::app::App;
use crate::auth::Rule;
use crate::auth::address_prefix::AddressPrefix;
use crate::auth::token::AnySession;
use crate::carrier::{Carrier, Site};
use crate::error::Error;

/// Whose session variables a request is about.
pub struct Visitor {
    /// The session; none yet of somebody who presents no token.
    pub session: Option<AnySession>,
    /// Variables that came in a cookie.
    pub sealed: Option<String>,
    /// How the token of a session that begins here is to travel.
    pub carrier: Carrier,
    /// From whose page this came.
    pub site: Site,
    /// Where it came from, as far as it counts for limits.
    pub from: AddressPrefix,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let Query(Asked(carrier)) = Query::from_request_parts(parts, app).await?;
        let address = address(&parts.headers, &parts.extensions, &app.config.limits.trusted_proxies);
        Ok(Self {
            session: <AnySession as OptionalFromRequestParts<App>>::from_request_parts(parts, app).await?,
            sealed: app.cookies.sealed(&parts.headers).map(str::to_owned),
            carrier,
            site: Site::of(parts, app.cookies.secure()),
            from: AddressPrefix::of(address),
        })
    }
}

/// `?carrier=bearer`; a cookie unless it says so.
struct Asked(Carrier);

impl FromQuery for Asked {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let carrier = fields.optional("carrier", carrier);
        fields.finish(Some(Self(carrier.unwrap_or(Carrier::Cookie))))
    }
}

/// Reads the name of a carrier.
///
/// # Errors
/// [`Rule::Carrier`].
pub fn carrier(word: &str) -> Result<Carrier, Rule> {
    Carrier::named(word).ok_or(Rule::Carrier)
}
