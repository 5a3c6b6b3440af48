//! Seeds: which were run, when, and the rows that each made, so that it can be taken back alone.
//!
//! The table is younger than those that seeds write to, so it is taken back before them: their ids are given
//! out again then, and must mean nothing to it.

use sea_orm_migration::prelude::*;

use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Seeds {
    Table,
    Name,
    RanAt,
    Made,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                tables::create(Seeds::Table, backend)
                    .col(tables::text(Seeds::Name, 64, backend).primary_key())
                    .col(tables::moment(Seeds::RanAt))
                    .col(ColumnDef::new(Seeds::Made).text().not_null())
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Seeds::Table).take()).await
    }
}
