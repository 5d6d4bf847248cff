//! Limits of a number that differ from those of the exchange.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "number_safeguards")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number_id: Uuid,
    pub tenant_id: Uuid,
    pub per_minute: Option<i32>,
    pub per_hour: Option<i32>,
    pub missed: Option<i32>,
    pub missed_within_s: Option<i32>,
    pub suspend_for_s: Option<i32>,
    pub unanswered_warn: Option<i32>,
    pub unanswered_block: Option<i32>,
    pub monthly_minutes: Option<i32>,
    pub pickup_within_s: Option<i32>,
    pub pickup_calls: Option<i32>,
    pub pickup_watch_percent: Option<i32>,
    pub pickup_low_percent: Option<i32>,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("number_safeguards");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
