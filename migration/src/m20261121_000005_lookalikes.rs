//! Users' names are unique by how they look, too: the skeleton of the name's key.

use sea_orm_migration::prelude::*;

use crate::m20261120_000001_users::Users;
use crate::tables;

/// The index that keeps lookalikes out.
const UNIQUE: &str = "ux_users_username_skeleton";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
struct UsernameSkeleton;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        // A column that is added needs a default for the rows that are there. It stays: it is unique, so
        // at most one row could ever be left with it.
        let column = tables::text(UsernameSkeleton, 512, backend).default("").take();
        manager.alter_table(Table::alter().table(Users::Table).add_column(column).take()).await?;
        // A migration knows no Unicode tables, and nothing was released before this one: the key has to
        // do for who signed up earlier. It keeps the column unique, and no more.
        let fill = Query::update().table(Users::Table).value(UsernameSkeleton, Expr::col(Users::UsernameKey)).take();
        manager.execute(fill).await?;
        let unique = Index::create().name(UNIQUE).table(Users::Table).col(UsernameSkeleton).unique().take();
        manager.create_index(unique).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(UNIQUE).table(Users::Table).to_owned()).await?;
        manager.alter_table(Table::alter().table(Users::Table).drop_column(UsernameSkeleton).take()).await
    }
}
