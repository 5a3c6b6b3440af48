//! Logouts that providers reported. They also end a session whose sign-in is still in progress, and a logout token is not
//! used twice.
//!
//! Schema: `migration/src/m20261129_000023_provider_logouts.rs`.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;

use super::expiry::Expires;
use crate::error::Error;
use crate::types::digest::sha256;
use crate::types::provider_name::ProviderName;

/// How long a logout is remembered: longer than a sign-in in progress can take.
const LIFETIME: TimeDelta = TimeDelta::minutes(15);

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_logouts")]
pub struct Model {
    /// The hash of what ended: a session or an identity, or of the id of a logout token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: String,
    pub logged_out_at: ChronoUnixTimestampMillis,
    pub expires_at: ChronoUnixTimestampMillis,
}

impl ActiveModelBehavior for ActiveModel {}

impl Expires for Entity {
    type Key = String;
    const KEY: Column = Column::KeyHash;
    const EXPIRES_AT: Column = Column::ExpiresAt;
}

/// Returns the key of a session at a provider.
#[must_use]
pub fn session_key(provider: &ProviderName, session: &str) -> String {
    sha256(&["session ", provider.as_str(), " ", session])
}

/// Returns the key of an identity. `key_hash` is the one of the identity.
#[must_use]
pub fn identity_key(key_hash: &str) -> String {
    sha256(&["identity ", key_hash])
}

/// Returns the key of a logout token.
#[must_use]
pub fn token_key(provider: &ProviderName, id: &str) -> String {
    sha256(&["token ", provider.as_str(), " ", id])
}

/// The logouts that end one session.
pub struct Logouts {
    session_key: Option<String>,
    identity_key: String,
    /// When the ID token was issued. Earlier logouts of the identity do not matter.
    issued_at: DateTime<Utc>,
}

impl Logouts {
    #[must_use]
    pub fn new(provider: &ProviderName, identity: &str, session: Option<&str>, issued_at: DateTime<Utc>) -> Self {
        let session_key = session.map(|session| session_key(provider, session));
        Self { session_key, identity_key: identity_key(identity), issued_at }
    }
}

/// Records a logout, or the use of a logout token. Call this function in a transaction, which is committed before the
/// sessions are read.
pub async fn record(
    db: &impl ConnectionTrait,
    key: String,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = ActiveModel {
        key_hash: Set(key),
        logged_out_at: Set(ChronoUnixTimestampMillis(now)),
        expires_at: Set(ChronoUnixTimestampMillis(until.unwrap_or(now + LIFETIME))),
    };
    let update =
        OnConflict::column(Column::KeyHash).update_columns([Column::LoggedOutAt, Column::ExpiresAt]).to_owned();
    Entity::insert(row).on_conflict(update).exec_without_returning(db).await?;
    Ok(())
}

/// Returns whether the logout token with this key was used.
pub async fn is_used(db: &impl ConnectionTrait, token_key: &str) -> Result<bool, Error> {
    Ok(Entity::find_by_id(token_key).one(db).await?.is_some())
}

/// Returns whether one of these logouts is recorded.
pub async fn is_recorded(db: &impl ConnectionTrait, logouts: &Logouts) -> Result<bool, Error> {
    let keys = logouts.session_key.iter().chain([&logouts.identity_key]).map(String::as_str);
    let rows = Entity::find().filter(COLUMN.key_hash.is_in(keys)).all(db).await?;
    let is_session = |row: &Model| logouts.session_key.as_ref() == Some(&row.key_hash);
    // The ID token has whole seconds.
    let is_later = |row: &Model| row.logged_out_at.0.trunc_subsecs(0) >= logouts.issued_at;
    Ok(rows.iter().any(|row| is_session(row) || is_later(row)))
}
