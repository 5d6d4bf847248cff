//! A caller a business does not want.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "blocked_callers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub number_id: Option<Uuid>,
    pub phone: Option<String>,
    pub user_id: Option<String>,
    pub caller_name: Option<String>,
    pub reason: String,
    pub until: Option<DateTimeUtc>,
    pub created_by: String,
    pub created_by_name: String,
    pub created_at: DateTimeUtc,
}

super::masked_debug!("blocked_callers");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
