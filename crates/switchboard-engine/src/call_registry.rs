//! Which live call is where: one task per call, found by our id or by the provider's.
//!
//! A message is put into a mailbox while the registry is locked, and a task leaves the registry under the same
//! lock and only with an empty mailbox: so no message falls between a task that ends and one that begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switchboard_core::access::Scope;
use switchboard_core::call::input::CallInput;
use switchboard_core::ids::{BranchId, CallId, NumberId, ProviderCallId, TenantId, UserId};
use switchboard_store::calls::Caller;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::agents::Actor;
use crate::call_task::Verb;
use crate::eligibility::Person;
use crate::events::CallView;
use crate::inbox::CallNews;

/// Messages a call may be behind. Provider news that find it full stay in the inbox and come again.
pub(crate) const MAILBOX: usize = 64;

/// What reaches a call's task.
#[derive(Debug)]
pub(crate) enum CallMessage {
    /// From the provider, by way of the inbox.
    News(Box<CallNews>),
    /// Something that happened here.
    Happened(CallInput),
    /// Something the media engine saw.
    Media(switchboard_media::MediaReport),
    /// An entry of its story that decides nothing.
    Note {
        /// What.
        kind: &'static str,
        /// What belongs to it.
        data: serde_json::Value,
    },
    /// A person wants something and waits for the answer.
    Person {
        /// What.
        verb: Verb,
        /// Who.
        who: Actor,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<CallView, crate::CallRefused>>,
    },
}

/// What others may look at without asking the task.
#[derive(Debug)]
pub(crate) struct LiveCall {
    pub tenant: TenantId,
    /// Changes once: the first who answers brings it (I5).
    branch: Mutex<Option<BranchId>>,
    /// Agents who become reachable are of interest (it rings, or its agent is lost).
    pub wants_agents: AtomicBool,
    /// It is over, everything is written and nothing is owed any more.
    pub finished: AtomicBool,
    /// The newest view; none until the offer is known, and when it is over.
    view: Mutex<Option<CallView>>,
    /// With whom.
    customer: Mutex<Person>,
    /// It is being placed, or what came of it is in nobody's book yet: nobody else calls the customer meanwhile.
    claims_customer: AtomicBool,
}

impl LiveCall {
    pub(crate) fn new(tenant: TenantId, branch: Option<BranchId>) -> Self {
        Self {
            tenant,
            branch: Mutex::new(branch),
            wants_agents: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            view: Mutex::new(None),
            customer: Mutex::default(),
            claims_customer: AtomicBool::new(false),
        }
    }

    /// A call of ours that is about to be placed.
    pub(crate) fn to(tenant: TenantId, branch: Option<BranchId>, customer: Person) -> Self {
        Self {
            customer: Mutex::new(customer),
            claims_customer: AtomicBool::new(true),
            ..Self::new(tenant, branch)
        }
    }

    /// Who the customer is is known from here on.
    pub(crate) fn is_with(&self, customer: &Caller) {
        let mut known = self.customer.lock().unwrap_or_else(PoisonError::into_inner);
        if customer.phone.is_some() && known.phone != customer.phone {
            known.phone.clone_from(&customer.phone);
        }
        if customer.user_id.is_some() && known.user_id != customer.user_id {
            known.user_id.clone_from(&customer.user_id);
        }
    }

    fn is_call_with(&self, person: &Person) -> bool {
        self.customer.lock().unwrap_or_else(PoisonError::into_inner).is(person)
    }

    pub(crate) fn show(&self, view: Option<CallView>) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn status(&self) -> Option<&'static str> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|view| view.status)
    }

    /// The branch it belongs to by now.
    pub(crate) fn branch(&self) -> Option<BranchId> {
        *self.branch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It belongs to this branch from now on: the others neither see nor touch it any more.
    pub(crate) fn move_to(&self, branch: Option<BranchId>) {
        *self.branch.lock().unwrap_or_else(PoisonError::into_inner) = branch;
    }

    fn view_for(&self, reader: &Scope) -> Option<CallView> {
        let mut view = self.view()?;
        if reader.masks_numbers {
            crate::masking::call(&mut view);
        }
        Some(view)
    }

    fn view(&self) -> Option<CallView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug, Clone)]
struct Handle {
    mailbox: mpsc::Sender<CallMessage>,
    live: Arc<LiveCall>,
    number: NumberId,
    /// None while the provider has not named a call of ours.
    provider_call: Option<ProviderCallId>,
}

#[derive(Debug, Default)]
struct Calls {
    by_provider: HashMap<(NumberId, ProviderCallId), CallId>,
    by_id: BTreeMap<CallId, Handle>,
    admitted: HashMap<NumberId, u32>,
    admitted_together: u32,
}

impl Calls {
    fn with(&self, number: NumberId, person: &Person, besides: Option<CallId>) -> bool {
        self.by_id.iter().any(|(id, handle)| {
            let live = &handle.live;
            // The view goes with the end of the call, its task a little later.
            let counts = || live.claims_customer.load(Ordering::Acquire) || live.view().is_some();
            Some(*id) != besides && handle.number == number && live.is_call_with(person) && counts()
        })
    }

    fn remove(&mut self, id: CallId) {
        let Some(Handle { number, provider_call: Some(provider_call), .. }) = self.by_id.remove(&id) else {
            return;
        };
        let key = (number, provider_call);
        if self.by_provider.get(&key) == Some(&id) {
            self.by_provider.remove(&key);
        }
    }
}

/// News of a call of ours that could not be handed over.
#[derive(Debug)]
pub(crate) enum Undelivered {
    /// No such call is live here.
    Unknown(Box<CallMessage>),
    /// Its mailbox is full.
    Full,
}

/// The message could not be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDelivered {
    /// No such call is live here.
    Unknown,
    /// Its mailbox is full.
    Full,
}

/// All live calls of this node.
#[derive(Debug, Default)]
pub(crate) struct CallRegistry {
    inner: Mutex<Calls>,
}

/// What a new task is born with.
#[derive(Debug)]
pub(crate) struct Birth {
    /// Our id for it, unless the database knows another.
    pub id: CallId,
    pub mailbox: mpsc::Receiver<CallMessage>,
    pub live: Arc<LiveCall>,
}

impl CallRegistry {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        // Nothing in here panics while holding the lock; if it ever did, the maps are still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands provider news to their call. When nobody owns the call yet, a mailbox is made, the news are its first
    /// message, and the caller gets the birth to start a task with.
    pub(crate) fn deliver_or_create(
        &self,
        number: NumberId,
        provider_call: &ProviderCallId,
        live: impl FnOnce() -> LiveCall,
        message: CallMessage,
    ) -> Result<Option<Birth>, NotDelivered> {
        let mut calls = self.lock();
        let key = (number, provider_call.clone());
        let mut message = message;
        if let Some(id) = calls.by_provider.get(&key).copied()
            && let Some(handle) = calls.by_id.get(&id)
        {
            match handle.mailbox.try_send(message) {
                Ok(()) => return Ok(None),
                Err(TrySendError::Full(_)) => return Err(NotDelivered::Full),
                // Its task broke and has not been cleared away yet: the next one takes over.
                Err(TrySendError::Closed(back)) => message = back,
            }
            calls.by_id.remove(&id);
        }
        let id = CallId::from_uuid(crate::clock::fresh_uuid());
        let (number, provider_call) = key;
        Ok(Some(Self::insert(&mut calls, (number, Some(provider_call)), id, Arc::new(live()), Some(message))))
    }

    /// Hands news of a call of ours to it: found by the provider's id, or by our own id when the provider repeats it
    /// and has not been heard to name the call before. The message comes back when no such call is live here.
    pub(crate) fn deliver_to_ours(
        &self,
        number: NumberId,
        provider_call: &ProviderCallId,
        ours: Option<CallId>,
        message: CallMessage,
    ) -> Result<(), Undelivered> {
        let mut calls = self.lock();
        let key = (number, provider_call.clone());
        let id = calls.by_provider.get(&key).copied().or(ours);
        let Some((id, handle)) = id.and_then(|id| Some((id, calls.by_id.get_mut(&id)?))) else {
            return Err(Undelivered::Unknown(Box::new(message)));
        };
        if handle.number != number
            || handle.provider_call.as_ref().is_some_and(|known| known != provider_call)
        {
            return Err(Undelivered::Unknown(Box::new(message)));
        }
        handle.provider_call = Some(provider_call.clone());
        let sent = handle.mailbox.try_send(message);
        calls.by_provider.insert(key, id);
        sent.map_err(|error| match error {
            TrySendError::Full(_) => Undelivered::Full,
            TrySendError::Closed(back) => Undelivered::Unknown(Box::new(back)),
        })
    }

    /// The provider has named a call of ours.
    pub(crate) fn named(&self, id: CallId, provider_call: &ProviderCallId) {
        let mut calls = self.lock();
        let Some(handle) = calls.by_id.get_mut(&id) else { return };
        handle.provider_call = Some(provider_call.clone());
        let key = (handle.number, provider_call.clone());
        calls.by_provider.insert(key, id);
    }

    /// Is there a call of ours from this number that the provider has not named yet?
    pub(crate) fn any_unnamed(&self, number: NumberId) -> bool {
        let calls = self.lock();
        calls.by_id.values().any(|handle| handle.number == number && handle.provider_call.is_none())
    }

    /// Makes a mailbox for a call of ours that is about to be placed. None: there is a call with the customer already, or
    /// somebody else is about to place one.
    pub(crate) fn begin(&self, number: NumberId, id: CallId, live: LiveCall) -> Option<Birth> {
        let mut calls = self.lock();
        let person = live.customer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if calls.with(number, &person, None) {
            return None;
        }
        Some(Self::insert(&mut calls, (number, None), id, Arc::new(live), None))
    }

    /// Makes a mailbox for a call that is known by id (after a restart, or when news of one come that is over).
    pub(crate) fn adopt(
        &self,
        number: NumberId,
        provider_call: Option<&ProviderCallId>,
        id: CallId,
        live: LiveCall,
    ) -> Option<Birth> {
        let mut calls = self.lock();
        let known = provider_call
            .is_some_and(|provider_call| calls.by_provider.contains_key(&(number, provider_call.clone())));
        if known || calls.by_id.contains_key(&id) {
            return None;
        }
        Some(Self::insert(&mut calls, (number, provider_call.cloned()), id, Arc::new(live), None))
    }

    fn insert(
        calls: &mut Calls,
        (number, provider_call): (NumberId, Option<ProviderCallId>),
        id: CallId,
        live: Arc<LiveCall>,
        first: Option<CallMessage>,
    ) -> Birth {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        if let Some(first) = first {
            // The mailbox is new and empty, so the first message always fits.
            let _ = sender.try_send(first);
        }
        if let Some(provider_call) = &provider_call {
            calls.by_provider.insert((number, provider_call.clone()), id);
        }
        calls.by_id.insert(id, Handle { mailbox: sender, live: Arc::clone(&live), number, provider_call });
        Birth { id, mailbox, live }
    }

    /// The database knows this call under another id than the one we had just made up.
    pub(crate) fn rename(&self, from: CallId, to: CallId) {
        let mut calls = self.lock();
        if let Some(handle) = calls.by_id.remove(&from) {
            if let Some(provider_call) = &handle.provider_call {
                calls.by_provider.insert((handle.number, provider_call.clone()), to);
            }
            calls.by_id.insert(to, handle);
        }
    }

    /// A task says goodbye. False: a message has just come, it must go on.
    /// A task that has taken its place meanwhile stays.
    pub(crate) fn leave(
        &self,
        id: CallId,
        mailbox: &mpsc::Receiver<CallMessage>,
        live: &Arc<LiveCall>,
    ) -> bool {
        let mut calls = self.lock();
        if calls.by_id.get(&id).is_none_or(|handle| !Arc::ptr_eq(&handle.live, live)) {
            return true;
        }
        if !mailbox.is_empty() {
            return false;
        }
        calls.remove(id);
        true
    }

    /// A task is gone without a goodbye: what was in its mailbox comes again from the inbox. A task that has taken
    /// its place meanwhile stays.
    pub(crate) fn forget(&self, id: CallId, live: &Arc<LiveCall>) {
        let mut calls = self.lock();
        if calls.by_id.get(&id).is_some_and(|handle| Arc::ptr_eq(&handle.live, live)) {
            calls.remove(id);
        }
    }

    /// Hands something to a call known by our id.
    pub(crate) fn send(&self, id: CallId, message: CallMessage) -> Result<(), NotDelivered> {
        let calls = self.lock();
        let handle = calls.by_id.get(&id).ok_or(NotDelivered::Unknown)?;
        handle.mailbox.try_send(message).map_err(|error| match error {
            TrySendError::Full(_) => NotDelivered::Full,
            TrySendError::Closed(_) => NotDelivered::Unknown,
        })
    }

    /// The mailbox of a call, for what may wait but must not be lost.
    pub(crate) fn mailbox(&self, id: CallId) -> Option<mpsc::Sender<CallMessage>> {
        self.lock().by_id.get(&id).map(|handle| handle.mailbox.clone())
    }

    /// Our id of a call whose task is here.
    pub(crate) fn id_of(&self, number: NumberId, provider_call: &ProviderCallId) -> Option<CallId> {
        self.lock().by_provider.get(&(number, provider_call.clone())).copied()
    }

    /// Is this call's task here?
    pub(crate) fn knows(&self, id: CallId) -> bool {
        self.lock().by_id.contains_key(&id)
    }

    /// Is this call shown to people: written, and not over?
    pub(crate) fn shows(&self, id: CallId) -> bool {
        self.lock().by_id.get(&id).is_some_and(|handle| handle.live.view().is_some())
    }

    /// Is a call with this customer live on this number, besides this one? Meta allows one at a time (138003). One of ours
    /// counts from before it is written until its end is in the books, so that the next is judged by them.
    pub(crate) fn has_call_with(&self, number: NumberId, person: &Person, besides: Option<CallId>) -> bool {
        self.lock().with(number, person, besides)
    }

    /// What came of this call is in the customer's book.
    pub(crate) fn is_counted(&self, id: CallId) {
        if let Some(handle) = self.lock().by_id.get(&id) {
            handle.live.claims_customer.store(false, Ordering::Release);
        }
    }

    /// How many calls are not over yet.
    pub(crate) fn live(&self) -> usize {
        self.lock().by_id.values().filter(|handle| !handle.live.finished.load(Ordering::Acquire)).count()
    }

    /// Every call that is known here.
    pub(crate) fn all(&self) -> Vec<CallId> {
        self.lock().by_id.keys().copied().collect()
    }

    /// Has every call come to its end and been written?
    pub(crate) fn is_quiet(&self) -> bool {
        self.lock().by_id.values().all(|handle| handle.live.finished.load(Ordering::Acquire))
    }

    /// Tells waiting calls that an agent became reachable or not.
    pub(crate) fn agent_changed(
        &self,
        agent: UserId,
        scope: &Scope,
        reachable: bool,
        except: Option<CallId>,
    ) {
        let calls = self.lock();
        for (id, handle) in &calls.by_id {
            let live = &handle.live;
            if Some(*id) == except
                || !live.wants_agents.load(Ordering::Relaxed)
                || live.tenant != scope.tenant
                || !scope.reaches_call(live.branch())
            {
                continue;
            }
            let input =
                if reachable { CallInput::AgentAvailable(agent) } else { CallInput::AgentUnavailable(agent) };
            if handle.mailbox.try_send(CallMessage::Happened(input)).is_err() {
                tracing::warn!(call.id = %id, "a call is too busy to hear of an agent");
            }
        }
    }

    /// How many calls are in which status; those whose offer is not known yet are `starting`. For metrics.
    pub(crate) fn count_by_status(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::from([("starting", 0), ("offered", 0), ("ringing", 0), ("answered", 0)]);
        for handle in self.lock().by_id.values() {
            if !handle.live.finished.load(Ordering::Acquire) {
                *counts.entry(handle.live.status().unwrap_or("starting")).or_insert(0) += 1;
            }
        }
        counts
    }

    /// Live calls this scope may see, oldest first.
    pub(crate) fn visible(&self, scope: &Scope) -> Vec<CallView> {
        let calls = self.lock();
        calls
            .by_id
            .values()
            .filter(|handle| handle.live.tenant == scope.tenant && scope.reaches_call(handle.live.branch()))
            .filter_map(|handle| handle.live.view_for(scope))
            .collect()
    }

    /// The live view of one call, if this scope may see it.
    pub(crate) fn view(&self, scope: &Scope, id: CallId) -> Option<CallView> {
        let calls = self.lock();
        let live = &calls.by_id.get(&id)?.live;
        (live.tenant == scope.tenant && scope.reaches_call(live.branch()))
            .then(|| live.view_for(scope))
            .flatten()
    }

    /// The live view of a call for who speaks in it, whatever his branches are by now.
    pub(crate) fn view_of_own(&self, reader: &Scope, id: CallId) -> Option<CallView> {
        self.lock().by_id.get(&id)?.live.view_for(reader)
    }

    /// May this scope touch this call? None: it is not live here.
    pub(crate) fn may_touch(&self, scope: &Scope, id: CallId) -> Option<bool> {
        let calls = self.lock();
        let live = &calls.by_id.get(&id)?.live;
        Some(live.tenant == scope.tenant && scope.reaches_call(live.branch()))
    }

    /// Takes one place of the number's and the exchange's limits, if both have one left.
    pub(crate) fn admit(self: &Arc<Self>, number: NumberId, of_number: u32, together: u32) -> Option<Place> {
        let mut calls = self.lock();
        if calls.admitted_together >= together {
            return None;
        }
        let count = calls.admitted.entry(number).or_insert(0);
        if *count >= of_number {
            return None;
        }
        *count += 1;
        calls.admitted_together += 1;
        Some(Place { registry: Arc::clone(self), number })
    }

    /// Calls that hold a place now.
    pub(crate) fn admitted(&self) -> u32 {
        self.lock().admitted_together
    }
}

/// A place within the limits; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    registry: Arc<CallRegistry>,
    number: NumberId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut calls = self.registry.lock();
        calls.admitted_together = calls.admitted_together.saturating_sub(1);
        if let Some(count) = calls.admitted.get_mut(&self.number) {
            *count = count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests;
