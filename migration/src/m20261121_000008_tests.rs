//! The course's table for its first database lessons: rows of text that belong to nobody.

use sea_orm_migration::prelude::*;

use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Tests {
    Table,
    Id,
    Testdata,
    CreatedAt,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                tables::create(Tests::Table, backend)
                    .col(tables::id(Tests::Id))
                    .col(tables::text(Tests::Testdata, 255, backend))
                    .col(tables::moment(Tests::CreatedAt))
                    .col(tables::moment(Tests::UpdatedAt))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Tests::Table).take()).await
    }
}
