//! Users: who signs in. The name is kept as typed and is unique by its normalised key.

use sea_orm_migration::prelude::*;

use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
pub(crate) enum Users {
    Table,
    Id,
    Username,
    UsernameKey,
    PasswordHash,
    CreatedAt,
    UpdatedAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                tables::create(Users::Table, backend)
                    .col(tables::id(Users::Id))
                    .col(tables::text(Users::Username, 64, backend))
                    .col(tables::text(Users::UsernameKey, 255, backend).unique_key())
                    .col(tables::text(Users::PasswordHash, 255, backend))
                    .col(tables::moment(Users::CreatedAt))
                    .col(tables::moment(Users::UpdatedAt))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Users::Table).take()).await
    }
}
