//! Usernames must also look different: a unique column with the skeleton of the username key.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

use crate::tables;

/// The unique index that rejects lookalike usernames.
const UNIQUE: &str = "ux_users_username_skeleton";

pub(crate) fn up(db: DbBackend) -> Vec<Statement> {
    // A new column needs a default for existing rows. The default is not removed: the column is unique, so at most one
    // row can have it.
    let column = tables::text("username_skeleton", 512, db).default("").take();
    // Migrations cannot compute skeletons, and no release preceded this migration. So existing users get their key as
    // skeleton, which is unique but does not detect lookalikes.
    let fill = Query::update().table("users").value("username_skeleton", Expr::col("username_key")).take();
    let unique = Index::create().name(UNIQUE).table("users").col("username_skeleton").unique().take();
    vec![tables::add_column("users", column, db), db.build(&fill), db.build(&unique)]
}

pub(crate) fn down(db: DbBackend) -> Vec<Statement> {
    let index = db.build(Index::drop().name(UNIQUE).table("users"));
    vec![index, tables::drop_column("users", "username_skeleton", db)]
}
