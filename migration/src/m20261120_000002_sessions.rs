//! Sessions: one row for each that lives, written at sign-in and never read to validate a token.

use sea_orm_migration::prelude::*;

use crate::m20261120_000001_users::Users;
use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Sessions {
    Table,
    Id,
    UserId,
    CreatedAt,
    ExpiresAt,
    UserAgent,
    KeyId,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                tables::create(Sessions::Table, backend)
                    .col(tables::text(Sessions::Id, 22, backend).primary_key())
                    .col(ColumnDef::new(Sessions::UserId).big_integer().not_null())
                    .col(tables::moment(Sessions::CreatedAt))
                    .col(tables::moment(Sessions::ExpiresAt))
                    .col(ColumnDef::new(Sessions::UserAgent).string_len(255).null())
                    .col(tables::text(Sessions::KeyId, 11, backend))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_sessions_user")
                            .from(Sessions::Table, Sessions::UserId)
                            .to(Users::Table, Users::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        let by_user = Index::create()
            .name("ix_sessions_user")
            .table(Sessions::Table)
            .col(Sessions::UserId)
            .col(Sessions::CreatedAt)
            .take();
        manager.create_index(by_user).await?;
        let by_expiry =
            Index::create().name("ix_sessions_expiry").table(Sessions::Table).col(Sessions::ExpiresAt).take();
        manager.create_index(by_expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Sessions::Table).take()).await
    }
}
