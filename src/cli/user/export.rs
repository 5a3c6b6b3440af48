//! `daypass user export`: prints the document of `GET /api/users/me/export`.

use std::io::{self, Write as _};
use std::pin::pin;

use futures_util::StreamExt as _;

use super::account;
use crate::accounts::{Export, VariableSource};
use crate::cli::failure::Failure;
use crate::platform::clock::Clock;
use crate::platform::database::Pool;
use crate::views;

/// Session variables are included if they are stored in the database.
pub(super) async fn run(db: &Pool, name: &str) -> Result<(), Failure> {
    let user = account::find(db, name).await?;
    let now = Clock::System.now();
    let parts = Export { db: db.clone(), user, now, variables: VariableSource::Database }.parts();
    let mut document = pin!(views::export(parts, now));
    while let Some(bytes) = document.next().await {
        io::stdout().lock().write_all(&bytes?).map_err(|error| error.to_string())?;
    }
    Ok(())
}
