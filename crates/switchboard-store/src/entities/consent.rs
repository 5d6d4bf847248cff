//! What a contact said about being called.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consents")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub contact_id: Uuid,
    pub kind: String,
    pub source: String,
    pub evidence: Option<String>,
    pub message_id: Option<String>,
    pub at: DateTimeUtc,
    pub valid_until: Option<DateTimeUtc>,
    pub recorded_by: String,
    pub recorded_by_name: String,
    pub recorded_at: DateTimeUtc,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by: Option<String>,
    pub revoked_by_name: Option<String>,
}

super::masked_debug!("consents");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
