//! Who can speak with a customer now.

use switchboard_core::ids::{CallId, UserId};
use switchboard_core::presence::AgentFacts;

use super::Agents;

impl Agents {
    /// Can this person speak with a customer now: one who asks for it himself, or one whom another has named? `own` is the
    /// call he has been claimed for.
    pub(crate) fn can_speak(&self, user: UserId, himself: bool, own: Option<CallId>) -> bool {
        let agents = self.lock();
        let Some(agent) = agents.get(&user) else { return false };
        let in_call = agent.in_call.is_some_and(|call| Some(call) != own);
        let facts = AgentFacts { in_call, ..agent.facts() };
        if himself { facts.can_call() } else { facts.can_be_rung() }
    }
}
