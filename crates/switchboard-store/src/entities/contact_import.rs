//! Contacts that are taken in from a file.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_imports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub made_by: String,
    pub made_by_name: String,
    pub lines: i32,
    pub lines_done: i32,
    pub created: i32,
    pub updated: i32,
    pub refused_count: i32,
    #[sea_orm(column_type = "JsonBinary")]
    pub refused: Json,
    pub created_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
}

super::masked_debug!("contact_imports");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
