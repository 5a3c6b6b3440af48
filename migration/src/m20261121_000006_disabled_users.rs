//! Users whom an operator has disabled, and since when.

use sea_orm_migration::prelude::*;

use crate::m20261120_000001_users::Users;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
struct DisabledAt;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new(DisabledAt).big_integer().null().take();
        manager.alter_table(Table::alter().table(Users::Table).add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Users::Table).drop_column(DisabledAt).take()).await
    }
}
