//! How a call's task begins: with a row the database knows, or with a new one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use switchboard_core::access::Scope;
use switchboard_core::call::Call;
use switchboard_core::call::input::{CallInput, Direction};
use switchboard_core::ids::{CallId, ProviderCallId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use switchboard_provider::event::CallConnect;
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, Caller};
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;

use super::{CallTask, RESULTS};
use crate::Engine;
use crate::call_registry::Birth;
use crate::effects::store::Saver;
use crate::quality::QualityLog;

impl CallTask {
    pub(super) async fn load(
        engine: Engine,
        number: Arc<Number>,
        provider_call: ProviderCallId,
        birth: Birth,
    ) -> Result<Self, StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        let found = Self::look_up(&engine, &scope, &number, &provider_call).await;
        let (known, last_seq) = match found {
            Ok(found) => found,
            Err(error) => {
                // Nobody else may wait for this mailbox: leave, whatever is in it comes again from the inbox.
                engine.registry().forget(number.id, &provider_call, birth.id, &birth.live);
                return Err(error);
            }
        };
        let created = known.is_some();
        let (results, results_inbox) = mpsc::channel(RESULTS);
        let mut pending = VecDeque::new();
        let (row, call) = match known {
            Some(row) => {
                engine.registry().rename(number.id, &provider_call, birth.id, row.id);
                let call = Call::restore(row.facts());
                if row.facts().ending.is_none() {
                    // A call that was live when its task ended has lost its media, whoever brings it up again.
                    pending.push_back(CallInput::NodeRestarted);
                }
                (row, call)
            }
            None => {
                let now = engine.clock().now();
                (new_row(&engine, &number, &provider_call, birth.id, now), Call::new())
            }
        };
        let answer = Arc::new(std::sync::OnceLock::new());
        if let Some(sdp) = &row.sdp_answer {
            let _ = answer.set(sdp.clone());
        }
        let saver = Saver::new(engine.clone(), scope, &row, created, last_seq);
        Ok(Self {
            id: row.id,
            number,
            provider_call,
            row,
            call,
            mailbox: birth.mailbox,
            results,
            results_inbox,
            answer,
            released: Arc::new(AtomicBool::new(false)),
            live: birth.live,
            saver,
            place: None,
            engaged: None,
            rung: Vec::new(),
            pending,
            quality: QualityLog::default(),
            connected: serde_json::json!({}),
            owed: 0,
            engine,
        })
    }

    /// The row the database has of this call, and the last place in its story.
    async fn look_up(
        engine: &Engine,
        scope: &Scope,
        number: &Number,
        provider_call: &ProviderCallId,
    ) -> Result<(Option<CallRow>, i32), StoreError> {
        let calls = engine.store().calls();
        let Some(row) = calls.by_provider_call(scope, number.id, provider_call).await? else {
            return Ok((None, 0));
        };
        if row.owner_node != engine.node() && row.facts().ending.is_none() {
            return Err(StoreError::Fenced { doing: format!("take up {}", row.id).into() });
        }
        let facts = row.facts();
        engine.learn_names(scope, facts.answered_by.into_iter().chain(facts.ringing)).await?;
        let last = calls.events_of(scope, row.id).await?.last().map_or(0, |event| event.seq);
        Ok((Some(row), last))
    }
}

fn new_row(
    engine: &Engine,
    number: &Number,
    provider_call: &ProviderCallId,
    id: CallId,
    now: Timestamp,
) -> CallRow {
    CallRow {
        id,
        tenant: number.tenant,
        branch: number.branch,
        number: number.id,
        provider_call_id: provider_call.clone(),
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
