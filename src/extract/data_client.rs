//! The client of a request for session data.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;

use super::client_info::network;
use super::{Fields, FromQuery, Query};
use crate::accounts::session_data::DataClient;
use crate::app::AppState;
use crate::auth::token::AnySession;
use crate::error::Error;
use crate::transport::{FetchSite, Transport};

impl FromRequestParts<AppState> for DataClient {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Error> {
        let Query(TransportQuery(transport)) = Query::from_request_parts(parts, app).await?;
        let cookies = app.cookies(&parts.uri, &parts.headers);
        Ok(Self {
            session: <AnySession as OptionalFromRequestParts<AppState>>::from_request_parts(parts, app).await?,
            sealed_data: cookies.sealed(&parts.headers).map(str::to_owned),
            transport,
            site: FetchSite::of(parts, cookies.secure()),
            cookies: cookies.clone(),
            network: network(parts, app),
        })
    }
}

/// The query parameter `carrier`, `cookie` by default.
struct TransportQuery(Transport);

impl FromQuery for TransportQuery {
    fn from_query(mut fields: Fields) -> Result<Self, Error> {
        let transport = fields.optional("carrier", Transport::parse);
        fields.finish(Some(Self(transport.unwrap_or(Transport::Cookie))))
    }
}
