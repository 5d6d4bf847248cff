//! Something owed.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub kind: String,
    pub payload: String,
    pub target_id: Option<Uuid>,
    pub outbox_id: Option<Uuid>,
    pub once_key: Option<String>,
    pub state: String,
    pub attempts: i32,
    pub run_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub lease_node: Option<Uuid>,
    pub lease_epoch: Option<i64>,
    pub last_error: Option<String>,
}

super::masked_debug!("jobs");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
