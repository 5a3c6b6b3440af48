//! Workout logs: a second thing that a user owns. Listed as items are, by age or by description.

use sea_orm_migration::prelude::*;

use crate::m20261120_000001_users::Users;
use crate::tables;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[derive(DeriveIden)]
enum WorkoutLogs {
    Table,
    Id,
    OwnerId,
    Description,
    DescriptionKey,
    Definition,
    Result,
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
                tables::create(WorkoutLogs::Table, backend)
                    .col(tables::id(WorkoutLogs::Id))
                    .col(ColumnDef::new(WorkoutLogs::OwnerId).big_integer().not_null())
                    .col(tables::text(WorkoutLogs::Description, 255, backend))
                    // 255 code points, each at most threefold under NFC and case folding.
                    .col(tables::text(WorkoutLogs::DescriptionKey, 765, backend))
                    .col(tables::text(WorkoutLogs::Definition, 255, backend))
                    .col(tables::text(WorkoutLogs::Result, 255, backend))
                    .col(tables::moment(WorkoutLogs::CreatedAt))
                    .col(tables::moment(WorkoutLogs::UpdatedAt))
                    .col(ColumnDef::new(WorkoutLogs::Version).big_integer().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_workout_logs_owner")
                            .from(WorkoutLogs::Table, WorkoutLogs::OwnerId)
                            .to(Users::Table, Users::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        let index = |name: &str, order| {
            Index::create().name(name).table(WorkoutLogs::Table).col(WorkoutLogs::OwnerId).col(order).take()
        };
        let by_age = index("ix_workout_logs_age", WorkoutLogs::CreatedAt).col(WorkoutLogs::Id).take();
        manager.create_index(by_age).await?;
        // Without the id, which would be eight bytes more than MySQL lets an index have. MySQL and SQLite put
        // it at the end of any index by themselves.
        manager.create_index(index("ix_workout_logs_description", WorkoutLogs::DescriptionKey)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table(WorkoutLogs::Table).take()).await
    }
}
