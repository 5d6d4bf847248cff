//! How far a pass over a sealed column has come.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "sealing_passes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sealed_column: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub goal: String,
    pub after: Option<Uuid>,
    pub done: bool,
}

super::masked_debug!("sealing_passes");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
