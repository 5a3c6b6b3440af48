//! The export of everything that is stored about a user, except secrets. It is read page by page, so that an account with
//! many rows needs little memory.

use chrono::{DateTime, Utc};
use futures_util::Stream;
use futures_util::stream;

use crate::app::AppState;
use crate::auth::token::session_id::SessionId;
use crate::error::Error;
use crate::models::owned::Owned;
use crate::models::page::{Cursor, PageRequest, Sort};
use crate::models::{
    event, identity, imported_record, item, one_time_code, outbox, owned, session, session_variables, user, workout_log,
};
use crate::platform::database::Pool;
use crate::session_data::SessionContext;
use crate::session_data::data::SessionData;
use crate::types::{EventId, UserId};

/// The number of events, items or logs per query.
const PAGE: u64 = 200;

/// A part of the export. The parts come in the order of this list.
pub enum Part {
    Account { user: Box<user::Model>, imported: Option<imported_record::Model> },
    Sessions(Vec<ExportedSession>),
    Identities(Vec<identity::Model>),
    Codes(Vec<one_time_code::Model>),
    Messages(Vec<outbox::Model>),
    Events(Page<event::Model>),
    Items(Page<item::Model>),
    WorkoutLogs(Page<workout_log::Model>),
}

/// An active session with its variables.
pub struct ExportedSession {
    pub row: session::Model,
    /// Whether it is the session of the request.
    pub is_current: bool,
    pub data: SessionData,
}

/// Some of the rows of a list.
pub struct Page<T> {
    pub rows: Vec<T>,
    pub is_first: bool,
    pub is_last: bool,
}

/// Where the session variables are read.
pub enum VariableSource {
    /// The session store of the service. `current` is the session of the request, with its cookie.
    Service { app: AppState, current: Option<SessionId>, cookie: Option<String> },
    /// The database, for the command line.
    Database,
}

/// Reads the export of one user.
pub struct Export {
    pub db: Pool,
    pub user: user::Model,
    pub now: DateTime<Utc>,
    pub variables: VariableSource,
}

enum Step {
    Account,
    Sessions,
    Identities,
    Codes,
    Messages,
    Events(Option<EventId>),
    Items(Option<Cursor>),
    WorkoutLogs(Option<Cursor>),
    End,
}

impl Export {
    /// Returns the parts of the export. After an error, there are no more parts.
    pub fn parts(self) -> impl Stream<Item = Result<Part, Error>> + Send {
        stream::try_unfold((self, Step::Account), |(export, step)| async move {
            let next = export.next(step).await?;
            Ok(next.map(|(part, step)| (part, (export, step))))
        })
    }

    async fn next(&self, step: Step) -> Result<Option<(Part, Step)>, Error> {
        let id = self.user.id;
        Ok(Some(match step {
            Step::Account => {
                let imported = imported_record::of_user(&self.db, id).await?;
                (Part::Account { user: Box::new(self.user.clone()), imported }, Step::Sessions)
            }
            Step::Sessions => (Part::Sessions(self.sessions().await?), Step::Identities),
            Step::Identities => (Part::Identities(identity::list(&self.db, id).await?), Step::Codes),
            Step::Codes => (Part::Codes(one_time_code::list(&self.db, id, self.now).await?), Step::Messages),
            Step::Messages => (Part::Messages(outbox::list(&self.db, id).await?), Step::Events(None)),
            Step::Events(after) => {
                let rows = event::list(&self.db, id, after, PAGE).await?;
                let next = rows.last().map(|last| last.id).filter(|_| rows.len() as u64 == PAGE);
                let step = next.map_or(Step::Items(None), |last| Step::Events(Some(last)));
                (Part::Events(Page { rows, is_first: after.is_none(), is_last: next.is_none() }), step)
            }
            Step::Items(after) => {
                let (page, next) = self.page::<item::Entity>(id, after).await?;
                let step = next.map_or(Step::WorkoutLogs(None), |cursor| Step::Items(Some(cursor)));
                (Part::Items(page), step)
            }
            Step::WorkoutLogs(after) => {
                let (page, next) = self.page::<workout_log::Entity>(id, after).await?;
                (Part::WorkoutLogs(page), next.map_or(Step::End, |cursor| Step::WorkoutLogs(Some(cursor))))
            }
            Step::End => return Ok(None),
        }))
    }

    async fn sessions(&self) -> Result<Vec<ExportedSession>, Error> {
        let mut sessions = Vec::new();
        for row in session::list(&self.db, self.user.id, self.now).await? {
            let id = row.id.parse().map_err(|_| Error::fault("a session id in the database is invalid"))?;
            let is_current =
                matches!(self.variables, VariableSource::Service { current: Some(current), .. } if current == id);
            let data = self.variables(id, &row).await?;
            sessions.push(ExportedSession { row, is_current, data });
        }
        Ok(sessions)
    }

    async fn variables(&self, id: SessionId, row: &session::Model) -> Result<SessionData, Error> {
        match &self.variables {
            VariableSource::Service { app, current, cookie } => {
                let cookie = cookie.as_deref().filter(|_| *current == Some(id));
                let context = SessionContext { session: id, is_user: true, ends_at: row.expires_at.0, cookie };
                app.session_data.read(context).await
            }
            VariableSource::Database => {
                let row = session_variables::find(&self.db, id).await?;
                SessionData::stored(row.as_ref().map(|row| row.data.as_bytes()))
            }
        }
    }

    async fn page<E: Owned>(
        &self,
        owner: UserId,
        after: Option<Cursor>,
    ) -> Result<(Page<E::Model>, Option<Cursor>), Error> {
        let is_first = after.is_none();
        let request = PageRequest { limit: PAGE, sort: Sort::Oldest, after, containing: None };
        let (rows, next) = owned::page::<E>(&self.db, owner, &request).await?;
        Ok((Page { rows, is_first, is_last: next.is_none() }, next))
    }
}
