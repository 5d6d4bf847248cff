//! A call and an entry of its story, in our types.

use std::fmt;

use serde_json::Value;
use switchboard_core::call::input::Direction;
use switchboard_core::call::state::{CallFacts, Status};
use switchboard_core::ids::{BranchId, CallId, EventId, NodeId, NumberId, ProviderCallId, TenantId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

/// What is kept of a call (C4).
#[derive(Clone, PartialEq)]
pub struct CallRow {
    /// Our id.
    pub id: CallId,
    /// The business.
    pub tenant: TenantId,
    /// The branch; none = all of them.
    pub branch: Option<BranchId>,
    /// The business number.
    pub number: NumberId,
    /// The provider's id; none while he has not said how he names a call of ours.
    pub provider_call_id: Option<ProviderCallId>,
    /// Who calls whom.
    pub direction: Direction,
    /// Who the customer is.
    pub caller: Caller,
    /// The business number as the provider wrote it in this call.
    pub to: Option<PhoneNumber>,
    /// What the call button in the chat carried.
    pub cta_payload: Option<String>,
    /// What the call link carried.
    pub deeplink_payload: Option<String>,
    /// Free JSON.
    pub metadata: Value,
    /// What the one who placed it sent along, so that asking twice calls once.
    pub idempotency_key: Option<String>,
    /// The offer (the customer's, or ours), to be written. A row that was read has none: see [`sdp_of`](super::Calls::sdp_of).
    pub sdp_offer: Option<String>,
    /// The answer to it, likewise.
    pub sdp_answer: Option<String>,
    /// What is decided of it.
    pub facts: CallFacts,
    /// How it sounded, as measured last.
    pub quality: Option<Value>,
    /// The node that runs it.
    pub owner_node: NodeId,
    /// The start of that node.
    pub owner_epoch: i64,
    /// When we first heard of it.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl CallRow {
    /// What is decided of it; what the call machine is restored from.
    #[must_use]
    pub fn facts(&self) -> CallFacts {
        self.facts.clone()
    }

    /// Takes over what the call machine decided.
    pub fn set_facts(&mut self, facts: &CallFacts) {
        self.facts.clone_from(facts);
    }

    /// What agents read in lists.
    #[must_use]
    pub fn status(&self) -> Status {
        self.facts.status()
    }

    /// By this moment it is sorted in lists.
    #[must_use]
    pub fn listed_at(&self) -> Timestamp {
        self.facts.offered_at.unwrap_or(self.created_at)
    }

    /// Its owner.
    #[must_use]
    pub const fn owner(&self) -> OwnerFence {
        OwnerFence { node: self.owner_node, epoch: self.owner_epoch }
    }
}

impl fmt::Debug for CallRow {
    /// No names, numbers, payloads or SDP.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRow")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("branch", &self.branch)
            .field("number", &self.number)
            .field("direction", &self.direction)
            .field("facts", &self.facts)
            .field("owner_node", &self.owner_node)
            .field("owner_epoch", &self.owner_epoch)
            .finish_non_exhaustive()
    }
}

/// What both sides offered and answered.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CallSdp {
    /// The first half: the customer's, or ours in a call of ours.
    pub offer: Option<String>,
    /// The second half.
    pub answer: Option<String>,
}

impl fmt::Debug for CallSdp {
    /// Addresses and keys of a call are nobody's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSdp")
            .field("offer", &self.offer.is_some())
            .field("answer", &self.answer.is_some())
            .finish()
    }
}

/// Who the customer is, as far as the provider tells.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The name of the WhatsApp profile.
    pub name: Option<String>,
    /// The phone number, when it is not hidden behind a user name.
    pub phone: Option<PhoneNumber>,
    /// The provider's id of the person for this business.
    pub user_id: Option<String>,
    /// The provider's id of the person for the parent business.
    pub parent_user_id: Option<String>,
    /// The WhatsApp user name.
    pub username: Option<String>,
    /// ISO 3166 country.
    pub country: Option<String>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("phone", &self.phone)
            .field("country", &self.country)
            .finish_non_exhaustive()
    }
}

/// An entry of the event log.
#[derive(Clone, PartialEq)]
pub struct EventRow {
    /// Its id.
    pub id: EventId,
    /// The call.
    pub call: CallId,
    /// The tenant of the call.
    pub tenant: TenantId,
    /// The branch of the call as it is now: a story is seen by whoever may see the call.
    pub branch: Option<BranchId>,
    /// Its place in the story of the call, unique there.
    pub seq: i32,
    /// When we knew it.
    pub at: Timestamp,
    /// What it was: `call.received` …
    pub kind: String,
    /// The rest.
    pub data: Value,
}

impl fmt::Debug for EventRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRow")
            .field("call", &self.call)
            .field("seq", &self.seq)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Who must own a call for a change to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnerFence {
    /// The node.
    pub node: NodeId,
    /// Which start of it.
    pub epoch: i64,
}
