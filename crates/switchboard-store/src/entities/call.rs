//! A call.

use sea_orm::entity::prelude::*;

#[derive(Clone, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "calls")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub branch_id: Option<Uuid>,
    pub number_id: Uuid,
    pub provider_call_id: String,
    pub direction: String,
    pub caller_name: Option<String>,
    pub caller_phone: Option<String>,
    pub caller_user_id: Option<String>,
    pub caller_parent_user_id: Option<String>,
    pub caller_username: Option<String>,
    pub caller_country: Option<String>,
    pub called_phone: Option<String>,
    pub cta_payload: Option<String>,
    pub deeplink_payload: Option<String>,
    #[sea_orm(column_type = "JsonBinary")]
    pub metadata: Json,
    pub sdp_offer: Option<String>,
    pub sdp_answer: Option<String>,
    pub state: String,
    pub status: String,
    pub offered: bool,
    pub destination: Option<String>,
    pub answer_window_ms: Option<i64>,
    pub max_call_duration_ms: Option<i64>,
    pub placed_by: Option<Uuid>,
    pub dialled_at: Option<DateTimeUtc>,
    pub rang_at: Option<DateTimeUtc>,
    pub idempotency_key: Option<String>,
    pub offered_at: Option<DateTimeUtc>,
    pub answer_by: Option<DateTimeUtc>,
    pub pre_accepted_at: Option<DateTimeUtc>,
    pub accepted_at: Option<DateTimeUtc>,
    pub answered_at: Option<DateTimeUtc>,
    pub answered_by: Option<Uuid>,
    #[sea_orm(column_type = "JsonBinary")]
    pub ringing: Json,
    pub outcome: Option<String>,
    pub end_reason: Option<String>,
    pub ended_by: Option<String>,
    pub ended_by_user: Option<Uuid>,
    pub ended_at: Option<DateTimeUtc>,
    pub error_code: Option<i64>,
    pub error_message: Option<String>,
    pub provider_started_at: Option<DateTimeUtc>,
    pub provider_ended_at: Option<DateTimeUtc>,
    pub provider_duration_ms: Option<i64>,
    pub talk_seconds: Option<i64>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub quality: Option<Json>,
    pub search_text: String,
    pub listed_at: DateTimeUtc,
    pub owner_node: Uuid,
    pub owner_epoch: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub contact_id: Option<Uuid>,
    pub counted_at: Option<DateTimeUtc>,
}

super::masked_debug!("calls");

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
