//! What belongs to the course's users, and what becomes of it here: rows of authtestdata become items, logs
//! become workout logs.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sea_orm::ConnectionTrait;

use super::source::{Column, Wanted};
use crate::auth::Rule;
use crate::error::Error;
use crate::models::brought::Brought;
use crate::models::item_name::ItemName;
use crate::models::workout_log::Entry;
use crate::models::workout_text::{Description, Detail};
use crate::models::{item, workout_log};

const OWNER: Column = Column { names: &["owner", "ownerid", "userid"], needed: true };
pub(super) const CREATED_AT: Column = Column { names: &["createdat"], needed: false };
const UPDATED_AT: Column = Column { names: &["updatedat"], needed: false };

/// A thing of a user's that is here already.
pub(super) struct Present {
    pub(super) owner_id: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) texts: Vec<String>,
    /// Whether it was changed here.
    pub(super) changed: bool,
}

/// What a row of a table that has an owner becomes.
pub(super) trait Belonging: Sized {
    /// Its columns begin with the owner and the two times.
    const TABLE: Wanted;

    /// What the columns after the first three describe.
    fn parse(texts: &[String]) -> Result<Self, Rule>;

    /// The texts by which it is known again.
    fn texts(&self) -> Vec<String>;

    /// What these owners have that was created between two moments.
    async fn present(
        db: &impl ConnectionTrait,
        owners: &HashSet<i64>,
        between: [DateTime<Utc>; 2],
    ) -> Result<Vec<Present>, Error>;

    async fn create_all(db: &impl ConnectionTrait, all: &[&Brought<Self>]) -> Result<(), Error>;
}

impl Belonging for ItemName {
    const TABLE: Wanted = Wanted {
        name: "authtestdata",
        columns: &[OWNER, CREATED_AT, UPDATED_AT, Column { names: &["authtestdata", "testdata"], needed: true }],
    };

    fn parse(texts: &[String]) -> Result<Self, Rule> {
        texts.first().ok_or(Rule::NameEmpty).and_then(|text| Self::parse(text))
    }

    fn texts(&self) -> Vec<String> {
        vec![self.as_str().to_owned()]
    }

    async fn present(
        db: &impl ConnectionTrait,
        owners: &HashSet<i64>,
        between: [DateTime<Utc>; 2],
    ) -> Result<Vec<Present>, Error> {
        let items = item::created_between(db, owners, between).await?.into_iter();
        let present = items.map(|item| Present {
            owner_id: item.owner_id,
            created_at: item.created_at.0,
            texts: vec![item.name],
            changed: item.version > 1,
        });
        Ok(present.collect())
    }

    async fn create_all(db: &impl ConnectionTrait, all: &[&Brought<Self>]) -> Result<(), Error> {
        item::create_all(db, all).await
    }
}

impl Belonging for Entry {
    const TABLE: Wanted = Wanted {
        name: "logs",
        columns: &[
            OWNER,
            CREATED_AT,
            UPDATED_AT,
            Column { names: &["description"], needed: true },
            Column { names: &["definition", "def"], needed: false },
            Column { names: &["result"], needed: false },
        ],
    };

    fn parse(texts: &[String]) -> Result<Self, Rule> {
        let [description, definition, result] = texts else { return Err(Rule::DescriptionEmpty) };
        Ok(Self {
            description: Description::or_empty(description)?,
            definition: Detail::parse(definition)?,
            result: Detail::parse(result)?,
        })
    }

    fn texts(&self) -> Vec<String> {
        [self.description.as_str(), self.definition.as_str(), self.result.as_str()].map(str::to_owned).to_vec()
    }

    async fn present(
        db: &impl ConnectionTrait,
        owners: &HashSet<i64>,
        between: [DateTime<Utc>; 2],
    ) -> Result<Vec<Present>, Error> {
        let logs = workout_log::created_between(db, owners, between).await?.into_iter();
        let present = logs.map(|log| Present {
            owner_id: log.owner_id,
            created_at: log.created_at.0,
            texts: vec![log.description, log.definition, log.result],
            changed: log.version > 1,
        });
        Ok(present.collect())
    }

    async fn create_all(db: &impl ConnectionTrait, all: &[&Brought<Self>]) -> Result<(), Error> {
        workout_log::create_all(db, all).await
    }
}
