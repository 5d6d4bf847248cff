//! One entry of the event log. Of a call's entry tenant and branch are those of the call; another names its own.

use sea_orm::FromQueryResult;
use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "call_events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub tx: i64,
    pub id: Uuid,
    pub call_id: Option<Uuid>,
    pub seq: i32,
    pub at: DateTimeUtc,
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub data: Json,
    pub tenant_id: Option<Uuid>,
    pub contact_id: Option<Uuid>,
    pub number_id: Option<Uuid>,
}

super::masked_debug!("call_events");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::call::Entity", from = "Column::CallId", to = "super::call::Column::Id")]
    Call,
    #[sea_orm(
        belongs_to = "super::contact::Entity",
        from = "Column::ContactId",
        to = "super::contact::Column::Id"
    )]
    Contact,
    #[sea_orm(
        belongs_to = "super::number::Entity",
        from = "Column::NumberId",
        to = "super::number::Column::Id"
    )]
    Number,
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
    pub id: Uuid,
    pub call_id: Uuid,
    pub tenant_id: Uuid,
    pub branch_id: Option<Uuid>,
    pub seq: i32,
    pub at: DateTimeUtc,
    pub kind: String,
    pub data: Json,
}
