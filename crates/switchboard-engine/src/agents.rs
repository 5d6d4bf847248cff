//! Agents at run time: their open pages, their lines, who can be rung.
//!
//! One lock, held for moments only and never while waiting. What follows from a change (messages to pages, a word
//! to waiting calls) is returned as [`Aftermath`] and carried out by the caller after the lock is gone.

mod rights;
mod said;
mod speaking;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use switchboard_core::access::{Role, Scope};
use switchboard_core::ids::{BranchId, CallId, LineId, TenantId, UserId};
use switchboard_core::presence::{AgentFacts, PresenceState};
use tokio::sync::mpsc;
use uuid::Uuid;

pub use said::Said;
use said::Written;

use crate::events::{AgentPresence, AgentStatus, MicrophonePermission, Person, ServerMessage};

/// Messages a page may be behind before it is closed as too slow.
const PAGE_QUEUE: usize = 256;

/// Who acts.
#[derive(Debug, Clone)]
pub struct Actor {
    /// The person, or the key standing for one.
    pub user: UserId,
    /// His name.
    pub name: String,
    /// What he may reach.
    pub scope: Scope,
    /// A key has no line and cannot answer.
    pub is_person: bool,
}

impl Actor {
    /// The actor as others see him.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { id: self.user.to_string(), name: self.name.clone() }
    }
}

/// One open page.
#[derive(Debug)]
struct Page {
    id: Uuid,
    session: Option<String>,
    /// None: too slow or gone; its stream ends, and its `Client` closes the page.
    queue: Option<mpsc::Sender<Said>>,
    sound: bool,
    microphone: MicrophonePermission,
}

/// The one line of an agent. It outlives its page for as long as its media do, but not its session.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    id: LineId,
    page: Uuid,
    session: Option<String>,
    connected: bool,
}

#[derive(Debug)]
struct Agent {
    name: String,
    scope: Scope,
    is_person: bool,
    pages: Vec<Page>,
    line: Option<Line>,
    status: AgentStatus,
    ringing: BTreeSet<CallId>,
    in_call: Option<CallId>,
    presence: PresenceState,
    presence_is_news: bool,
}

impl Agent {
    fn facts(&self) -> AgentFacts {
        let page = self.line.as_ref().and_then(|line| self.pages.iter().find(|page| page.id == line.page));
        AgentFacts {
            page_open: !self.pages.is_empty(),
            line_connected: self.line.as_ref().is_some_and(|line| line.connected),
            sound_unlocked: page.is_some_and(|page| page.sound),
            microphone_denied: page.is_some_and(|page| page.microphone == MicrophonePermission::Denied),
            do_not_disturb: self.status == AgentStatus::DoNotDisturb,
            ringing: self.ringing.len(),
            in_call: self.in_call.is_some(),
        }
    }
}

/// What follows from a change, to be carried out without the lock.
#[derive(Debug, Default)]
pub(crate) struct Aftermath {
    /// Lines whose media must be closed.
    pub close_lines: Vec<LineId>,
    /// The agent became reachable (true) or unreachable (false) for ringing.
    pub reachable: Option<bool>,
    /// The call he is in, whose line is gone or back.
    pub line_of_call: Option<(CallId, LineChange)>,
}

/// What happened to the line of an agent in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineChange {
    /// Gone.
    Lost,
    /// Connected (again).
    Back,
}

/// How many agents there are of what.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// Open live streams.
    pub pages: usize,
    /// People, by the word of their presence.
    pub by_state: BTreeMap<&'static str, usize>,
}

/// All agents of this node.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    inner: Mutex<BTreeMap<UserId, Agent>>,
}

/// What a page is told when its stream is closed by us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignOut {
    /// The person signed out.
    Logout,
    /// The account was disabled.
    Disabled,
    /// Role, branches or what the business hides have changed: the page comes back at once and sees what it may now.
    RightsChanged,
    /// The server stops.
    Shutdown,
}

impl SignOut {
    const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Disabled => "disabled",
            Self::RightsChanged => "rights_changed",
            Self::Shutdown => "shutdown",
        }
    }
}

impl Agents {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<UserId, Agent>> {
        // Nothing in here panics while holding the lock; if it ever did, the data are still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page opens its stream.
    pub(crate) fn open_page(&self, who: &Actor, page: Uuid, session: Option<String>) -> mpsc::Receiver<Said> {
        let (queue, receiver) = mpsc::channel(PAGE_QUEUE);
        let mut agents = self.lock();
        let agent = agents.entry(who.user).or_insert_with(|| Agent {
            name: who.name.clone(),
            scope: who.scope.clone(),
            is_person: who.is_person,
            pages: Vec::new(),
            line: None,
            status: AgentStatus::Available,
            ringing: BTreeSet::new(),
            in_call: None,
            presence: PresenceState::Offline,
            presence_is_news: false,
        });
        agent.name.clone_from(&who.name);
        agent.scope = who.scope.clone();
        agent.pages.push(Page {
            id: page,
            session,
            queue: Some(queue),
            sound: false,
            microphone: MicrophonePermission::Prompt,
        });
        Self::settle(&mut agents, who.user);
        receiver
    }

    /// A page's stream is gone. Its line lives on while its media do: a network blip is not a hang-up.
    pub(crate) fn close_page(&self, user: UserId, page: Uuid) -> Aftermath {
        self.change(user, |agent, _| {
            agent.pages.retain(|open| open.id != page);
        })
    }

    /// A page says what it can do.
    pub(crate) fn page_ready(
        &self,
        user: UserId,
        page: Uuid,
        sound: bool,
        microphone: MicrophonePermission,
    ) -> Aftermath {
        self.change(user, |agent, _| {
            if let Some(open) = agent.pages.iter_mut().find(|open| open.id == page) {
                open.sound = sound;
                open.microphone = microphone;
            }
        })
    }

    /// What the agent wants.
    pub(crate) fn set_status(&self, user: UserId, status: AgentStatus) -> Aftermath {
        self.change(user, |agent, _| agent.status = status)
    }

    /// A page opened a line; the one before it is replaced. A page that is gone meanwhile opens nothing.
    pub(crate) fn open_line(&self, user: UserId, page: Uuid, line: LineId) -> Aftermath {
        let mut is_open = false;
        let mut aftermath = self.change(user, |agent, aftermath| {
            let Some(open) = agent.pages.iter().find(|open| open.id == page) else { return };
            is_open = true;
            let new = Line { id: line, page, session: open.session.clone(), connected: false };
            if let Some(old) = agent.line.replace(new) {
                aftermath.close_lines.push(old.id);
                tell(agent, old.page, ServerMessage::Line { line_id: old.id.to_string(), state: "replaced" });
                // Nobody is heard until the new line is connected; then `Back` follows.
                aftermath.line_of_call = agent.in_call.map(|call| (call, LineChange::Lost));
            }
        });
        if !is_open {
            aftermath.close_lines.push(line);
        }
        aftermath
    }

    /// A page gives its line up.
    pub(crate) fn close_line(&self, user: UserId, page: Uuid) -> Aftermath {
        self.change(user, |agent, aftermath| {
            if let Some(line) = agent.line.take_if(|line| line.page == page) {
                aftermath.close_lines.push(line.id);
                tell(agent, line.page, ServerMessage::Line { line_id: line.id.to_string(), state: "closed" });
                aftermath.line_of_call = agent.in_call.map(|call| (call, LineChange::Lost));
            }
        })
    }

    /// The media engine says what became of a line. A line that was replaced meanwhile is nobody's.
    pub(crate) fn line_changed(&self, line: LineId, state: &'static str) -> Option<(UserId, Aftermath)> {
        let connected = state == "connected";
        let user = {
            let agents = self.lock();
            *agents.iter().find(|(_, agent)| agent.line.as_ref().is_some_and(|open| open.id == line))?.0
        };
        let aftermath = self.change(user, |agent, aftermath| {
            let Some(open) = agent.line.as_mut().filter(|open| open.id == line) else { return };
            open.connected = connected;
            let page = open.page;
            if !connected {
                agent.line = None;
                aftermath.close_lines.push(line);
            }
            tell(agent, page, ServerMessage::Line { line_id: line.to_string(), state });
            let change = if connected { LineChange::Back } else { LineChange::Lost };
            aftermath.line_of_call = agent.in_call.map(|call| (call, change));
        });
        Some((user, aftermath))
    }

    /// The agent is rung for a call, or not any more.
    pub(crate) fn rings(&self, user: UserId, call: CallId, rings: bool) -> Aftermath {
        self.change(user, |agent, _| {
            if rings {
                agent.ringing.insert(call);
            } else {
                agent.ringing.remove(&call);
            }
        })
    }

    /// The agent goes into a call. False: he is in another one.
    pub(crate) fn claim(&self, user: UserId, call: CallId) -> (bool, Aftermath) {
        let mut claimed = false;
        let aftermath = self.change(user, |agent, _| {
            claimed = *agent.in_call.get_or_insert(call) == call;
        });
        (claimed, aftermath)
    }

    /// The agent is in this call no more. False: he was not.
    pub(crate) fn release(&self, user: UserId, call: CallId) -> (bool, Aftermath) {
        let mut released = false;
        let aftermath =
            self.change(user, |agent, _| released = agent.in_call.take_if(|mine| *mine == call).is_some());
        (released, aftermath)
    }

    /// Closes the pages of one session, with its line, whether or not the line's page is still open.
    pub(crate) fn sign_out_session(&self, session: &str, why: SignOut) -> Vec<(UserId, Aftermath)> {
        let of_session = |other: &Option<String>| other.as_deref() == Some(session);
        let users: Vec<UserId> = {
            let agents = self.lock();
            agents
                .iter()
                .filter(|(_, agent)| {
                    agent.pages.iter().any(|page| of_session(&page.session))
                        || agent.line.as_ref().is_some_and(|line| of_session(&line.session))
                })
                .map(|(user, _)| *user)
                .collect()
        };
        users.into_iter().map(|user| (user, self.sign_out_where(user, why, of_session))).collect()
    }

    /// Closes every page of a person, with his line.
    pub(crate) fn sign_out_user(&self, user: UserId, why: SignOut) -> Aftermath {
        self.sign_out_where(user, why, |_| true)
    }

    /// Closes every page.
    pub(crate) fn sign_out_everybody(&self, why: SignOut) -> Vec<(UserId, Aftermath)> {
        let users: Vec<UserId> = self.lock().keys().copied().collect();
        users.into_iter().map(|user| (user, self.sign_out_user(user, why))).collect()
    }

    fn sign_out_where(
        &self,
        user: UserId,
        why: SignOut,
        which: impl Fn(&Option<String>) -> bool,
    ) -> Aftermath {
        self.change(user, |agent, aftermath| {
            for page in agent.pages.iter().filter(|page| which(&page.session)) {
                if let Some(queue) = &page.queue {
                    // A full queue closes just the same: the receiver ends with the sender.
                    let _ = queue.try_send(Said::new(&ServerMessage::Bye { why: why.word() }));
                }
            }
            agent.pages.retain(|page| !which(&page.session));
            if let Some(line) = agent.line.take_if(|line| which(&line.session)) {
                aftermath.close_lines.push(line.id);
                aftermath.line_of_call = agent.in_call.map(|call| (call, LineChange::Lost));
            }
        })
    }

    /// The agent's connected line.
    pub(crate) fn connected_line(&self, user: UserId) -> Option<LineId> {
        self.lock().get(&user)?.line.as_ref().filter(|line| line.connected).map(|line| line.id)
    }

    /// The call the agent is in.
    pub(crate) fn call_of(&self, user: UserId) -> Option<CallId> {
        self.lock().get(&user)?.in_call
    }

    /// What the agent chose.
    pub(crate) fn status_of(&self, user: UserId) -> AgentStatus {
        self.lock().get(&user).map_or(AgentStatus::Available, |agent| agent.status)
    }

    /// Can the agent be rung, and for calls of which scope?
    pub(crate) fn scope_of(&self, user: UserId) -> Option<Scope> {
        self.lock().get(&user).map(|agent| agent.scope.clone())
    }

    /// Who can be rung for a call of this tenant and branch, in a stable order.
    pub(crate) fn available(&self, tenant: TenantId, branch: Option<BranchId>) -> Vec<UserId> {
        self.lock()
            .iter()
            .filter(|(_, agent)| agent.scope.tenant == tenant && agent.scope.reaches_call(branch))
            .filter(|(_, agent)| agent.facts().can_be_rung())
            .map(|(user, _)| *user)
            .collect()
    }

    /// The branch of an agent who has exactly one.
    pub(crate) fn only_branch_of(&self, user: UserId) -> Option<BranchId> {
        self.lock().get(&user)?.scope.branches.only()
    }

    /// Those whose presence this person sees: himself, and everybody of his tenant when he supervises.
    pub(crate) fn presence_for(&self, who: &Actor) -> Vec<AgentPresence> {
        self.lock()
            .iter()
            .filter(|(user, agent)| {
                agent.is_person
                    && (**user == who.user
                        || (who.scope.role >= Role::Supervisor && agent.scope.tenant == who.scope.tenant))
            })
            .map(|(user, agent)| presence(*user, agent))
            .collect()
    }

    /// How many there are of what. For metrics.
    pub(crate) fn census(&self) -> Census {
        let agents = self.lock();
        let mut census = Census::default();
        for agent in agents.values() {
            census.pages += agent.pages.len();
            if agent.is_person {
                *census.by_state.entry(agent.presence.as_str()).or_insert(0) += 1;
            }
        }
        census
    }

    /// Calls the agent is rung for.
    pub(crate) fn ringing_of(&self, user: UserId) -> Vec<CallId> {
        self.lock().get(&user).map(|agent| agent.ringing.iter().copied().collect()).unwrap_or_default()
    }

    /// Says something to every page of one person.
    pub(crate) fn tell_user(&self, user: UserId, message: &ServerMessage) {
        self.tell_users(&[user], message);
    }

    /// Says the same to every page of several people.
    pub(crate) fn tell_users(&self, users: &[UserId], message: &ServerMessage) {
        let mut written = Written::of(message);
        let mut agents = self.lock();
        for user in users {
            if let Some(agent) = agents.get_mut(user) {
                let said = written.to(&agent.scope);
                agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
            }
        }
    }

    /// Says something to one page.
    pub(crate) fn tell_page(&self, user: UserId, page: Uuid, message: ServerMessage) {
        if let Some(agent) = self.lock().get_mut(&user) {
            tell(agent, page, message);
        }
    }

    /// Says something to every page that may see this tenant and branch.
    pub(crate) fn tell_everybody(&self, tenant: TenantId, branch: Option<BranchId>, message: &ServerMessage) {
        let mut written = Written::of(message);
        for agent in self.lock().values_mut() {
            if agent.scope.tenant == tenant && agent.scope.reaches_call(branch) {
                let said = written.to(&agent.scope);
                agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
            }
        }
    }

    /// Says something to every page that may see all of these branches (what has no branch is seen by all).
    pub(crate) fn tell_those(&self, tenant: TenantId, of: &[Option<BranchId>], message: &ServerMessage) {
        let mut written = Written::of(message);
        for agent in self.lock().values_mut() {
            let sees = of.iter().all(|branch| agent.scope.branches.reach(*branch));
            if agent.scope.tenant == tenant && sees {
                let said = written.to(&agent.scope);
                agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
            }
        }
    }

    /// Says something to every open page of every tenant.
    pub(crate) fn tell_all(&self, message: &ServerMessage) {
        let said = Said::new(message);
        for agent in self.lock().values_mut() {
            agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
        }
    }

    /// Applies a change and works out what follows from it.
    fn change(&self, user: UserId, apply: impl FnOnce(&mut Agent, &mut Aftermath)) -> Aftermath {
        let mut aftermath = Aftermath::default();
        let mut agents = self.lock();
        let Some(agent) = agents.get_mut(&user) else { return aftermath };
        let before = agent.facts().can_be_rung();
        apply(agent, &mut aftermath);
        let after = agent.facts().can_be_rung();
        if before != after {
            aftermath.reachable = Some(after);
        }
        Self::settle(&mut agents, user);
        aftermath
    }

    /// If the presence word has changed: the agent hears it at once, those who supervise him with the next round.
    fn settle(agents: &mut BTreeMap<UserId, Agent>, user: UserId) {
        let Some(agent) = agents.get_mut(&user) else { return };
        let now = agent.facts().state();
        if agent.presence == now || !agent.is_person {
            return;
        }
        agent.presence = now;
        agent.presence_is_news = true;
        let said = Said::new(&ServerMessage::Presence(presence(user, agent)));
        agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
    }

    /// Tells supervisors whose presence has changed since the last round. Two hundred people who are rung together
    /// change twice a call; in rounds that is one message for each of them at the most.
    pub(crate) fn tell_presence(&self) {
        let mut agents = self.lock();
        let news: Vec<(UserId, TenantId, Said)> = agents
            .iter_mut()
            .filter_map(|(user, agent)| {
                let said = || Said::new(&ServerMessage::Presence(presence(*user, agent)));
                agent.presence_is_news.then(|| (*user, agent.scope.tenant, said()))
            })
            .collect();
        agents.values_mut().for_each(|agent| agent.presence_is_news = false);
        if news.is_empty() {
            return;
        }
        for (user, supervisor) in agents.iter_mut().filter(|(_, agent)| agent.scope.role >= Role::Supervisor)
        {
            for (changed, tenant, said) in &news {
                if changed != user && *tenant == supervisor.scope.tenant {
                    supervisor.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
                }
            }
        }
    }
}

impl Agents {
    /// Every page of every supervisor is told what its scope may know.
    pub(crate) fn tell_supervisors(&self, message: impl Fn(&Scope) -> ServerMessage) {
        let mut agents = self.lock();
        for agent in agents.values_mut().filter(|agent| agent.scope.role >= Role::Supervisor) {
            let said = Said::new(&message(&agent.scope));
            agent.pages.iter_mut().for_each(|page| deliver(page, said.clone()));
        }
    }
}

fn presence(user: UserId, agent: &Agent) -> AgentPresence {
    AgentPresence { user_id: user.to_string(), name: agent.name.clone(), state: agent.presence.as_str() }
}

fn tell(agent: &mut Agent, page: Uuid, message: ServerMessage) {
    if let Some(open) = agent.pages.iter_mut().find(|open| open.id == page) {
        deliver(open, Said::new(&message));
    }
}

/// A page that does not keep up loses its queue: its stream ends with the sender, and then the page is closed.
fn deliver(page: &mut Page, message: Said) {
    let Some(queue) = &page.queue else { return };
    match queue.try_send(message) {
        Ok(()) => {}
        Err(mpsc::error::TrySendError::Full(_)) => {
            tracing::warn!(connection.id = %page.id, "a page does not keep up with its stream and is closed");
            page.queue = None;
        }
        Err(mpsc::error::TrySendError::Closed(_)) => page.queue = None,
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::access::Branches;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn ana() -> Actor {
        let scope = Scope::new(TenantId::from_uuid(id(1)), Branches::All, Role::Agent);
        Actor { user: UserId::from_uuid(id(2)), name: "Ana".to_owned(), scope, is_person: true }
    }

    /// Ana on one page of session `s`, with a connected line, ready to be rung.
    fn ready(agents: &Agents) -> (mpsc::Receiver<Said>, Uuid, LineId) {
        let (page, line) = (id(10), LineId::from_uuid(id(11)));
        let queue = agents.open_page(&ana(), page, Some("s".to_owned()));
        agents.open_line(ana().user, page, line);
        agents.line_changed(line, "connected");
        let aftermath = agents.page_ready(ana().user, page, true, MicrophonePermission::Granted);
        assert_eq!(aftermath.reachable, Some(true));
        (queue, page, line)
    }

    #[test]
    fn an_agent_takes_one_call_at_a_time() {
        let agents = Agents::default();
        let (_queue, ..) = ready(&agents);
        let (one, other) = (CallId::from_uuid(id(20)), CallId::from_uuid(id(21)));
        let (claimed, aftermath) = agents.claim(ana().user, one);
        assert!(claimed);
        assert_eq!(aftermath.reachable, Some(false), "other calls stop ringing him");
        assert!(agents.claim(ana().user, one).0, "the second click of the same call is no error");
        assert!(!agents.claim(ana().user, other).0);
        assert!(!agents.release(ana().user, other).0, "what he never had is not taken from him");
        assert!(agents.release(ana().user, one).0);
        assert!(agents.claim(ana().user, other).0);
    }

    #[test]
    fn signing_out_closes_the_line_even_when_its_page_is_gone_already() {
        let agents = Agents::default();
        let (_queue, page, line) = ready(&agents);
        assert!(
            agents.close_page(ana().user, page).close_lines.is_empty(),
            "a blip of the stream is no hang-up"
        );
        let closed = agents.sign_out_session("s", SignOut::Logout);
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].1.close_lines, [line]);
    }

    #[test]
    fn a_session_that_signs_out_leaves_the_line_of_another_alone() {
        let agents = Agents::default();
        let (_queue, ..) = ready(&agents);
        let _other = agents.open_page(&ana(), id(12), Some("t".to_owned()));
        let closed = agents.sign_out_session("t", SignOut::Logout);
        assert!(closed[0].1.close_lines.is_empty());
        assert!(agents.connected_line(ana().user).is_some());
    }

    #[test]
    fn a_page_that_is_gone_opens_no_line() {
        let agents = Agents::default();
        let (_queue, ..) = ready(&agents);
        let late = LineId::from_uuid(id(13));
        let aftermath = agents.open_line(ana().user, id(99), late);
        assert_eq!(aftermath.close_lines, [late]);
        assert!(agents.connected_line(ana().user).is_some(), "the good line stays");
    }

    #[test]
    fn a_line_replaced_in_mid_call_counts_as_lost_until_the_new_one_is_connected() {
        let agents = Agents::default();
        let (_queue, page, old) = ready(&agents);
        let call = CallId::from_uuid(id(20));
        agents.claim(ana().user, call);
        let new = LineId::from_uuid(id(14));
        let aftermath = agents.open_line(ana().user, page, new);
        assert_eq!(
            (aftermath.close_lines, aftermath.line_of_call),
            (vec![old], Some((call, LineChange::Lost)))
        );
        let (_, aftermath) = agents.line_changed(new, "connected").expect("her line");
        assert_eq!(aftermath.line_of_call, Some((call, LineChange::Back)));
        assert!(agents.line_changed(old, "lost").is_none(), "the old line is nobody's any more");
    }

    #[test]
    fn a_page_that_does_not_keep_up_is_closed_and_its_agent_cannot_be_rung() {
        let agents = Agents::default();
        let (mut queue, page, _) = ready(&agents);
        for _ in 0..=PAGE_QUEUE {
            agents.tell_page(ana().user, page, ServerMessage::Pong);
        }
        while queue.try_recv().is_ok() {}
        assert!(queue.is_closed(), "the stream ends");
        assert_eq!(agents.close_page(ana().user, page).reachable, Some(false));
    }
}
