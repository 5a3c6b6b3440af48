//! Session variables: one row for each session that has any, removed with it or when it expires.

use sea_orm_migration::prelude::*;

use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum SessionVariables {
    Table,
    SessionId,
    Bag,
    ExpiresAt,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        // No foreign key: the sessions of anonymous visitors have no row.
        manager
            .create_table(
                tables::create(SessionVariables::Table, backend)
                    .col(tables::text(SessionVariables::SessionId, 22, backend).primary_key())
                    .col(ColumnDef::new(SessionVariables::Bag).text().not_null())
                    .col(tables::moment(SessionVariables::ExpiresAt))
                    .take(),
            )
            .await?;
        let expiry = Index::create()
            .name("ix_session_variables_expiry")
            .table(SessionVariables::Table)
            .col(SessionVariables::ExpiresAt)
            .take();
        manager.create_index(expiry).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(SessionVariables::Table).take()).await
    }
}
