//! The opening hours of a number.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "number_hours")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number_id: Uuid,
    pub tenant_id: Uuid,
    pub zone: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub weekly: Json,
    #[sea_orm(column_type = "JsonBinary")]
    pub holidays: Json,
    pub out_of_hours: String,
    pub out_of_hours_text: String,
    pub outbound_blocked: bool,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("number_hours");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
