//! The database of a course as Sequelize made it, read in pages. What a row holds is judged elsewhere; here it
//! only has to be found, on each database and by each name that its columns have had.

use sea_orm::{ConnectionTrait as _, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement};

use crate::cli::Failure;
use crate::cli::batch::BATCH;
use crate::config::DatabaseUrl;
use crate::database::{self, DatabaseError};

/// A table that we look for. Its name and those of its columns are compared without case and underscores.
pub(super) struct Wanted {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column that we look for.
pub(super) struct Column {
    /// Its names, the likelier first.
    pub(super) names: &'static [&'static str],
    /// Whether the table is of no use without it.
    pub(super) needed: bool,
}

/// What a table turns out to be.
pub(super) enum Found {
    Table(Table),
    Missing,
    /// Why its rows cannot be read.
    Unreadable(String),
}

/// A table that is there.
#[derive(Clone)]
pub(super) struct Table {
    name: String,
    id: String,
    /// In the order of [`Wanted`].
    columns: Vec<Option<String>>,
    pub(super) rows: u64,
    /// The id of the last row that was read.
    after: i64,
}

/// A row of it.
pub(super) struct Row {
    pub(super) id: i64,
    /// Its columns, in the order of [`Wanted`], or why they cannot be told. What is null or not there is empty.
    pub(super) texts: Result<Vec<String>, String>,
}

/// The source, opened.
pub(super) struct Source {
    db: DatabaseConnection,
}

impl Source {
    pub(super) async fn open(url: &DatabaseUrl) -> Result<Self, Failure> {
        let db = database::connect_read_only(url).await.map_err(|error| match error {
            DatabaseError::Address(why) => Failure::usage(format!("--from: {why}")),
            error => error.into(),
        })?;
        Ok(Self { db })
    }

    /// The source as it is now: who goes on writing to it does not change what is read.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Failure> {
        let db = database::begin_read_only(&self.db).await.map_err(failed)?;
        let backend = db.get_database_backend();
        let statement = Statement::from_string(backend, catalogue(backend));
        let mut columns = Vec::new();
        for row in db.query_all_raw(statement).await.map_err(failed)? {
            columns.push((row.try_get_by_index(0).map_err(failed)?, row.try_get_by_index(1).map_err(failed)?));
        }
        Ok(Snapshot { db, backend, columns })
    }
}

/// The names of all tables, each with the names of its columns.
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

/// The source at one moment.
pub(super) struct Snapshot {
    db: DatabaseTransaction,
    backend: DbBackend,
    /// Tables and columns.
    columns: Vec<(String, String)>,
}

impl Snapshot {
    pub(super) async fn find(&self, wanted: &Wanted) -> Result<Found, Failure> {
        let Some(name) = best(self.columns.iter().map(|(table, _)| table), wanted.name) else {
            return Ok(Found::Missing);
        };
        let columns = || self.columns.iter().filter(|(table, _)| table == name).map(|(_, column)| column);
        let mut found = Vec::new();
        for Column { names, needed } in wanted.columns {
            let column = names.iter().find_map(|name| best(columns(), name));
            if column.is_none() && *needed {
                return Ok(Found::Unreadable(format!("it has no column {}", names.join(" or "))));
            }
            found.push(column.map(|column| self.quoted(column)));
        }
        let Some(id) = best(columns(), "id") else {
            return Ok(Found::Unreadable("it has no column id".to_owned()));
        };
        let name = self.quoted(name);
        let count = Statement::from_string(self.backend, format!("SELECT COUNT(*) FROM {name}"));
        let counted = self.db.query_one_raw(count).await.map_err(failed)?;
        let rows: i64 = counted.map_or(Ok(0), |row| row.try_get_by_index(0)).map_err(failed)?;
        Ok(Found::Table(Table {
            name,
            id: self.quoted(id),
            columns: found,
            rows: rows.unsigned_abs(),
            after: i64::MIN,
        }))
    }

    /// The next rows in the order of their ids; none at the end.
    pub(super) async fn page(&self, table: &mut Table) -> Result<Vec<Row>, Failure> {
        let (text, whole, after) = match self.backend {
            DbBackend::Sqlite => ("TEXT", "INTEGER", "?"),
            DbBackend::Postgres => ("TEXT", "BIGINT", "CAST($1 AS BIGINT)"),
            _ => ("CHAR", "SIGNED", "?"),
        };
        let Table { name, id, columns, .. } = &*table;
        let mut chosen = format!("CAST({id} AS {whole})");
        for column in columns {
            chosen += &column.as_ref().map_or(", NULL".to_owned(), |column| format!(", CAST({column} AS {text})"));
        }
        let sql = format!("SELECT {chosen} FROM {name} WHERE {id} > {after} ORDER BY {id} LIMIT {BATCH}");
        let statement = Statement::from_sql_and_values(self.backend, sql, [table.after.into()]);
        let mut rows = Vec::new();
        for row in self.db.query_all_raw(statement).await.map_err(failed)? {
            let id: i64 = row.try_get_by_index(0).map_err(failed)?;
            // SQLite takes any text for a number, and would come to the same rows again and again.
            if id <= table.after {
                return Err(Failure::from(format!("the ids of {} are not whole numbers", table.name)));
            }
            table.after = id;
            let text = |index| row.try_get_by_index(index + 1).map(Option::unwrap_or_default);
            let texts = (0..table.columns.len()).map(|index| match table.columns[index] {
                Some(_) => text(index).map_err(|_| "it holds what is not text".to_owned()),
                None => Ok(String::new()),
            });
            rows.push(Row { id, texts: texts.collect() });
        }
        Ok(rows)
    }

    fn quoted(&self, name: &str) -> String {
        let mark = if self.backend == DbBackend::MySql { '`' } else { '"' };
        format!("{mark}{}{mark}", name.replace(mark, &format!("{mark}{mark}")))
    }
}

/// The name that is meant by `wanted`: the very name, else one that is spelled like it.
fn best<'a>(mut names: impl Iterator<Item = &'a String> + Clone, wanted: &str) -> Option<&'a String> {
    let like = |name: &&String| name.replace('_', "").to_lowercase() == wanted;
    let very = names.clone().find(|name| *name == wanted);
    very.or_else(|| names.find(like))
}

fn failed(error: DbErr) -> Failure {
    DatabaseError::Read(error).into()
}
