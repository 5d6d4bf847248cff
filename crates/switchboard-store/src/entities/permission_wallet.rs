//! What one contact allows one number.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "permission_wallets")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub contact_id: Uuid,
    pub number_id: Uuid,
    pub status: String,
    pub expires_at: Option<DateTimeUtc>,
    pub looked_up_at: Option<DateTimeUtc>,
    pub poll_at: Option<DateTimeUtc>,
    pub version: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub facts: Json,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("permission_wallets");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
