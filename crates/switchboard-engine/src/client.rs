//! One open page: what it says to the engine, what the engine says to it.

use switchboard_core::ids::LineId;
use switchboard_media::MediaCommand;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Engine;
use crate::agents::{Actor, Aftermath, LineChange, Said};
use crate::call_registry::CallMessage;
use crate::clock::{fresh_uuid, rfc3339};
use crate::events::{AgentStatus, ClientMessage, Hello, ServerMessage};
use switchboard_core::call::input::CallInput;
use switchboard_core::ids::{CallId, UserId};

/// One open page. Dropping it means that its stream is closed.
pub struct Client {
    engine: Engine,
    who: Actor,
    page: Uuid,
    hello: Option<Said>,
    queue: mpsc::Receiver<Said>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("page", &self.page)
            .field("user", &self.who.user)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// The next message for the page; `Hello` first. None: the engine closed the stream (a page too slow, or gone).
    pub async fn next(&mut self) -> Option<Said> {
        match self.hello.take() {
            Some(hello) => Some(hello),
            None => self.queue.recv().await,
        }
    }

    /// The next message, when it waits already.
    pub fn next_at_hand(&mut self) -> Option<Said> {
        self.hello.take().or_else(|| self.queue.try_recv().ok())
    }

    /// The page says something.
    pub async fn say(&self, message: ClientMessage) {
        let agents = self.engine.agents();
        let aftermath = match message {
            ClientMessage::LineOpen { request, sdp } => return self.open_line(request, &sdp).await,
            ClientMessage::LineClose => agents.close_line(self.who.user, self.page),
            ClientMessage::Ready { sound, microphone } => {
                agents.page_ready(self.who.user, self.page, sound, microphone)
            }
            ClientMessage::Status { status } => agents.set_status(self.who.user, status),
            ClientMessage::Ping => {
                agents.tell_page(self.who.user, self.page, ServerMessage::Pong);
                return;
            }
        };
        self.engine.follow(self.who.user, aftermath);
    }

    async fn open_line(&self, request: String, sdp: &str) {
        if !self.who.is_person {
            let message = ServerMessage::Error {
                request: Some(request),
                code: "needs_a_person",
                detail: "An API key has no line. Sign in as a person to take calls.".to_owned(),
            };
            self.engine.agents().tell_page(self.who.user, self.page, message);
            return;
        }
        let line = LineId::from_uuid(fresh_uuid());
        let message = match self.engine.media().open_line(line, sdp).await {
            Ok(answer) => {
                let aftermath = self.engine.agents().open_line(self.who.user, self.page, line);
                self.engine.follow(self.who.user, aftermath);
                ServerMessage::LineAnswer { request, line_id: line.to_string(), sdp: answer }
            }
            Err(refusal) => {
                tracing::warn!(user.id = %self.who.user, error = %refusal, "a line could not be opened");
                ServerMessage::Error {
                    request: Some(request),
                    code: "line_refused",
                    detail: format!("The line could not be opened: {refusal}."),
                }
            }
        };
        self.engine.agents().tell_page(self.who.user, self.page, message);
    }

    /// This page's id, for logs.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.page
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let aftermath = self.engine.agents().close_page(self.who.user, self.page);
        self.engine.follow(self.who.user, aftermath);
    }
}

impl Engine {
    /// Opens the stream of one page. `session` is what `sign_out_session` closes it by.
    #[must_use]
    pub fn connect_client(&self, who: Actor, session: Option<String>) -> Client {
        let page = fresh_uuid();
        self.remember_person(&who);
        let queue = self.agents().open_page(&who, page, session);
        let mine =
            self.agents().call_of(who.user).and_then(|call| self.registry().view_of_own(&who.scope, call));
        let calls = self.registry().visible(&who.scope);
        let me = who.user.to_string();
        let offers = self
            .agents()
            .ringing_of(who.user)
            .into_iter()
            .filter_map(|call| self.registry().view(&who.scope, call))
            .map(|call| crate::events::Offer {
                ring_until: self.ring_until(&call),
                others: call.ringing.iter().filter(|person| person.id != me).cloned().collect(),
                others_count: call.ringing_count.saturating_sub(1),
                last: call.ringing_count == 1,
                call,
            })
            .collect();
        let hello = ServerMessage::Hello(Box::new(Hello {
            server_time: rfc3339(self.clock().now()),
            connection_id: page.simple().to_string(),
            user: who.person(),
            calls,
            offers,
            my_call: mine,
            my_status: match self.agents().status_of(who.user) {
                AgentStatus::Available => "available",
                AgentStatus::DoNotDisturb => "do_not_disturb",
            },
            presence: self.agents().presence_for(&who),
            draining_ends_at: self.drain_ends_at().map(rfc3339),
        }));
        let alerts = self.open_alerts(&who.scope);
        if !alerts.is_empty() {
            self.agents().tell_page(who.user, page, ServerMessage::Alerts { items: alerts });
        }
        Client { engine: self.clone(), who, page, hello: Some(Said::new(&hello)), queue }
    }

    /// Carries out what follows from a change of an agent.
    pub(crate) fn follow(&self, user: UserId, aftermath: Aftermath) {
        self.follow_except(user, aftermath, None);
    }

    pub(crate) fn follow_except(&self, user: UserId, aftermath: Aftermath, except: Option<CallId>) {
        for line in aftermath.close_lines {
            self.media().command(MediaCommand::CloseLine { line });
        }
        if let Some((call, change)) = aftermath.line_of_call {
            let input = match change {
                LineChange::Lost => CallInput::LineLost(user),
                LineChange::Back => CallInput::LineBack(user),
            };
            if self.registry().send(call, CallMessage::Happened(input)).is_err() {
                tracing::warn!(call.id = %call, "a call did not hear that its agent's line changed");
            }
        }
        if let Some(reachable) = aftermath.reachable
            && let Some(scope) = self.agents().scope_of(user)
        {
            self.registry().agent_changed(user, &scope, reachable, except);
        }
    }

    pub(crate) fn ring_agent(&self, user: UserId, call: CallId, rings: bool) {
        let aftermath = self.agents().rings(user, call, rings);
        self.follow(user, aftermath);
    }

    /// The agent goes into a call. False: he is in another one.
    pub(crate) fn claim_agent(&self, user: UserId, call: CallId) -> bool {
        let (claimed, aftermath) = self.agents().claim(user, call);
        self.follow_except(user, aftermath, Some(call));
        claimed
    }

    pub(crate) fn release_agent(&self, user: UserId, call: CallId) {
        let (released, aftermath) = self.agents().release(user, call);
        if released {
            self.agents().tell_user(user, &ServerMessage::MyCall { call: None });
        }
        self.follow(user, aftermath);
    }
}
