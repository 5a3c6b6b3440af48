//! Reads a course database, which Sequelize created, page by page. Column names differ between editions of the course,
//! so each column has several possible names. This module does not validate the values.

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait as _, Order, Query};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::cli::batch::BATCH_SIZE;
use crate::cli::failure::Failure;
use crate::platform::database;
use crate::platform::database::{DatabaseError, DatabaseUrl};

/// A table to find. Comparisons of names ignore case and underscores.
pub(super) struct TableSpec {
    pub(super) name: &'static str,
    pub(super) columns: &'static [ColumnSpec],
}

pub(super) struct ColumnSpec {
    /// The possible names, most likely first.
    pub(super) names: &'static [&'static str],
    /// Whether the table cannot be read without this column.
    pub(super) required: bool,
}

pub(super) const CREATED_AT: ColumnSpec = ColumnSpec { names: &["createdat"], required: false };

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("table not found")]
    NoTable,
    #[error("not read: column {0} not found")]
    NoColumn(String),
}

pub(super) struct Table {
    name: String,
    id: String,
    /// The column names in the order of [`TableSpec`]. `None` for a missing column.
    columns: Vec<Option<String>>,
    pub(super) rows: u64,
    /// The id of the last row that was read.
    after: i64,
}

pub(super) struct Row {
    pub(super) id: i64,
    /// The values in the order of [`TableSpec`], or why they cannot be read. A null value or a missing column becomes
    /// an empty string.
    pub(super) texts: Result<Vec<String>, String>,
}

pub(super) struct Source {
    /// The name of the source in `imported_records`.
    pub(super) name: String,
    db: DatabaseConnection,
}

impl Source {
    pub(super) async fn open(url: &DatabaseUrl, name: String) -> Result<Self, Failure> {
        let db = database::connect_read_only(url).await.map_err(|error| match error {
            DatabaseError::Address(why) => Failure::usage(format!("--from: {why}")),
            error => error.into(),
        })?;
        Ok(Self { name, db })
    }

    /// Begins a read-only transaction. Later writes to the source do not affect its queries.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let db = database::begin_read_only(&self.db).await.map_err(failed)?;
        let backend = db.get_database_backend();
        let statement = Statement::from_string(backend, catalogue(backend));
        let mut columns = Vec::new();
        for row in db.query_all_raw(statement).await.map_err(failed)? {
            columns.push((row.try_get_by_index(0).map_err(failed)?, row.try_get_by_index(1).map_err(failed)?));
        }
        Ok(Snapshot { db, columns })
    }
}

/// Returns the query for the table and column names of the database.
fn catalogue(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')"
        }
        DbBackend::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = ANY (current_schemas(false))"
        }
        _ => {
            "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR) FROM information_schema.columns \
             WHERE table_schema = DATABASE()"
        }
    }
}

pub(super) struct Snapshot {
    db: DatabaseTransaction,
    /// Pairs of a table name and a column name.
    columns: Vec<(String, String)>,
}

impl Snapshot {
    pub(super) async fn find(&self, spec: &TableSpec) -> Result<Result<Table, Unreadable>, Failure> {
        let Some(name) = find_name(self.columns.iter().map(|(table, _)| table), spec.name) else {
            return Ok(Err(Unreadable::NoTable));
        };
        let columns = || self.columns.iter().filter(|(table, _)| table == name).map(|(_, column)| column);
        let mut found = Vec::new();
        for ColumnSpec { names, required } in spec.columns {
            let column = names.iter().find_map(|name| find_name(columns(), name));
            if column.is_none() && *required {
                return Ok(Err(Unreadable::NoColumn(names.join(" or "))));
            }
            found.push(column.cloned());
        }
        let Some(id) = find_name(columns(), "id") else {
            return Ok(Err(Unreadable::NoColumn("id".to_owned())));
        };
        let count = Query::select().expr(Expr::col(Asterisk).count()).from(name.clone()).take();
        let counted = self.db.query_one(&count).await.map_err(failed)?;
        let rows: i64 = counted.map_or(Ok(0), |row| row.try_get_by_index(0)).map_err(failed)?;
        let (name, id) = (name.clone(), id.clone());
        Ok(Ok(Table { name, id, columns: found, rows: rows.unsigned_abs(), after: i64::MIN }))
    }

    /// Returns the next rows in the order of their ids. The page is empty at the end of the table.
    pub(super) async fn page(&self, table: &mut Table) -> Result<Vec<Row>, Failure> {
        let (text, integer) = match self.db.get_database_backend() {
            DbBackend::Sqlite => ("TEXT", "INTEGER"),
            DbBackend::Postgres => ("TEXT", "BIGINT"),
            _ => ("CHAR", "SIGNED"),
        };
        let id = Expr::col(table.id.clone());
        let mut page = Query::select();
        page.expr(id.clone().cast_as(integer)).from(table.name.clone()).and_where(id.gt(table.after));
        for column in &table.columns {
            page.expr(column.clone().map_or(Expr::cust("NULL"), |column| Expr::col(column).cast_as(text)));
        }
        page.order_by(table.id.clone(), Order::Asc).limit(BATCH_SIZE as u64);
        let mut rows = Vec::new();
        for row in self.db.query_all(&page).await.map_err(failed)? {
            let id: i64 = row.try_get_by_index(0).map_err(failed)?;
            // SQLite casts any text to a number. Without this check, the same page could be read forever.
            if id <= table.after {
                return Err(Failure::from(format!("the ids of {} are not integers", table.name)));
            }
            table.after = id;
            let text = |index| row.try_get_by_index(index + 1).map(Option::unwrap_or_default);
            let texts = (0..table.columns.len()).map(|index| match table.columns[index] {
                Some(_) => text(index).map_err(|_| "not text".to_owned()),
                None => Ok(String::new()),
            });
            rows.push(Row { id, texts: texts.collect() });
        }
        Ok(rows)
    }
}

/// Finds a name. An exact match takes precedence over a match that ignores case and underscores.
fn find_name<'a>(mut names: impl Iterator<Item = &'a String> + Clone, wanted: &str) -> Option<&'a String> {
    let like = |name: &&String| name.replace('_', "").to_lowercase() == wanted;
    let exact = names.clone().find(|name| *name == wanted);
    exact.or_else(|| names.find(like))
}

fn failed(error: DbErr) -> Failure {
    DatabaseError::Read(error).into()
}
