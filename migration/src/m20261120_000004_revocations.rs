//! Revocations: sessions that ended before their tokens expired. Replicas follow this table by `seq`.

use sea_orm_migration::prelude::*;

use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Revocations {
    Table,
    Seq,
    SessionId,
    Reason,
    RevokedAt,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        // No foreign key: a revocation outlives its session and its user.
        manager
            .create_table(
                tables::create(Revocations::Table, backend)
                    .col(tables::id(Revocations::Seq))
                    .col(tables::text(Revocations::SessionId, 22, backend))
                    .col(tables::text(Revocations::Reason, 32, backend))
                    .col(tables::moment(Revocations::RevokedAt))
                    .col(tables::moment(Revocations::ExpiresAt))
                    .take(),
            )
            .await?;
        for (name, column) in
            [("ix_revocations_session", Revocations::SessionId), ("ix_revocations_expiry", Revocations::ExpiresAt)]
        {
            manager.create_index(Index::create().name(name).table(Revocations::Table).col(column).take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Revocations::Table).take()).await
    }
}
