//! What the provider said last of a number.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "number_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub number_id: Uuid,
    pub tenant_id: Uuid,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub settings: Option<Json>,
    pub settings_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub fields: Option<Json>,
    pub fields_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary")]
    pub restrictions: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub warning: Option<Json>,
    pub trouble: Option<String>,
    pub trouble_at: Option<DateTimeUtc>,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("number_states");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
