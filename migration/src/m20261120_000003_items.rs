//! Items: what a user owns. Listed by age or by name, so both orders have an index that ends in the id.

use sea_orm_migration::prelude::*;

use crate::m20261120_000001_users::Users;
use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum Items {
    Table,
    Id,
    OwnerId,
    Name,
    NameKey,
    CreatedAt,
    UpdatedAt,
    Version,
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        manager
            .create_table(
                tables::create(Items::Table, backend)
                    .col(tables::id(Items::Id))
                    .col(ColumnDef::new(Items::OwnerId).big_integer().not_null())
                    .col(tables::text(Items::Name, 200, backend))
                    // 200 code points, each at most threefold under NFC and case folding.
                    .col(tables::text(Items::NameKey, 600, backend))
                    .col(tables::moment(Items::CreatedAt))
                    .col(tables::moment(Items::UpdatedAt))
                    .col(ColumnDef::new(Items::Version).big_integer().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_items_owner")
                            .from(Items::Table, Items::OwnerId)
                            .to(Users::Table, Users::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        for (name, order) in [("ix_items_age", Items::CreatedAt), ("ix_items_name", Items::NameKey)] {
            let index =
                Index::create().name(name).table(Items::Table).col(Items::OwnerId).col(order).col(Items::Id).take();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(Items::Table).take()).await
    }
}
