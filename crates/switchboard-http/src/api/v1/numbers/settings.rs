//! One number with its settings, and changing them.

mod changed;
pub(crate) mod recording;

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::call::input::{Destination, DrainAnswer};
use switchboard_core::ids::{BranchId, NumberId};
use switchboard_core::media_terms::{AdditionalCodec, AdditionalCodecs, SrtpKeyExchange};
use switchboard_engine::clock::rfc3339;
use switchboard_store::StoreError;
use switchboard_store::numbers::{self, NumberChange};
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::auth::setup::checked_name;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Id, named};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// Meta rings a customer for 30 to 60 s; less than 15 s is not enough to reach for the phone.
const ANSWER_WINDOW_S: RangeInclusive<u32> = 15..=55;
/// How long Meta lets a phone ring is not known; nobody waits longer than two minutes.
const OUTGOING_RING_S: RangeInclusive<u32> = 15..=120;
/// Meta allows a number 1,000 calls at once (C8).
const CONCURRENT_CALLS: RangeInclusive<u32> = 1..=1_000;
/// From never to a year.
const NO_WEBHOOK_HOURS: RangeInclusive<u32> = 0..=8_760;
/// From a minute to a day (C11).
const CALL_DURATION_S: RangeInclusive<u32> = 60..=86_400;

/// A business number with its settings.
#[derive(Serialize, ToSchema)]
pub(crate) struct NumberSettings {
    /// `num_…`
    id: String,
    /// What the business calls it.
    name: String,
    /// In international form.
    display_phone: String,
    /// `br_…`; null: all branches.
    branch_id: Option<String>,
    /// Calls of customers are taken.
    calling_enabled: bool,
    /// People may call customers from it.
    business_calls_enabled: bool,
    /// How long a customer's phone rings at the most when he is called, in seconds.
    outgoing_ring_s: u32,
    /// `agents`, `echo`.
    destination: &'static str,
    /// Seconds after Meta's offer in which a call may be answered.
    answer_window_s: u32,
    /// Calls at once.
    max_concurrent_calls: u32,
    /// The longest a call may last, in seconds.
    max_call_duration_s: u32,
    /// `dtls`, `sdes`: how the keys of a customer's audio are agreed, as the number is set at Meta.
    srtp_key_exchange: &'static str,
    /// `pcmu`, `pcma`: codecs taken beside Opus.
    additional_codecs: Vec<&'static str>,
    /// `off`, `on` (every call, after the announcement), `agent` (by a button).
    recording_mode: &'static str,
    /// `en`, `es`, `pt-BR`, `own`: with which words the customer is told.
    recording_announcement: &'static str,
    /// How long the business' own announcement is; null: none was uploaded.
    own_announcement_ms: Option<u32>,
    /// An admin answers for recording without an announcement.
    recording_waiver: bool,
    /// When the waiver was given.
    recording_waived_at: Option<String>,
    /// Calls to the echo are recorded, too.
    record_echo: bool,
    /// `en`, `es`, `pt-BR`: in which language notices are spoken.
    notice_language: &'static str,
    /// `reject`, `ignore`: what a customer gets who calls while the server is being stopped.
    drain_answer: &'static str,
    /// Hours without a webhook after which an alert is raised; null: `SWITCHBOARD_NO_WEBHOOK_HOURS`, 0: never.
    no_webhook_hours: Option<u32>,
    /// Belongs to a simulator.
    sandbox: bool,
}

/// What may be changed of a number; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NumberSettingsChange {
    /// 1 to 100 characters.
    name: Option<String>,
    /// `br_…`; null: all branches.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<String>)]
    branch_id: Option<Option<String>>,
    /// Calls of customers are taken.
    calling_enabled: Option<bool>,
    /// People may call customers from it.
    business_calls_enabled: Option<bool>,
    /// 15 to 120: how long a customer's phone rings at the most when he is called.
    outgoing_ring_s: Option<u32>,
    /// `agents`, `echo`.
    #[schema(example = "agents")]
    destination: Option<String>,
    /// 15 to 55.
    answer_window_s: Option<u32>,
    /// 1 to 1,000.
    max_concurrent_calls: Option<u32>,
    /// 60 to 86,400.
    max_call_duration_s: Option<u32>,
    /// `dtls`, `sdes`.
    #[schema(example = "dtls")]
    srtp_key_exchange: Option<String>,
    /// `pcmu`, `pcma`; none of them: Opus only.
    #[schema(example = json!(["pcmu"]))]
    additional_codecs: Option<Vec<String>>,
    /// `off`, `on`, `agent`.
    #[schema(example = "on")]
    recording_mode: Option<String>,
    /// `en`, `es`, `pt-BR`, `own`.
    #[schema(example = "en")]
    recording_announcement: Option<String>,
    /// True: record without an announcement. Needs `confirm`; who gave it is kept.
    recording_waiver: Option<bool>,
    /// Says that the waiver is meant.
    confirm: Option<bool>,
    /// Calls to the echo are recorded, too.
    record_echo: Option<bool>,
    /// `en`, `es`, `pt-BR`.
    #[schema(example = "en")]
    notice_language: Option<String>,
    /// `reject`: the call is rejected at once; `ignore`: the phone rings on, for another server or for nobody.
    #[schema(example = "reject")]
    drain_answer: Option<String>,
    /// Hours without a webhook after which an alert is raised, up to a year; null: as the installation, 0: never.
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<u32>)]
    no_webhook_hours: Option<Option<u32>>,
}

impl From<numbers::Number> for NumberSettings {
    fn from(row: numbers::Number) -> Self {
        Self {
            id: row.id.to_string(),
            name: row.name,
            display_phone: row.display_phone,
            branch_id: row.branch.map(|branch| branch.to_string()),
            calling_enabled: row.calling_enabled,
            business_calls_enabled: row.business_calls_enabled,
            outgoing_ring_s: row.outgoing_ring_s,
            destination: row.destination.as_str(),
            answer_window_s: row.answer_window_s,
            max_concurrent_calls: row.max_concurrent_calls,
            max_call_duration_s: row.max_call_duration_s,
            srtp_key_exchange: row.srtp_key_exchange.as_str(),
            additional_codecs: row.additional_codecs.iter().map(AdditionalCodec::as_str).collect(),
            recording_mode: row.recording.mode.as_str(),
            recording_announcement: row.recording.announcement.as_str(),
            own_announcement_ms: row
                .recording
                .own
                .map(|length| u32::try_from(length.as_millis()).unwrap_or(u32::MAX)),
            recording_waiver: row.recording.waived,
            recording_waived_at: row.recording_waiver.map(|waiver| rfc3339(waiver.at)),
            record_echo: row.recording.echo,
            notice_language: row.notice_language.as_str(),
            drain_answer: row.drain_answer.as_str(),
            no_webhook_hours: row.no_webhook_hours,
            sandbox: row.sandbox,
        }
    }
}

impl NumberSettingsChange {
    /// Each value checked, or the first that cannot be taken.
    fn checked(&self) -> Result<NumberChange, Problem> {
        Ok(NumberChange {
            name: self.name.as_deref().map(checked_name).transpose()?,
            branch: self
                .branch_id
                .as_ref()
                .map(|branch| branch.as_deref().map(checked_branch).transpose())
                .transpose()?,
            calling_enabled: self.calling_enabled,
            business_calls_enabled: self.business_calls_enabled,
            outgoing_ring_s: in_range(self.outgoing_ring_s, "outgoing_ring_s", &OUTGOING_RING_S)?,
            destination: self
                .destination
                .as_deref()
                .map(|word| {
                    let words = Destination::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
                    Destination::from_word(word).ok_or_else(|| Problem::unknown_word("destination", &words))
                })
                .transpose()?,
            answer_window_s: in_range(self.answer_window_s, "answer_window_s", &ANSWER_WINDOW_S)?,
            max_concurrent_calls: in_range(
                self.max_concurrent_calls,
                "max_concurrent_calls",
                &CONCURRENT_CALLS,
            )?,
            max_call_duration_s: in_range(self.max_call_duration_s, "max_call_duration_s", &CALL_DURATION_S)?,
            srtp_key_exchange: self
                .srtp_key_exchange
                .as_deref()
                .map(|word| checked_key_exchange(word, "srtp_key_exchange"))
                .transpose()?,
            additional_codecs: self
                .additional_codecs
                .as_deref()
                .map(|words| checked_codecs(words, "additional_codecs"))
                .transpose()?,
            no_webhook_hours: self
                .no_webhook_hours
                .map(|hours| in_range(hours, "no_webhook_hours", &NO_WEBHOOK_HOURS))
                .transpose()?,
            drain_answer: self
                .drain_answer
                .as_deref()
                .map(|word| {
                    let words = DrainAnswer::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
                    DrainAnswer::from_word(word).ok_or_else(|| Problem::unknown_word("drain_answer", &words))
                })
                .transpose()?,
            ..NumberChange::default()
        })
    }
}

/// One number with its settings.
#[utoipa::path(
    get, operation_id = "get_number", path = "/api/v1/numbers/{id}", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberSettings),
        (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<NumberSettings> {
    let row = state.store().numbers().by_id(&signed_in.actor.scope, id).await?;
    Ok(Json(row.ok_or_else(Problem::not_found)?.into()))
}

/// Changes the settings of a number. Calls that are live keep what they began with.
#[utoipa::path(
    patch, operation_id = "change_number", path = "/api/v1/numbers/{id}", tag = "numbers",
    request_body = NumberSettingsChange,
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = NumberSettings),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, description = "`invalid_name`, `unknown_branch`, `unknown_word`, `out_of_range`, `confirmation_needed`, `announcement_needed`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    Body(wanted): Body<NumberSettingsChange>,
) -> Answer<NumberSettings> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let now = state.engine().clock().now();
    let mut change = wanted.checked()?;
    recording::checked(&wanted, &mut change, &known, &signed_in, now)?;
    let entries = changed::entries(&change, &known, &signed_in, address, now);
    let row = match state.store().numbers().update_audited(scope, known.id, change, entries, now).await {
        Ok(row) => row,
        // The number itself was within reach a moment ago.
        Err(StoreError::Dangling { .. } | StoreError::OutOfScope { .. }) => {
            return Err(Problem::field(Code::UnknownBranch, "branch_id"));
        }
        Err(error) => return Err(error.into()),
    };
    state.engine().reload_numbers().await?;
    tracing::info!(number.id = %row.id, "the settings of a number were changed");
    Ok(Json(row.into()))
}

fn checked_branch(id: &str) -> Result<BranchId, Problem> {
    id.parse().map_err(|_| Problem::field(Code::UnknownBranch, "branch_id"))
}

pub(super) fn checked_codecs(words: &[String], path: &str) -> Result<AdditionalCodecs, Problem> {
    words.iter().try_fold(AdditionalCodecs::NONE, |all, word| {
        let known = AdditionalCodec::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
        let codec = AdditionalCodec::from_word(word).ok_or_else(|| Problem::unknown_word(path, &known))?;
        Ok(all.with(codec))
    })
}

pub(super) fn checked_key_exchange(word: &str, path: &str) -> Result<SrtpKeyExchange, Problem> {
    let words = SrtpKeyExchange::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>();
    SrtpKeyExchange::from_word(word).ok_or_else(|| Problem::unknown_word(path, &words))
}

fn in_range(value: Option<u32>, path: &str, taken: &RangeInclusive<u32>) -> Result<Option<u32>, Problem> {
    match value {
        Some(value) if !taken.contains(&value) => Err(Problem::out_of_range(path, taken)),
        value => Ok(value),
    }
}
