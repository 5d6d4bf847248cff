//! How a call's task begins: with a row the database knows, or with a new one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use switchboard_core::access::Scope;
use switchboard_core::call::Call;
use switchboard_core::call::input::{CallInput, Direction, Placed};
use switchboard_core::ids::{CallId, ProviderCallId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_provider::event::{CallConnect, Sdp};
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, Caller, EventRow};
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;

use super::{CallTask, RESULTS};
use crate::Engine;
use crate::call_registry::{Birth, Place};
use crate::effects::store::Saver;
use crate::metrics::CallMeasures;
use crate::quality::QualityLog;

/// What a task begins with.
pub(crate) enum Begin {
    /// The provider spoke of a call; the database may know it.
    Heard(ProviderCallId),
    /// A call that the database knows.
    Kept(CallId),
    /// A call of ours that was just written down with the beginning of its story, and its place within the limits.
    Placed { row: Box<CallRow>, story: Vec<EventRow>, placed: Placed, place: Place },
}

impl CallTask {
    pub(super) async fn load(
        engine: Engine,
        number: Arc<Number>,
        begin: Begin,
        birth: Birth,
    ) -> Result<Self, StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let (begin, placed) = match begin {
            Begin::Placed { row, story, placed, place } => {
                (Begin::Kept(row.id), Some((*row, story, placed, place)))
            }
            Begin::Heard(_) | Begin::Kept(_) => (begin, None),
        };
        let found = match (&placed, &begin) {
            (Some((row, story, ..)), _) => Ok((Some(row.clone()), story.last().map_or(0, |event| event.seq))),
            (None, Begin::Heard(provider_call)) => {
                let row = engine.store().calls().by_provider_call(&scope, number.id, provider_call).await;
                Self::take_up(&engine, &scope, row).await
            }
            (None, Begin::Kept(id)) => {
                let row = engine.store().calls().by_id(&scope, *id).await;
                Self::take_up(&engine, &scope, row).await
            }
            (None, Begin::Placed { .. }) => Ok((None, 0)),
        };
        let (known, last_seq) = match found {
            Ok(found) => found,
            Err(error) => {
                // Nobody else may wait for this mailbox: leave, whatever is in it comes again from the inbox.
                engine.registry().forget(birth.id, &birth.live);
                return Err(error);
            }
        };
        let created = known.is_some();
        let clock = engine.clock().for_one_call();
        let (results, results_inbox) = mpsc::channel(RESULTS);
        let mut pending = VecDeque::new();
        let mut place = None;
        let mut told = None;
        let (row, call) = match (known, placed) {
            (_, Some((row, story, placed, taken))) => {
                told = story.into_iter().next_back();
                pending.push_back(CallInput::Placed(placed));
                place = Some(taken);
                (row, Call::new())
            }
            (Some(row), None) => {
                engine.registry().rename(birth.id, row.id);
                let call = Call::restore(row.facts());
                if row.facts().ending.is_none() {
                    // A call that was live when its task ended has lost its media, whoever brings it up again.
                    pending.push_back(CallInput::NodeRestarted);
                }
                (row, call)
            }
            (None, None) => {
                let now = clock.now();
                let provider_call = match begin {
                    Begin::Heard(provider_call) => Some(provider_call),
                    Begin::Kept(_) | Begin::Placed { .. } => None,
                };
                let row =
                    CallRow { provider_call_id: provider_call, ..new_row(&engine, &number, birth.id, now) };
                (row, Call::new())
            }
        };
        let answer = Arc::new(std::sync::OnceLock::new());
        let placed = told.is_some();
        let saver = Saver::new(engine.clone(), scope, &row, created, last_seq).after(told);
        Ok(Self {
            id: row.id,
            number,
            provider_call: row.provider_call_id.clone(),
            named: Arc::default(),
            row,
            call,
            clock,
            mailbox: birth.mailbox,
            results,
            results_inbox,
            answer,
            released: Arc::new(AtomicBool::new(false)),
            live: birth.live,
            saver,
            place,
            engaged: None,
            rung: Vec::new(),
            pending,
            recording: None,
            quality: QualityLog::default(),
            connected: serde_json::json!({}),
            measures: CallMeasures::default(),
            prepared: false,
            connected_early: false,
            owed: 0,
            minded: false,
            placed,
            engine,
        })
    }

    /// With the row the database has of this call goes the last place in its story.
    async fn take_up(
        engine: &Engine,
        scope: &Scope,
        row: Result<Option<CallRow>, StoreError>,
    ) -> Result<(Option<CallRow>, i32), StoreError> {
        let calls = engine.store().calls();
        let Some(row) = row? else { return Ok((None, 0)) };
        if row.owner_node != engine.node() && row.facts().ending.is_none() {
            return Err(StoreError::Fenced { doing: format!("take up {}", row.id).into() });
        }
        let facts = row.facts();
        let people = facts.answered_by.into_iter().chain(facts.placed_by).chain(facts.ringing);
        engine.learn_names(scope, people).await?;
        let last = calls.events_of(scope, row.id).await?.last().map_or(0, |event| event.seq);
        Ok((Some(row), last))
    }
}

/// The row of a call of which nothing is known yet but its number.
pub(crate) fn new_row(engine: &Engine, number: &Number, id: CallId, now: Timestamp) -> CallRow {
    CallRow {
        id,
        tenant: number.tenant,
        branch: number.branch,
        number: number.id,
        provider_call_id: None,
        idempotency_key: None,
        direction: Direction::Incoming,
        caller: Caller::default(),
        to: None,
        cta_payload: None,
        deeplink_payload: None,
        metadata: serde_json::json!({}),
        sdp_offer: None,
        sdp_answer: None,
        facts: Call::new().facts().clone(),
        quality: None,
        owner_node: engine.node(),
        owner_epoch: engine.epoch(),
        created_at: now,
        updated_at: now,
    }
}

/// What the customer's media answer to a call of ours tells beside itself.
pub(super) fn learn_answer(row: &mut CallRow, connect: CallConnect) {
    let customer = &mut row.caller;
    customer.name = customer.name.take().or(connect.caller_name);
    customer.username = customer.username.take().or(connect.username);
    customer.user_id = customer.user_id.take().or(connect.to_user_id);
    if row.sdp_answer.is_none() {
        row.sdp_answer = connect.sdp.map(Sdp::into_string);
    }
}

/// What the offer tells of the caller and of how he came to call.
pub(super) fn learn_offer(row: &mut CallRow, connect: &CallConnect) {
    row.caller = Caller {
        name: connect.caller_name.clone(),
        country: connect.from.as_ref().and_then(PhoneNumber::country),
        phone: connect.from.clone(),
        user_id: connect.from_user_id.clone(),
        parent_user_id: connect.from_parent_user_id.clone(),
        username: connect.username.clone(),
    };
    row.to.clone_from(&connect.to);
    row.cta_payload.clone_from(&connect.cta_payload);
    row.deeplink_payload.clone_from(&connect.deeplink_payload);
    row.sdp_offer = connect.sdp.as_ref().map(|sdp| sdp.as_str().to_owned());
}
