//! The database: whether it can be reached, its migrations, and what depends on its kind.

use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use tokio::time::timeout;

use super::finding::Level;
use super::{Check, Finding, clock, sqlite, within};
use crate::config::{Config, EnvFile};
use crate::platform::clock::Clock;
use crate::platform::database;
use crate::platform::database::SchemaStatus;

const DATABASE: Check = Check("database");
const MIGRATIONS: Check = Check("migrations");
const ADDRESS: &str = "DATABASE_URL=<address of a database that this machine can reach>";
const CLOSE_WAIT: Duration = Duration::from_secs(1);

pub(super) async fn check(config: &Config, file: &EnvFile, clock: &Clock) -> Vec<Finding> {
    if file.check_secrets(|name| name == "DATABASE_URL").is_err() {
        return vec![DATABASE.error("not checked, because the address of the database cannot be read", ADDRESS)];
    }
    let url = &config.database.database_url;
    if let Some(finding) = missing_file(config) {
        return vec![finding];
    }
    let mut findings = sqlite::check(url, Level::strict(config.daypass_env));
    if url.is_in_memory() || findings.iter().any(|finding| finding.level == Level::Error) {
        return findings;
    }
    match within(read(config, clock)).await {
        Ok(read) => findings.extend(read),
        Err(cause) => findings.push(DATABASE.error(format!("{url}: {cause}"), ADDRESS)),
    }
    findings
}

/// Returns the finding if the SQLite file does not exist.
fn missing_file(config: &Config) -> Option<Finding> {
    let url = &config.database.database_url;
    let file = url.file().filter(|file| !file.exists())?;
    let path = std::path::absolute(&file).unwrap_or(file);
    Some(if url.creates_file() {
        let found =
            format!("there is no file {}; the first start creates it, unless this is the wrong folder", path.display());
        DATABASE.warning(found, "daypass migrate up, or run this command in the folder of the service")
    } else {
        let found = format!("there is no file {}, and DATABASE_URL does not permit to create it", path.display());
        DATABASE.error(found, format!("DATABASE_URL=sqlite://{}?mode=rwc", path.display()))
    })
}

async fn read(config: &Config, clock: &Clock) -> Vec<Finding> {
    let url = &config.database.database_url;
    let db = match database::inspect(url).await {
        Ok(db) => db,
        Err(error) => return vec![DATABASE.error(error.to_string(), ADDRESS)],
    };
    let findings =
        vec![DATABASE.ok(format!("{url} can be read")), migrations(&db).await, clock::of_database(&db, clock).await];
    let _ = timeout(CLOSE_WAIT, db.close()).await;
    findings
}

async fn migrations(db: &DatabaseConnection) -> Finding {
    let status = match database::schema_status(db).await {
        Ok(status) => status,
        Err(error) => return unreadable(&error),
    };
    match status {
        SchemaStatus { newer, .. } if !newer.is_empty() => MIGRATIONS.error(
            format!("a newer release of Daypass has changed the tables ({})", newer.join(", ")),
            "install that release again",
        ),
        SchemaStatus { applied: 0, .. } => MIGRATIONS
            .warning("the database has no tables of Daypass; the first start creates them", "daypass migrate up"),
        SchemaStatus { pending, .. } if !pending.is_empty() => MIGRATIONS.warning(
            format!("{} migrations are pending, from {}", pending.len(), pending[0]),
            "daypass migrate up, or restart the service with this release",
        ),
        SchemaStatus { applied, .. } => MIGRATIONS.ok(format!("all {applied} migrations are applied")),
    }
}

fn unreadable(error: &DbErr) -> Finding {
    MIGRATIONS.error(format!("cannot read the tables: {error}"), "daypass migrate status")
}
