//! An entry of the audit log.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub at: DateTimeUtc,
    pub actor: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    pub what: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub subject_name: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub detail: Json,
    pub address: Option<String>,
}

super::masked_debug!("audit_entries");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
