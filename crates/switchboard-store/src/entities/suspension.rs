//! A time in which a number does not call and is not rung.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "suspensions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub number_id: Uuid,
    pub since: DateTimeUtc,
    pub until: DateTimeUtc,
    pub missed: i32,
    pub lifted_at: Option<DateTimeUtc>,
    pub lifted_by: Option<String>,
}

super::masked_debug!("suspensions");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
