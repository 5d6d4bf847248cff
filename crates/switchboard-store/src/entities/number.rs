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
    pub business_calls_enabled: bool,
    pub outgoing_ring_s: i32,
    pub destination: String,
    pub answer_window_s: i32,
    pub max_concurrent_calls: i32,
    pub max_call_duration_s: i32,
    pub srtp_key_exchange: String,
    pub additional_codecs: String,
    pub recording_mode: String,
    pub recording_announcement: String,
    pub own_announcement_ms: Option<i32>,
    pub recording_waived_by: Option<Uuid>,
    pub recording_waived_at: Option<DateTimeUtc>,
    pub record_echo: bool,
    pub notice_language: String,
    pub sandbox: bool,
    pub drain_answer: String,
    pub icon_shown: Option<bool>,
    pub icon_countries: Option<String>,
    pub callback_permission: Option<bool>,
    pub test_number: bool,
    pub no_webhook_hours: Option<i32>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

super::masked_debug!("numbers");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
