//! A business.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tenants")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub created_at: DateTimeUtc,
    pub mask_numbers_for: String,
    pub calls_without_branch_visible: bool,
    pub invitation_valid_s: i32,
    pub password_reset_valid_s: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub outreach: Json,
}

super::masked_debug!("tenants");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
