//! Agents at run time: their open pages, their lines, who can be rung.
//!
//! One lock, held for moments only and never while waiting. What follows from a change (messages to pages, a word
//! to waiting calls) is returned as [`Aftermath`] and carried out by the caller after the lock is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use switchboard_core::access::{Branches, Scope};
use switchboard_core::ids::{BranchId, CallId, LineId, TenantId, UserId};
use switchboard_core::presence::{AgentFacts, PresenceState};
use tokio::sync::mpsc;
use uuid::Uuid;

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
    queue: mpsc::Sender<ServerMessage>,
    sound: bool,
    microphone: MicrophonePermission,
}

/// The one line of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line {
    id: LineId,
    page: Uuid,
    connected: bool,
}

#[derive(Debug)]
struct Agent {
    name: String,
    scope: Scope,
    pages: Vec<Page>,
    line: Option<Line>,
    status: AgentStatus,
    ringing: BTreeSet<CallId>,
    in_call: Option<CallId>,
    presence: PresenceState,
}

impl Agent {
    fn facts(&self) -> AgentFacts {
        let page = self.line.and_then(|line| self.pages.iter().find(|page| page.id == line.page));
        AgentFacts {
            page_open: !self.pages.is_empty(),
            line_connected: self.line.is_some_and(|line| line.connected),
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
    /// The server stops.
    Shutdown,
}

impl SignOut {
    const fn word(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Disabled => "disabled",
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
    pub(crate) fn open_page(
        &self,
        who: &Actor,
        page: Uuid,
        session: Option<String>,
    ) -> mpsc::Receiver<ServerMessage> {
        let (queue, receiver) = mpsc::channel(PAGE_QUEUE);
        let mut agents = self.lock();
        let agent = agents.entry(who.user).or_insert_with(|| Agent {
            name: who.name.clone(),
            scope: who.scope.clone(),
            pages: Vec::new(),
            line: None,
            status: AgentStatus::Available,
            ringing: BTreeSet::new(),
            in_call: None,
            presence: PresenceState::Offline,
        });
        agent.name.clone_from(&who.name);
        agent.scope = who.scope.clone();
        agent.pages.push(Page {
            id: page,
            session,
            queue,
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

    /// A page opened a line; the one before it is replaced.
    pub(crate) fn open_line(&self, user: UserId, page: Uuid, line: LineId) -> Aftermath {
        self.change(user, |agent, aftermath| {
            if let Some(old) = agent.line.replace(Line { id: line, page, connected: false }) {
                aftermath.close_lines.push(old.id);
                tell(agent, old.page, ServerMessage::Line { line_id: old.id.to_string(), state: "replaced" });
            }
        })
    }

    /// A page gives its line up.
    pub(crate) fn close_line(&self, user: UserId, page: Uuid) -> Aftermath {
        self.change(user, |agent, aftermath| {
            if agent.line.is_some_and(|line| line.page == page)
                && let Some(line) = agent.line.take()
            {
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
            *agents.iter().find(|(_, agent)| agent.line.is_some_and(|open| open.id == line))?.0
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

    /// The agent is in a call now.
    pub(crate) fn engage(&self, user: UserId, call: CallId) -> Aftermath {
        self.change(user, |agent, _| agent.in_call = Some(call))
    }

    /// The agent is in this call no more.
    pub(crate) fn release(&self, user: UserId, call: CallId) -> Aftermath {
        self.change(user, |agent, _| {
            if agent.in_call == Some(call) {
                agent.in_call = None;
            }
        })
    }

    /// Closes the pages of one session, with their line.
    pub(crate) fn sign_out_session(&self, session: &str, why: SignOut) -> Vec<(UserId, Aftermath)> {
        let users: Vec<UserId> = {
            let agents = self.lock();
            agents
                .iter()
                .filter(|(_, agent)| agent.pages.iter().any(|page| page.session.as_deref() == Some(session)))
                .map(|(user, _)| *user)
                .collect()
        };
        users
            .into_iter()
            .map(|user| {
                (user, self.sign_out_pages(user, why, |page| page.session.as_deref() == Some(session)))
            })
            .collect()
    }

    /// Closes every page of a person, with his line.
    pub(crate) fn sign_out_user(&self, user: UserId, why: SignOut) -> Aftermath {
        self.sign_out_pages(user, why, |_| true)
    }

    /// Closes every page.
    pub(crate) fn sign_out_everybody(&self, why: SignOut) -> Vec<(UserId, Aftermath)> {
        let users: Vec<UserId> = self.lock().keys().copied().collect();
        users.into_iter().map(|user| (user, self.sign_out_user(user, why))).collect()
    }

    fn sign_out_pages(&self, user: UserId, why: SignOut, which: impl Fn(&Page) -> bool) -> Aftermath {
        self.change(user, |agent, aftermath| {
            let (closing, staying): (Vec<Page>, Vec<Page>) =
                agent.pages.drain(..).partition(|page| which(page));
            agent.pages = staying;
            for page in &closing {
                // A full queue closes just the same: the receiver ends with the sender.
                let _ = page.queue.try_send(ServerMessage::Bye { why: why.word() });
                if agent.line.is_some_and(|line| line.page == page.id)
                    && let Some(line) = agent.line.take()
                {
                    aftermath.close_lines.push(line.id);
                    aftermath.line_of_call = agent.in_call.map(|call| (call, LineChange::Lost));
                }
            }
        })
    }

    /// The agent's connected line.
    pub(crate) fn connected_line(&self, user: UserId) -> Option<LineId> {
        self.lock().get(&user)?.line.filter(|line| line.connected).map(|line| line.id)
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
            .filter(|(_, agent)| agent.scope.tenant == tenant && agent.scope.branches.reach(branch))
            .filter(|(_, agent)| agent.facts().can_be_rung())
            .map(|(user, _)| *user)
            .collect()
    }

    /// The branch of an agent who has exactly one.
    pub(crate) fn only_branch_of(&self, user: UserId) -> Option<BranchId> {
        match &self.lock().get(&user)?.scope.branches {
            Branches::Only(branches) if branches.len() == 1 => branches.first().copied(),
            Branches::Only(_) | Branches::All => None,
        }
    }

    /// Everybody of a tenant, as colleagues see them.
    pub(crate) fn presence_of(&self, tenant: TenantId) -> Vec<AgentPresence> {
        self.lock()
            .iter()
            .filter(|(_, agent)| agent.scope.tenant == tenant)
            .map(|(user, agent)| AgentPresence {
                user_id: user.to_string(),
                name: agent.name.clone(),
                state: agent.presence.as_str(),
            })
            .collect()
    }

    /// Says something to every page of one person.
    pub(crate) fn tell_user(&self, user: UserId, message: &ServerMessage) {
        let mut agents = self.lock();
        if let Some(agent) = agents.get_mut(&user) {
            agent.pages.retain(|page| deliver(page, message.clone()));
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
        for agent in self.lock().values_mut() {
            if agent.scope.tenant == tenant && agent.scope.branches.reach(branch) {
                agent.pages.retain(|page| deliver(page, message.clone()));
            }
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

    /// Tells the colleagues if the presence word has changed.
    fn settle(agents: &mut BTreeMap<UserId, Agent>, user: UserId) {
        let Some(agent) = agents.get_mut(&user) else { return };
        let now = agent.facts().state();
        if agent.presence == now {
            return;
        }
        agent.presence = now;
        let tenant = agent.scope.tenant;
        let message = ServerMessage::Presence(AgentPresence {
            user_id: user.to_string(),
            name: agent.name.clone(),
            state: now.as_str(),
        });
        for colleague in agents.values_mut() {
            if colleague.scope.tenant == tenant {
                colleague.pages.retain(|page| deliver(page, message.clone()));
            }
        }
    }
}

fn tell(agent: &mut Agent, page: Uuid, message: ServerMessage) {
    if let Some(open) = agent.pages.iter().find(|open| open.id == page)
        && !deliver(open, message)
    {
        agent.pages.retain(|open| open.id != page);
    }
}

/// False: the page is gone or too slow and is dropped; its stream ends when the queue's sender does.
fn deliver(page: &Page, message: ServerMessage) -> bool {
    match page.queue.try_send(message) {
        Ok(()) => true,
        Err(mpsc::error::TrySendError::Full(_)) => {
            tracing::warn!(connection.id = %page.id, "a page does not keep up with its stream and is closed");
            false
        }
        Err(mpsc::error::TrySendError::Closed(_)) => false,
    }
}
