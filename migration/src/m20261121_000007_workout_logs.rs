//! Workout logs of users. Lists are sorted by creation time or by description.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("workout_logs", db)
            .col(tables::id("id"))
            .col(tables::integer("owner_id"))
            .col(tables::text("description", 255, db))
            // The description has at most 255 code points. NFC and case folding produce at most three code points for
            // each.
            .col(tables::text("description_key", 765, db))
            .col(tables::text("definition", 255, db))
            .col(tables::text("result", 255, db))
            .col(tables::moment("created_at"))
            .col(tables::moment("updated_at"))
            .col(tables::integer("version"))
            .foreign_key(&mut tables::of_user("fk_workout_logs_owner", "workout_logs", "owner_id")),
    );
    let by_age = tables::index("ix_workout_logs_age", "workout_logs", &["owner_id", "created_at", "id"], db);
    // This index does not contain the id: its eight bytes would exceed MySQL's limit of 3,072 bytes. MySQL and SQLite
    // append the primary key to every index.
    let columns = ["owner_id", "description_key"];
    vec![table, by_age, tables::index("ix_workout_logs_description", "workout_logs", &columns, db)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("workout_logs", db)]
}
