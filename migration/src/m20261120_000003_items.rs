//! Items of users. Lists are sorted by creation time or by name, so there is an index for each order. Each index ends
//! with the id.

use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    let table = db.build(
        tables::create("items", db)
            .col(tables::id("id"))
            .col(tables::integer("owner_id"))
            .col(tables::text("name", 200, db))
            // The name has at most 200 code points. NFC and case folding produce at most three code points for each.
            .col(tables::text("name_key", 600, db))
            .col(tables::moment("created_at"))
            .col(tables::moment("updated_at"))
            .col(tables::integer("version"))
            .foreign_key(&mut tables::of_user("fk_items_owner", "items", "owner_id")),
    );
    let by_age = tables::index("ix_items_age", "items", &["owner_id", "created_at", "id"], db);
    let by_name = tables::index("ix_items_name", "items", &["owner_id", "name_key", "id"], db);
    vec![table, by_age, by_name]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    vec![tables::drop("items", db)]
}
