//! Between a call in our types and its columns. What is written is read back equal; a row that cannot be read says
//! which column it is.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ActiveValue, Iterable};
use serde_json::{Value, json};
use switchboard_core::call::input::{CallPolicy, Destination, Direction, ProviderFault};
use switchboard_core::call::state::{CallFacts, EndReason, EndedBy, Ending, Outcome, ProviderState};
use switchboard_core::ids::{BranchId, CallId, EventId, NodeId, NumberId, ProviderCallId, TenantId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::recording::RecordingPolicy;
use uuid::Uuid;

use super::row::{CallRow, CallSdp, Caller, EventRow};
use crate::columns::{Cell, json as storable, moment, text, timestamp};
use crate::entities::{call, call_event};
use crate::error::StoreError;
use crate::sealing::keyring::Keyring;
use crate::search_text;

/// All columns, for a new row.
pub(super) fn to_columns(call: &CallRow, keys: &Keyring) -> call::ActiveModel {
    call::ActiveModel {
        sdp_offer: sealed(call, "sdp_offer", &call.sdp_offer, keys),
        sdp_answer: sealed(call, "sdp_answer", &call.sdp_answer, keys),
        ..plain_columns(call)
    }
}

/// A row that was read has no SDP in it: what is not there now stays as it is.
fn sealed(
    call: &CallRow,
    column: &'static str,
    sdp: &Option<String>,
    keys: &Keyring,
) -> ActiveValue<Option<String>> {
    let reading = Reading { id: call.id.uuid() };
    sdp.as_ref().map_or(NotSet, |sdp| Set(Some(keys.seal(reading.cell(column), sdp))))
}

/// All that is not sealed.
fn plain_columns(call: &CallRow) -> call::ActiveModel {
    let facts = &call.facts;
    let ending = facts.ending.as_ref();
    let fault = ending.and_then(|ending| ending.fault.as_ref());
    let words = |words: &Option<String>| Set(words.as_deref().map(text));
    let caller = &call.caller;
    let searched =
        [caller.name.as_deref(), caller.phone.as_ref().map(PhoneNumber::digits), caller.username.as_deref()];
    call::ActiveModel {
        id: Set(call.id.uuid()),
        tenant_id: Set(call.tenant.uuid()),
        branch_id: Set(call.branch.map(BranchId::uuid)),
        number_id: Set(call.number.uuid()),
        provider_call_id: Set(handle(call)),
        placed_by: Set(facts.placed_by.map(UserId::uuid)),
        dialled_at: Set(facts.dialled_at.map(moment)),
        rang_at: Set(facts.rang_at.map(moment)),
        idempotency_key: words(&call.idempotency_key),
        direction: Set(call.direction.as_str().to_owned()),
        caller_name: words(&caller.name),
        caller_phone: Set(caller.phone.as_ref().map(|phone| phone.digits().to_owned())),
        caller_user_id: words(&caller.user_id),
        caller_parent_user_id: words(&caller.parent_user_id),
        caller_username: words(&caller.username),
        caller_country: words(&caller.country),
        called_phone: Set(call.to.as_ref().map(|phone| phone.digits().to_owned())),
        cta_payload: words(&call.cta_payload),
        deeplink_payload: words(&call.deeplink_payload),
        metadata: Set(storable(&call.metadata)),
        sdp_offer: NotSet,
        sdp_answer: NotSet,
        state: Set(facts.state.as_str().to_owned()),
        status: Set(facts.status().as_str().to_owned()),
        offered: Set(facts.offered),
        destination: Set(facts.policy.as_ref().map(|policy| policy.destination.as_str().to_owned())),
        answer_window_ms: Set(facts.policy.as_ref().map(|policy| millis(policy.answer_window))),
        max_call_duration_ms: Set(facts.policy.as_ref().map(|policy| millis(policy.max_call_duration))),
        offered_at: Set(facts.offered_at.map(moment)),
        answer_by: Set(facts.answer_by.map(moment)),
        pre_accepted_at: Set(facts.pre_accepted_at.map(moment)),
        accepted_at: Set(facts.accepted_at.map(moment)),
        answered_at: Set(facts.answered_at.map(moment)),
        answered_by: Set(facts.answered_by.map(UserId::uuid)),
        ringing: Set(json!(facts.ringing.iter().map(|user| user.uuid()).collect::<Vec<_>>())),
        outcome: Set(ending.map(|ending| ending.outcome.as_str().to_owned())),
        end_reason: Set(ending.map(|ending| ending.reason.as_str().to_owned())),
        ended_by: Set(ending.map(|ending| ending.by.as_str().to_owned())),
        ended_by_user: Set(ending.and_then(|ending| ending.by_user).map(UserId::uuid)),
        ended_at: Set(ending.map(|ending| moment(ending.at))),
        error_code: Set(fault.map(|fault| fault.code)),
        error_message: Set(fault.map(|fault| text(&fault.message))),
        provider_started_at: Set(facts.provider_started_at.map(moment)),
        provider_ended_at: Set(facts.provider_ended_at.map(moment)),
        provider_duration_ms: Set(facts.provider_duration.map(millis)),
        talk_seconds: Set(facts.talk_time().map(|talk| i64::try_from(talk.as_secs()).unwrap_or(i64::MAX))),
        quality: Set(call.quality.as_ref().map(storable)),
        search_text: Set(search_text::of(searched)),
        listed_at: Set(moment(call.listed_at())),
        owner_node: Set(call.owner_node.uuid()),
        owner_epoch: Set(call.owner_epoch),
        created_at: Set(moment(call.created_at)),
        updated_at: Set(moment(call.updated_at)),
        // The books of contacts write these.
        contact_id: NotSet,
        counted_at: NotSet,
    }
}

/// The columns that may change; of a call that was written as `before`, those that did. A call stays the call of its
/// number.
pub(super) fn to_changed_columns(
    call: &CallRow,
    before: Option<&CallRow>,
    keys: &Keyring,
) -> call::ActiveModel {
    // What is sealed is another value each time: what was sealed is compared.
    let sdp = |column, was: Option<&Option<String>>, is| match was {
        Some(was) if was == is => NotSet,
        Some(_) | None => sealed(call, column, is, keys),
    };
    let mut now = call::ActiveModel {
        id: NotSet,
        tenant_id: NotSet,
        number_id: NotSet,
        // Known a little later than the call itself, when it is ours.
        provider_call_id: match (call.direction, &call.provider_call_id) {
            (Direction::Outgoing, Some(known)) => Set(text(known.as_str())),
            (Direction::Outgoing, None) | (Direction::Incoming, _) => NotSet,
        },
        idempotency_key: NotSet,
        created_at: NotSet,
        sdp_offer: sdp("sdp_offer", before.map(|before| &before.sdp_offer), &call.sdp_offer),
        sdp_answer: sdp("sdp_answer", before.map(|before| &before.sdp_answer), &call.sdp_answer),
        ..plain_columns(call)
    };
    let Some(was) = before.map(plain_columns) else { return now };
    // The moment is always written: the owner is asked for with it, and a statement needs something to set.
    for column in call::Column::iter().filter(|column| !matches!(column, call::Column::UpdatedAt)) {
        if let (ActiveValue::Set(is), ActiveValue::Set(was)) = (now.get(column), was.get(column))
            && is == was
        {
            now.not_set(column);
        }
    }
    now
}

/// In its column stands the provider's id, or our own until he has named it: so the index that knows each call of a
/// number once holds for both, on every database, and no id of a provider looks like ours.
fn handle(call: &CallRow) -> String {
    match &call.provider_call_id {
        Some(known) => text(known.as_str()),
        None => call.id.to_string(),
    }
}

fn provider_call_id(row: &call::Model) -> Option<ProviderCallId> {
    let ours = CallId::from_uuid(row.id).to_string();
    (row.provider_call_id != ours).then(|| ProviderCallId::new(row.provider_call_id.clone()))
}

/// A row in our types.
pub(super) fn from_columns(row: call::Model) -> Result<CallRow, StoreError> {
    let reading = Reading { id: row.id };
    Ok(CallRow {
        facts: facts(&row)?,
        provider_call_id: provider_call_id(&row),
        direction: reading.cell("direction").word(&row.direction, Direction::from_word)?,
        caller: Caller {
            phone: reading.phone("caller_phone", row.caller_phone.as_deref())?,
            name: row.caller_name,
            user_id: row.caller_user_id,
            parent_user_id: row.caller_parent_user_id,
            username: row.caller_username,
            country: row.caller_country,
        },
        to: reading.phone("called_phone", row.called_phone.as_deref())?,
        id: CallId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        branch: row.branch_id.map(BranchId::from_uuid),
        number: NumberId::from_uuid(row.number_id),
        idempotency_key: row.idempotency_key,
        cta_payload: row.cta_payload,
        deeplink_payload: row.deeplink_payload,
        metadata: row.metadata,
        sdp_offer: None,
        sdp_answer: None,
        quality: row.quality,
        owner_node: NodeId::from_uuid(row.owner_node),
        owner_epoch: row.owner_epoch,
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    })
}

/// What both sides offered and answered, opened.
pub(super) fn sdp(row: &call::Model, keys: &Keyring) -> Result<CallSdp, StoreError> {
    let reading = Reading { id: row.id };
    let open = |column, stored: &Option<String>| {
        stored.as_deref().map(|stored| keys.open(reading.cell(column), stored)).transpose()
    };
    Ok(CallSdp { offer: open("sdp_offer", &row.sdp_offer)?, answer: open("sdp_answer", &row.sdp_answer)? })
}

fn facts(row: &call::Model) -> Result<CallFacts, StoreError> {
    let reading = Reading { id: row.id };
    let direction = reading.cell("direction").word(&row.direction, Direction::from_word)?;
    Ok(CallFacts {
        direction,
        placed_by: row.placed_by.map(UserId::from_uuid),
        dialled_at: row.dialled_at.map(timestamp),
        rang_at: row.rang_at.map(timestamp),
        reached: direction == Direction::Outgoing && provider_call_id(row).is_some(),
        state: reading.cell("state").word(&row.state, ProviderState::from_word)?,
        offered: row.offered,
        policy: policy(row)?,
        offered_at: row.offered_at.map(timestamp),
        answer_by: row.answer_by.map(timestamp),
        pre_accepted_at: row.pre_accepted_at.map(timestamp),
        accepted_at: row.accepted_at.map(timestamp),
        answered_at: row.answered_at.map(timestamp),
        answered_by: row.answered_by.map(UserId::from_uuid),
        ringing: reading.users("ringing", &row.ringing)?,
        ending: ending(row)?,
        provider_started_at: row.provider_started_at.map(timestamp),
        provider_ended_at: row.provider_ended_at.map(timestamp),
        provider_duration: row
            .provider_duration_ms
            .map(|span| reading.span("provider_duration_ms", span))
            .transpose()?,
    })
}

fn policy(row: &call::Model) -> Result<Option<CallPolicy>, StoreError> {
    let reading = Reading { id: row.id };
    let Some(destination) = &row.destination else { return Ok(None) };
    let (Some(answer_window), Some(max_call_duration)) = (row.answer_window_ms, row.max_call_duration_ms)
    else {
        return Err(reading.cell("answer_window_ms").unreadable("missing, although there is a destination"));
    };
    Ok(Some(CallPolicy {
        destination: reading.cell("destination").word(destination, Destination::from_word)?,
        answer_window: reading.span("answer_window_ms", answer_window)?,
        max_call_duration: reading.span("max_call_duration_ms", max_call_duration)?,
        // A call that is read back has lost its media: its recording is over.
        recording: RecordingPolicy::OFF,
    }))
}

fn ending(row: &call::Model) -> Result<Option<Ending>, StoreError> {
    let reading = Reading { id: row.id };
    let Some(outcome) = &row.outcome else { return Ok(None) };
    let (Some(reason), Some(by), Some(at)) = (&row.end_reason, &row.ended_by, row.ended_at) else {
        return Err(reading.cell("end_reason").unreadable("missing, although there is an outcome"));
    };
    Ok(Some(Ending {
        outcome: reading.cell("outcome").word(outcome, Outcome::from_word)?,
        reason: reading.cell("end_reason").word(reason, EndReason::from_word)?,
        by: reading.cell("ended_by").word(by, EndedBy::from_word)?,
        by_user: row.ended_by_user.map(UserId::from_uuid),
        at: timestamp(at),
        fault: row
            .error_code
            .map(|code| ProviderFault { code, message: row.error_message.clone().unwrap_or_default() }),
    }))
}

pub(super) fn event_to_columns(event: &EventRow) -> call_event::ActiveModel {
    call_event::ActiveModel {
        position: NotSet,
        tx: NotSet,
        id: Set(event.id.uuid()),
        call_id: Set(Some(event.call.uuid())),
        seq: Set(event.seq),
        at: Set(moment(event.at)),
        kind: Set(text(&event.kind)),
        data: Set(storable(&event.data)),
        tenant_id: Set(None),
        contact_id: Set(None),
        number_id: Set(None),
    }
}

pub(super) fn event_of_call(event: call_event::WithCall) -> EventRow {
    EventRow {
        id: EventId::from_uuid(event.id),
        call: CallId::from_uuid(event.call_id),
        tenant: TenantId::from_uuid(event.tenant_id),
        branch: event.branch_id.map(BranchId::from_uuid),
        seq: event.seq,
        at: timestamp(event.at),
        kind: event.kind,
        data: event.data,
    }
}

/// Spans are kept to the millisecond.
fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// One row that is being read.
#[derive(Clone, Copy)]
struct Reading {
    id: Uuid,
}

impl Reading {
    fn cell(self, column: &'static str) -> Cell {
        Cell { table: "calls", column, id: self.id }
    }

    fn phone(self, column: &'static str, digits: Option<&str>) -> Result<Option<PhoneNumber>, StoreError> {
        let phone = digits.map(PhoneNumber::from_str).transpose();
        phone.map_err(|_| self.cell(column).unreadable("not a phone number"))
    }

    fn span(self, column: &'static str, span_ms: i64) -> Result<Duration, StoreError> {
        let span_ms = u64::try_from(span_ms).map_err(|_| self.cell(column).unreadable("a negative span"))?;
        Ok(Duration::from_millis(span_ms))
    }

    fn users(self, column: &'static str, list: &Value) -> Result<Vec<UserId>, StoreError> {
        let users = list.as_array().into_iter().flatten();
        users
            .map(|user| user.as_str().and_then(|user| Uuid::try_parse(user).ok()).map(UserId::from_uuid))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| self.cell(column).unreadable("not a list of users"))
    }
}
