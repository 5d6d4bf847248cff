//! The business' own words that tell a customer that the call is recorded.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "number_announcements")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number_id: Uuid,
    pub tenant_id: Uuid,
    pub sound: Vec<u8>,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("number_announcements");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
