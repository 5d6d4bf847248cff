//! Somebody who talks with the business.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "contacts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub branch_id: Option<Uuid>,
    pub branch_by_hand: bool,
    pub owner_user_id: Option<Uuid>,
    pub phone: Option<String>,
    pub phone_key: Option<String>,
    pub user_id: Option<String>,
    pub username: Option<String>,
    pub name: Option<String>,
    pub profile_name: Option<String>,
    pub country: Option<String>,
    pub lead_reference: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub tags: Json,
    pub automation_state: String,
    pub do_not_call: bool,
    pub search_text: String,
    pub last_message_at: Option<DateTimeUtc>,
    pub last_call_at: Option<DateTimeUtc>,
    pub uncallable_at: Option<DateTimeUtc>,
    pub listed_at: DateTimeUtc,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("contacts");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
