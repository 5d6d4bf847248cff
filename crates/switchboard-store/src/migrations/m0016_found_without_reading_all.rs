//! Messages that are being sent, and contacts by what other systems call them, are found without reading all the others.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for index in [
            "CREATE INDEX messages_being_sent ON messages (id) WHERE status = 'pending'",
            "CREATE INDEX contacts_by_lead_reference ON contacts (tenant_id, lead_reference) WHERE lead_reference IS NOT NULL",
        ] {
            connection.execute_unprepared(index).await?;
        }
        Ok(())
    }
}
