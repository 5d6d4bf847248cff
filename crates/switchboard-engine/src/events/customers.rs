//! Customers as the outside may see them: contacts, messages, permissions.

use serde::Serialize;
use switchboard_core::phone::PhoneNumber;
use utoipa::ToSchema;

use super::Person;

/// A customer.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Contact)]
pub struct ContactView {
    /// `ct_…`
    #[schema(example = "ct_0199aaaabbbb7ccc8ddd000000000001")]
    pub id: String,
    /// What he is called: by the business, else by himself.
    pub name: Option<String>,
    /// His number, `+` and digits; null for who has none, and for who reads numbers in part.
    pub phone: Option<String>,
    /// His number as people of its country write it; in part for who reads numbers in part.
    pub phone_display: Option<String>,
    /// WhatsApp's id of him for this business.
    pub user_id: Option<String>,
    /// WhatsApp username, without `@`.
    pub username: Option<String>,
    /// ISO 3166 country of the number.
    pub country: Option<String>,
    /// Whose customer he is.
    pub owner: Option<Person>,
    /// `br_…`; null: every branch sees him.
    pub branch_id: Option<String>,
    /// Words he is found by.
    pub tags: Vec<String>,
    /// What other systems call him.
    pub lead_reference: Option<String>,
    /// What works on him besides people: `none`, `ai`, `flow`, `blocked`.
    pub automation_state: &'static str,
    /// Since when he is known.
    pub created_at: String,
    /// When he wrote, or was written to.
    pub last_message_at: Option<String>,
    /// When he called, or was called.
    pub last_call_at: Option<String>,
    /// Until when he may be written to freely, on the number that is open longest.
    pub window_until: Option<String>,
    /// He does not want to be called, whatever else was said.
    pub do_not_call: bool,
}

impl std::fmt::Debug for ContactView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContactView").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MessageError {
    /// The provider's code; -1 when there is none.
    pub code: i64,
    /// The provider's text.
    pub message: String,
}

/// A message of a customer, or to one.
#[derive(Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// `msg_…`
    pub id: String,
    /// `ct_…`
    pub contact_id: String,
    /// `num_…`
    pub number_id: String,
    /// `incoming` or `outgoing`.
    pub direction: &'static str,
    /// `text`, `template`, `call_permission_request`, `call_permission_reply`, `voice_call`, `audio` …
    pub kind: String,
    /// What is written in it.
    pub text: Option<String>,
    /// `received`, `pending`, `unclear` (nobody knows whether it left), `sent`, `delivered`, `read`, `played`, `failed`.
    pub status: &'static str,
    /// When.
    pub at: String,
    /// Why it did not arrive.
    pub error: Option<MessageError>,
    /// It offers a call: a yes within the hour is a consent.
    pub offers_call: bool,
    /// A template's `name` and `language`, a button's `payload`.
    pub detail: serde_json::Value,
    /// Who sent it.
    pub sent_by: Option<Person>,
    /// Whose number is hidden in the text for who reads numbers in part.
    #[serde(skip)]
    #[schema(ignore)]
    pub customer: Option<PhoneNumber>,
}

impl std::fmt::Debug for MessageView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageView")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// How often a customer was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RequestsUsed {
    /// In the last 24 hours.
    pub used_day: u32,
    /// So often one may in 24 hours.
    pub max_day: u32,
    /// In the last seven days.
    pub used_week: u32,
    /// So often one may in seven days.
    pub max_week: u32,
    /// When he may be asked again; null: now.
    pub next_at: Option<String>,
    /// Why not now: `permanent`, `limit_day`, `limit_week`, `meta_says`.
    pub why: Option<&'static str>,
}

/// How many calls of ours a customer took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CallsUsed {
    /// Connected in the last 24 hours.
    pub connected_day: u32,
    /// So many there may be.
    pub max_day: u32,
}

/// Something that happened to a permission.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PermissionEntry {
    /// When we knew it.
    pub at: String,
    /// `requested`, `granted`, `denied`, `revoked`, `expired`, `reply_ignored` …
    pub event: String,
    /// `request`, `callback`, `profile`, `lookup`, `automatic`.
    pub source: Option<String>,
    /// What belongs to it.
    pub detail: serde_json::Value,
}

/// What one customer allows one number.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = Permission)]
pub struct PermissionView {
    /// `ct_…`
    pub contact_id: String,
    /// `num_…`
    pub number_id: String,
    /// `none`, `requested`, `temporary`, `permanent`, `denied`, `revoked`, `expired`.
    pub status: &'static str,
    /// Where the last change came from: `request`, `callback`, `profile`, `lookup`, `automatic`.
    pub source: Option<&'static str>,
    /// When it was given.
    pub granted_at: Option<String>,
    /// When it ends by the provider's rule; null for a permanent one.
    pub expires_at: Option<String>,
    /// Until when it may be used: the house rule's end, or the provider's when that is earlier.
    pub call_until: Option<String>,
    /// The permission itself lets a call through now; other rules may still be in the way.
    pub allows_call: bool,
    /// How often he was asked.
    pub requests: RequestsUsed,
    /// How many calls he took.
    pub calls: CallsUsed,
    /// Calls of ours in a row that he did not take.
    pub unanswered_in_row: u32,
    /// The call that would be this many is warned of.
    pub unanswered_warn: u32,
    /// The call that would be this many needs a confirmation: the provider then takes the permission away.
    pub unanswered_block: u32,
    /// Whose counts these are: `us`, or `meta` when it was asked since the last change.
    pub said_by: &'static str,
    /// When the provider was asked last.
    pub looked_up_at: Option<String>,
    /// What happened, the newest first; empty in lists.
    pub history: Vec<PermissionEntry>,
}
