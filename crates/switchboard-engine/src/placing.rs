//! A person calls a customer: the number, the rules, the one who speaks, a place within the limits, the row; then the
//! call's task dials.
//!
//! The row is written before anybody is called, so that whatever happens to this process afterwards, the call can be
//! found again by the id that goes along with the request, and ended.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::call::Call;
use switchboard_core::call::effect::CallEffect;
use switchboard_core::call::input::{CallInput, Direction, Placed};
use switchboard_core::eligibility::{Overrides, ReasonCode};
use switchboard_core::ids::{CallId, EventId, NumberId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditSubject, Author};
use switchboard_store::calls::{CallRow, Caller, EventRow};
use switchboard_store::numbers::Number;
use switchboard_store::permissions::Whom;
use tracing::Instrument as _;

use crate::agents::Actor;
use crate::call_registry::{Birth, LiveCall};
use crate::call_task::{Begin, CallTask, new_row};
use crate::clock::fresh_uuid;
use crate::eligibility::{Person, Question, Speaker};
use crate::events::CallView;
use crate::place_refused::PlaceRefused;
use crate::{Engine, masking, views};

/// Between two looks whether the same request has written its call.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// So many looks: longer than a write takes.
const LOOKS: u32 = 100;

/// A call to a customer, as it is asked for.
#[derive(Debug, Clone)]
pub struct NewOutgoingCall {
    /// From which number; none: the only one, or the one of the branch.
    pub number: Option<NumberId>,
    /// Whom.
    pub whom: Whom,
    /// Who speaks, when it is not the one who asks.
    pub agent: Option<UserId>,
    /// Kept with the call.
    pub payload: Option<String>,
    /// What is passed over.
    pub overrides: Overrides,
    /// Who answers for that.
    pub author: Option<Author>,
    /// Asking twice with the same key calls once.
    pub idempotency_key: Option<String>,
}

/// A call that was placed, now or by the same request before.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedCall {
    /// As it is now.
    pub call: CallView,
    /// This request placed it.
    pub new: bool,
}

impl Engine {
    /// Calls a customer. Returns as soon as the call is written down; what becomes of it is told like of every call.
    ///
    /// # Errors
    /// See [`PlaceRefused`]; nobody is called then.
    pub async fn place_call(&self, who: &Actor, new: NewOutgoingCall) -> Result<PlacedCall, PlaceRefused> {
        let (engine, who) = (self.clone(), who.clone());
        // Whoever asked may go away; a call that is begun is carried through all the same.
        let work = async move { engine.place(&who, &new).await };
        match tokio::spawn(work.in_current_span()).await {
            Ok(placed) => placed,
            Err(_) => Err(StoreError::Stopped { doing: "place a call".into() }.into()),
        }
    }

    async fn place(&self, who: &Actor, new: &NewOutgoingCall) -> Result<PlacedCall, PlaceRefused> {
        let person = self.who_is_meant(who, &new.whom).await?;
        let request = Request { who, new, person: &person };
        if let Some(known) = self.placed_before(request).await? {
            return Ok(known);
        }
        if self.is_draining() {
            return Err(PlaceRefused::Draining);
        }
        let himself = who.is_person && new.agent.is_none_or(|named| named == who.user);
        if !himself && new.agent.is_none() {
            return Err(PlaceRefused::NeedsAPerson);
        }
        if new.overrides.hours && !who.scope.role.may_call_urgently() {
            return Err(PlaceRefused::NotUrgent);
        }
        let number = self.number_to_call_from(who, new.number)?;
        let by = self.speaker(who, new.agent, &number)?;
        let question = Question {
            by: Some(Speaker { user: by, himself }),
            whom: &new.whom,
            number: &number,
            overrides: new.overrides,
            own: None,
        };
        // Asked before anybody is claimed, so that what is in the way is what is said; and again when it is dialled.
        let everybody_he_is = match self.must_be_eligible(question).await {
            Ok(person) => person,
            Err(refused) => {
                // Perhaps by this very request, come twice.
                let same = self.being_placed(request, by).await?;
                return same.ok_or_else(|| self.busy_or(refused, by));
            }
        };
        let id = CallId::from_uuid(fresh_uuid());
        if !self.claim_agent(by, id) {
            return self.being_placed(request, by).await?.ok_or(PlaceRefused::InAnotherCall);
        }
        // From here on he is busy, and then the customer's: whoever leaves without a call gives them back.
        let mut claimed = Claimed { engine: self, by, id, birth: None, kept: false };
        let place = self.admit(&number).ok_or(PlaceRefused::AtCapacity)?;
        let live = LiveCall::to(number.tenant, number.branch, everybody_he_is);
        claimed.birth = self.registry().begin(number.id, id, live);
        if claimed.birth.is_none() {
            // Somebody else calls him at this moment: that is what the verdict says now.
            drop(claimed);
            self.must_be_eligible(question).await?;
            return Err(PlaceRefused::AtCapacity);
        }
        let scope = Scope::of_the_exchange(number.tenant);
        self.remember_person(who);
        if let Err(error) = self.learn_names(&scope, std::iter::once(by)).await {
            tracing::debug!(error = %error, "a name is shown when it can be read");
        }
        // The dial is counted last: whatever else could stand in the way has been asked.
        let (clearance, passed) = self.clear_to_dial(Question { own: Some(id), ..question }).await?;
        let entries = new.author.as_ref().filter(|_| !passed.is_empty()).map(|author| {
            let passed: Vec<_> = passed.iter().map(|code| code.as_str()).collect();
            let subject = AuditSubject::new(AuditKind::Call, id);
            author.did(AuditWhat::CallOverridden, subject, json!({ "reasons": passed }))
        });
        let placed = Placed { by, policy: number.outgoing_policy(), clearance };
        let (row, story) = self.row_of(&number, id, request, &placed);
        match self.store().calls().create_audited(&scope, &row, &story, entries.into_iter().collect()).await {
            Ok(()) => {}
            // The same request came twice at once, and the other one was faster.
            Err(error @ StoreError::AlreadyThere { .. }) => {
                let known = self.placed_before(request).await?;
                return known.ok_or(PlaceRefused::Store(error));
            }
            Err(error) => return Err(error.into()),
        }
        let mut view = views::call_view(&row, None, views::number_name(&number), |user| self.person(user));
        let Some(birth) = claimed.keep() else {
            return Err(StoreError::Stopped { doing: "place a call".into() }.into());
        };
        birth.live.show(Some(view.clone()));
        if who.scope.masks_numbers {
            masking::call(&mut view);
        }
        let begin = Begin::Placed { row: Box::new(row), story, placed, place };
        CallTask::start(self.clone(), Arc::clone(&number), begin, birth);
        Ok(PlacedCall { call: view, new: true })
    }

    /// Who is in a call cannot speak: where nothing else is in the way, that is said.
    fn busy_or(&self, refused: PlaceRefused, by: UserId) -> PlaceRefused {
        if let PlaceRefused::NotEligible(verdict) = &refused
            && self.agents().call_of(by).is_some()
            && verdict.reasons.iter().all(|reason| reason.code == ReasonCode::NoAgentAvailable)
        {
            return PlaceRefused::InAnotherCall;
        }
        refused
    }

    /// The call this request placed before. A key belongs to one call: with another question it is refused.
    async fn placed_before(&self, request: Request<'_>) -> Result<Option<PlacedCall>, PlaceRefused> {
        let Request { who, new, person } = request;
        let Some(key) = new.idempotency_key.as_deref() else { return Ok(None) };
        let everything = Scope::of_the_exchange(who.scope.tenant);
        let Some(row) = self.store().calls().by_idempotency_key(&everything, key).await? else {
            return Ok(None);
        };
        if !who.scope.reaches_call(row.branch) {
            return Err(PlaceRefused::KeyTaken);
        }
        let called = Person { phone: row.caller.phone.clone(), user_id: row.caller.user_id.clone() };
        let by = new.agent.or(who.is_person.then_some(who.user));
        let payload = row.metadata.get("payload").and_then(|payload| payload.as_str());
        let same = called.is(person)
            && new.payload.as_deref() == payload
            && new.number.is_none_or(|number| number == row.number)
            && by.is_none_or(|by| row.facts().placed_by == Some(by));
        if !same {
            return Err(PlaceRefused::KeyReused);
        }
        let call = match self.registry().view(&who.scope, row.id) {
            Some(live) => live,
            None => self.view_call(&who.scope, &row).await?,
        };
        Ok(Some(PlacedCall { call, new: false }))
    }

    /// Who is to speak is in a call that is not written yet, perhaps by this very request come twice: a moment later it
    /// is known.
    async fn being_placed(
        &self,
        request: Request<'_>,
        by: UserId,
    ) -> Result<Option<PlacedCall>, PlaceRefused> {
        if request.new.idempotency_key.is_none() {
            return Ok(None);
        }
        for _ in 0..LOOKS {
            if let Some(known) = self.placed_before(request).await? {
                return Ok(Some(known));
            }
            // His call is there and written, and it is another one; or there is none any more.
            if self.agents().call_of(by).is_none_or(|call| self.registry().shows(call)) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.placed_before(request).await
    }

    /// Who speaks with the customer: who asks, unless a supervisor or a key names somebody he is set over, who serves
    /// the number.
    fn speaker(&self, who: &Actor, named: Option<UserId>, number: &Number) -> Result<UserId, PlaceRefused> {
        match named {
            Some(named) if named == who.user && who.is_person => Ok(named),
            Some(named) => {
                if !who.scope.role.may_place_for_others() {
                    return Err(PlaceRefused::NotYours);
                }
                let theirs = self.agents().scope_of(named).filter(|theirs| {
                    theirs.tenant == who.scope.tenant
                        && who.scope.branches.cover(&theirs.branches)
                        && theirs.branches.reach(number.branch)
                });
                theirs.map(|_| named).ok_or(PlaceRefused::UnknownAgent)
            }
            None if who.is_person => Ok(who.user),
            None => Err(PlaceRefused::NeedsAPerson),
        }
    }

    /// The call as it is written first, with the beginning of its story.
    fn row_of(
        &self,
        number: &Number,
        id: CallId,
        request: Request<'_>,
        placed: &Placed,
    ) -> (CallRow, Vec<EventRow>) {
        let Request { new, person, .. } = request;
        let now = self.clock().now();
        // What the machine says of it at first is what is written at first; the task goes through it again.
        let mut call = Call::new();
        let _ = call.handle(now, CallInput::Placed(placed.clone()));
        let mut story = Vec::new();
        while let Some(effect) = call.poll_effect() {
            if let CallEffect::Record(event) = effect {
                story.push(EventRow {
                    id: EventId::from_uuid(fresh_uuid()),
                    call: id,
                    tenant: number.tenant,
                    branch: number.branch,
                    seq: i32::try_from(story.len() + 1).unwrap_or(i32::MAX),
                    at: event.at,
                    kind: event.what.name().to_owned(),
                    data: views::event_data(&event.what, |user| self.person(user)),
                });
            }
        }
        let customer = Caller {
            phone: person.phone.clone(),
            user_id: person.user_id.clone(),
            country: person.phone.as_ref().and_then(PhoneNumber::country),
            ..Caller::default()
        };
        let row = CallRow {
            direction: Direction::Outgoing,
            caller: customer,
            idempotency_key: new.idempotency_key.clone(),
            metadata: new.payload.as_ref().map_or_else(|| json!({}), |payload| json!({ "payload": payload })),
            facts: call.facts().clone(),
            ..new_row(self, number, id, now)
        };
        (row, story)
    }
}

/// What is asked, by whom, for which customer.
#[derive(Clone, Copy)]
struct Request<'r> {
    who: &'r Actor,
    new: &'r NewOutgoingCall,
    person: &'r Person,
}

/// An agent, and then a customer, who are kept for a call that is not there yet.
struct Claimed<'e> {
    engine: &'e Engine,
    by: UserId,
    id: CallId,
    birth: Option<Birth>,
    kept: bool,
}

impl Claimed<'_> {
    /// The call is there and looks after them itself.
    fn keep(mut self) -> Option<Birth> {
        self.kept = self.birth.is_some();
        self.birth.take()
    }
}

impl Drop for Claimed<'_> {
    fn drop(&mut self) {
        if let Some(birth) = self.birth.take() {
            self.engine.registry().forget(self.id, &birth.live);
        }
        if !self.kept {
            self.engine.release_agent(self.by, self.id);
        }
    }
}
