//! Rows of the course that belong to users. `authtestdata` is imported as items, and `logs` as workout logs.

use super::source::{CREATED_AT, ColumnSpec, TableSpec};
use crate::models::owned::Owned;
use crate::models::workout_log::Entry;
use crate::models::{item, workout_log};
use crate::types::ValidationError;
use crate::types::item_name::ItemName;
use crate::types::workout_text::{Description, Detail};

const OWNER: ColumnSpec = ColumnSpec { names: &["owner", "ownerid", "userid"], required: true };
const UPDATED_AT: ColumnSpec = ColumnSpec { names: &["updatedat"], required: false };

pub(super) trait OwnedRow: Sized {
    type Entity: Owned<Id: Into<i64>, Content = Self>;

    /// The table to read. Its first three columns are the owner, the creation time and the update time.
    const TABLE: TableSpec;

    /// Parses the columns after the first three.
    fn parse(texts: &[String]) -> Result<Self, ValidationError>;
}

impl OwnedRow for ItemName {
    type Entity = item::Entity;

    const TABLE: TableSpec = TableSpec {
        name: "authtestdata",
        columns: &[OWNER, CREATED_AT, UPDATED_AT, ColumnSpec { names: &["authtestdata", "testdata"], required: true }],
    };

    fn parse(texts: &[String]) -> Result<Self, ValidationError> {
        texts.first().ok_or(ValidationError::NameEmpty).and_then(|text| Self::parse(text))
    }
}

impl OwnedRow for Entry {
    type Entity = workout_log::Entity;

    const TABLE: TableSpec = TableSpec {
        name: "logs",
        columns: &[
            OWNER,
            CREATED_AT,
            UPDATED_AT,
            ColumnSpec { names: &["description"], required: true },
            ColumnSpec { names: &["definition", "def"], required: false },
            ColumnSpec { names: &["result"], required: false },
        ],
    };

    fn parse(texts: &[String]) -> Result<Self, ValidationError> {
        let [description, definition, result] = texts else { return Err(ValidationError::DescriptionEmpty) };
        Ok(Self {
            description: Description::or_empty(description)?,
            definition: Detail::parse(definition)?,
            result: Detail::parse(result)?,
        })
    }
}
