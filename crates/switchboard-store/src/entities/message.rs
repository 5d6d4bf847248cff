//! A message of a customer, or to one.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "messages")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub contact_id: Uuid,
    pub number_id: Uuid,
    pub direction: String,
    pub kind: String,
    pub status: String,
    pub text: Option<String>,
    pub provider_message_id: Option<String>,
    pub answers: Option<String>,
    pub error_code: Option<i64>,
    pub error_message: Option<String>,
    pub sent_by: Option<String>,
    pub sent_by_name: Option<String>,
    pub offers_call: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub detail: Json,
    pub at: DateTimeUtc,
    pub status_at: DateTimeUtc,
}

super::masked_debug!("messages");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
