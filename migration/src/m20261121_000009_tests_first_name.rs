//! The course's lesson on migrations: its table gains a column and keeps its rows, up and down.

use sea_orm_migration::prelude::*;

use crate::m20261121_000008_tests::Tests;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
struct FirstName;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Rows that are there have no first name.
        let column = ColumnDef::new(FirstName).string_len(255).null().take();
        manager.alter_table(Table::alter().table(Tests::Table).add_column(column).take()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table(Tests::Table).drop_column(FirstName).take()).await
    }
}
