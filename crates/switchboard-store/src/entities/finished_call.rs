//! A call that is over and not in the sums yet.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "finished_calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    pub tenant_id: Uuid,
    pub number_id: Uuid,
    pub at: DateTimeUtc,
    pub incoming: bool,
    pub pickable: bool,
    pub accepted: bool,
    pub seconds: i64,
    pub minutes: i64,
}

super::masked_debug!("finished_calls");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
