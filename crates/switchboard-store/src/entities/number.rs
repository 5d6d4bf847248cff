//! A business phone number.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "numbers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub branch_id: Option<Uuid>,
    pub provider: String,
    pub provider_number_id: String,
    pub waba_id: Option<String>,
    pub name: String,
    pub display_phone: String,
    pub calling_enabled: bool,
    pub destination: String,
    pub answer_window_s: i32,
    pub max_concurrent_calls: i32,
    pub max_call_duration_s: i32,
    pub sandbox: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("numbers");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
