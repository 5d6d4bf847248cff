//! Which live call is where: one task per call, found by our id or by the provider's.
//!
//! A message is put into a mailbox while the registry is locked, and a task leaves the registry under the same
//! lock and only with an empty mailbox: so no message falls between a task that ends and one that begins.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switchboard_core::access::Scope;
use switchboard_core::call::input::{Admission, CallInput};
use switchboard_core::ids::{BranchId, CallId, NumberId, ProviderCallId, TenantId, UserId};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::agents::Actor;
use crate::call_task::Verb;
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
    pub branch: Option<BranchId>,
    /// Agents who become reachable are of interest (it rings, or its agent is lost).
    pub wants_agents: AtomicBool,
    /// It is over, everything is written and nothing is owed any more.
    pub finished: AtomicBool,
    /// The newest view; none until the offer is known, and when it is over.
    view: Mutex<Option<CallView>>,
}

impl LiveCall {
    pub(crate) fn new(tenant: TenantId, branch: Option<BranchId>) -> Self {
        Self {
            tenant,
            branch,
            wants_agents: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            view: Mutex::new(None),
        }
    }

    pub(crate) fn show(&self, view: Option<CallView>) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    fn view(&self) -> Option<CallView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Debug, Clone)]
struct Handle {
    mailbox: mpsc::Sender<CallMessage>,
    live: Arc<LiveCall>,
}

#[derive(Debug, Default)]
struct Calls {
    by_provider: HashMap<(NumberId, ProviderCallId), CallId>,
    by_id: BTreeMap<CallId, Handle>,
    admitted: HashMap<NumberId, u32>,
    admitted_together: u32,
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
        Ok(Some(Self::insert(&mut calls, key, id, Arc::new(live()), Some(message))))
    }

    /// Makes a mailbox for a call that is known by id (after a restart).
    pub(crate) fn adopt(
        &self,
        number: NumberId,
        provider_call: &ProviderCallId,
        id: CallId,
        live: LiveCall,
    ) -> Option<Birth> {
        let mut calls = self.lock();
        let key = (number, provider_call.clone());
        if calls.by_provider.contains_key(&key) {
            return None;
        }
        Some(Self::insert(&mut calls, key, id, Arc::new(live), None))
    }

    fn insert(
        calls: &mut Calls,
        key: (NumberId, ProviderCallId),
        id: CallId,
        live: Arc<LiveCall>,
        first: Option<CallMessage>,
    ) -> Birth {
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        if let Some(first) = first {
            // The mailbox is new and empty, so the first message always fits.
            let _ = sender.try_send(first);
        }
        calls.by_provider.insert(key, id);
        calls.by_id.insert(id, Handle { mailbox: sender, live: Arc::clone(&live) });
        Birth { id, mailbox, live }
    }

    /// The database knows this call under another id than the one we had just made up.
    pub(crate) fn rename(&self, number: NumberId, provider_call: &ProviderCallId, from: CallId, to: CallId) {
        let mut calls = self.lock();
        if let Some(handle) = calls.by_id.remove(&from) {
            calls.by_id.insert(to, handle);
            calls.by_provider.insert((number, provider_call.clone()), to);
        }
    }

    /// A task says goodbye. False: a message has just come, it must go on.
    pub(crate) fn leave(
        &self,
        number: NumberId,
        provider_call: &ProviderCallId,
        id: CallId,
        mailbox: &mpsc::Receiver<CallMessage>,
    ) -> bool {
        let mut calls = self.lock();
        if !mailbox.is_empty() {
            return false;
        }
        calls.by_id.remove(&id);
        calls.by_provider.remove(&(number, provider_call.clone()));
        true
    }

    /// A task is gone without a goodbye: what was in its mailbox comes again from the inbox. A task that has taken
    /// its place meanwhile stays.
    pub(crate) fn forget(
        &self,
        number: NumberId,
        provider_call: &ProviderCallId,
        id: CallId,
        live: &Arc<LiveCall>,
    ) {
        let mut calls = self.lock();
        if calls.by_id.get(&id).is_some_and(|handle| Arc::ptr_eq(&handle.live, live)) {
            calls.by_id.remove(&id);
            calls.by_provider.remove(&(number, provider_call.clone()));
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
                || !scope.branches.reach(live.branch)
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

    /// Live calls this scope may see, oldest first.
    pub(crate) fn visible(&self, scope: &Scope) -> Vec<CallView> {
        let calls = self.lock();
        calls
            .by_id
            .values()
            .filter(|handle| handle.live.tenant == scope.tenant && scope.branches.reach(handle.live.branch))
            .filter_map(|handle| handle.live.view())
            .collect()
    }

    /// The live view of one call, if this scope may see it.
    pub(crate) fn view(&self, scope: &Scope, id: CallId) -> Option<CallView> {
        let calls = self.lock();
        let live = &calls.by_id.get(&id)?.live;
        (live.tenant == scope.tenant && scope.branches.reach(live.branch)).then(|| live.view()).flatten()
    }

    /// May this scope touch this call? None: it is not live here.
    pub(crate) fn may_touch(&self, scope: &Scope, id: CallId) -> Option<bool> {
        let calls = self.lock();
        let live = &calls.by_id.get(&id)?.live;
        Some(live.tenant == scope.tenant && scope.branches.reach(live.branch))
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

/// The verdict as the core wants it.
pub(crate) const fn admission(enabled: bool, place: Option<&Place>) -> Admission {
    match (enabled, place) {
        (false, _) => Admission::CallingDisabled,
        (true, None) => Admission::AtCapacity,
        (true, Some(_)) => Admission::Open,
    }
}
