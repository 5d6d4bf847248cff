//! Indexes for the calls of one customer.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, column) in
            [("calls_by_caller_phone", "caller_phone"), ("calls_by_caller_user_id", "caller_user_id")]
        {
            let mut index = Index::create();
            index.name(name).table("calls").col("tenant_id").col(column).col("listed_at").col("id");
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
