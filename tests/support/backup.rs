//! A backup of the database: saves and restores the rows as an operator's tools would.

use daypass::models::{database_state, revocation, session, user};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel};

/// The rows of users and sessions.
pub struct Backup {
    users: Vec<user::Model>,
    sessions: Vec<session::Model>,
    revocations: Vec<revocation::Model>,
    state: Vec<database_state::Model>,
}

impl Backup {
    pub async fn of(db: &DatabaseConnection) -> Self {
        Self {
            users: user::Entity::find().all(db).await.unwrap(),
            sessions: session::Entity::find().all(db).await.unwrap(),
            revocations: revocation::Entity::find().all(db).await.unwrap(),
            state: database_state::Entity::find().all(db).await.unwrap(),
        }
    }

    /// Restores the rows and the numbers of the next rows.
    pub async fn restore(&self, db: &DatabaseConnection) {
        session::Entity::delete_many().exec(db).await.unwrap();
        user::Entity::delete_many().exec(db).await.unwrap();
        revocation::Entity::delete_many().exec(db).await.unwrap();
        database_state::Entity::delete_many().exec(db).await.unwrap();
        insert(db, &self.users).await;
        insert(db, &self.sessions).await;
        insert(db, &self.revocations).await;
        insert(db, &self.state).await;
        reset_sequence(db, ("users", "id"), self.users.iter().map(|user| user.id.0).max()).await;
        reset_sequence(db, ("revocations", "seq"), self.revocations.iter().map(|row| row.seq).max()).await;
    }
}

async fn insert<M>(db: &DatabaseConnection, rows: &[M])
where
    M: Clone + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel> + sea_orm::ModelTrait,
    <M::Entity as EntityTrait>::ActiveModel: ActiveModelTrait<Entity = M::Entity> + Send,
{
    for row in rows {
        let row = row.clone().into_active_model().reset_all();
        <M::Entity as EntityTrait>::insert(row).exec_without_returning(db).await.unwrap();
    }
}

/// Makes `last + 1` the next number of the column.
async fn reset_sequence(db: &DatabaseConnection, (table, column): (&str, &str), last: Option<i64>) {
    let last = last.unwrap_or(0);
    let statement = match db.get_database_backend() {
        DbBackend::Postgres => {
            format!("SELECT setval(pg_get_serial_sequence('{table}', '{column}'), {}, false)", last + 1)
        }
        DbBackend::MySql => format!("ALTER TABLE {table} AUTO_INCREMENT = {}", last + 1),
        _ => format!("UPDATE sqlite_sequence SET seq = {last} WHERE name = '{table}'"),
    };
    db.execute_unprepared(&statement).await.unwrap();
}
