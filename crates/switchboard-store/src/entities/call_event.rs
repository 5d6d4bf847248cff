//! One entry of the event log. Tenant and branch are those of its call.

use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "call_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub tx: i64,
    pub id: Uuid,
    pub call_id: Uuid,
    pub seq: i32,
    pub at: DateTimeUtc,
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
}

super::masked_debug!("call_events");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::call::Entity", from = "Column::CallId", to = "super::call::Column::Id")]
    Call,
}

impl ActiveModelBehavior for ActiveModel {}

impl Related<super::call::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Call.def()
    }
}

/// An entry with what it inherits from its call.
#[derive(FromQueryResult)]
pub struct WithCall {
    pub position: i64,
    pub tx: i64,
    pub id: Uuid,
    pub call_id: Uuid,
    pub tenant_id: Uuid,
    pub branch_id: Option<Uuid>,
    pub seq: i32,
    pub at: DateTimeUtc,
    pub kind: String,
    pub data: Json,
}
