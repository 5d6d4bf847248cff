//! What people want of a call, and whether they may.

use switchboard_core::call::Refusal;
use switchboard_core::call::input::CallInput;
use switchboard_core::ids::CallId;
use tokio::sync::oneshot;

use super::CallTask;
use crate::agents::Actor;
use crate::call_registry::{CallMessage, NotDelivered};
use crate::events::CallView;
use crate::{CallRefused, Engine};

/// What a person can want of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Answer,
    Decline,
    Reject,
    HangUp,
    StartRecording,
    PauseRecording,
    ResumeRecording,
    StopRecording,
}

impl CallTask {
    pub(super) fn take_person(&mut self, verb: Verb, who: &Actor) -> Result<CallView, CallRefused> {
        let by = who.user;
        if self.call.facts().ending.is_some() {
            return Err(CallRefused::Over { status: self.call.facts().status().as_str() });
        }
        let role = who.scope.role;
        let input = match verb {
            Verb::Answer => {
                if !who.is_person {
                    return Err(CallRefused::NeedsAPerson);
                }
                if self.engine.agents().connected_line(by).is_none() {
                    return Err(CallRefused::NoLine);
                }
                return self.answer_click(who);
            }
            Verb::Decline => CallInput::Decline { by },
            Verb::Reject if role.may_reject(self.call.facts().ringing.contains(&by)) => {
                CallInput::Reject { by }
            }
            Verb::Reject => {
                return Err(match self.call.taken_by() {
                    Some(taker) if taker != by => CallRefused::AlreadyTaken { by: self.person(taker) },
                    Some(_) | None => CallRefused::NotRinging,
                });
            }
            Verb::StartRecording | Verb::PauseRecording | Verb::ResumeRecording | Verb::StopRecording
                if !role.may_steer_recording(self.call.taken_by() == Some(by)) =>
            {
                return Err(CallRefused::NotYours);
            }
            Verb::StartRecording => CallInput::StartRecording { by },
            Verb::PauseRecording => CallInput::PauseRecording { by },
            Verb::ResumeRecording => CallInput::ResumeRecording { by },
            Verb::StopRecording => CallInput::StopRecording { by },
            Verb::HangUp if role.may_hang_up(self.call.taken_by() == Some(by)) => CallInput::HangUp { by },
            Verb::HangUp => return Err(CallRefused::NotYours),
        };
        self.person_input(who, input)
    }

    /// An agent takes one call at a time: the place is claimed before the call hears of the click.
    fn answer_click(&mut self, who: &Actor) -> Result<CallView, CallRefused> {
        let by = who.user;
        if !self.engine.claim_agent(by, self.id) {
            return Err(CallRefused::InAnotherCall);
        }
        let answer = self.person_input(who, CallInput::Answer { by });
        if self.call.taken_by() != Some(by) {
            self.engine.release_agent(by, self.id);
        }
        answer
    }

    fn person_input(&mut self, who: &Actor, input: CallInput) -> Result<CallView, CallRefused> {
        self.engine.remember_person(who);
        match self.handle(input) {
            Ok(()) => Ok(self.view()),
            Err(Refusal::AlreadyTaken { by }) => Err(CallRefused::AlreadyTaken { by: self.person(by) }),
            Err(Refusal::NotRinging) => Err(CallRefused::NotRinging),
            Err(Refusal::NotAnswered) => Err(CallRefused::NotAnswered),
            Err(Refusal::NotYours { .. }) => Err(CallRefused::NotYours),
            Err(Refusal::RecordingOff) => Err(CallRefused::RecordingOff),
            Err(Refusal::NotRecorded) => Err(CallRefused::NotRecorded),
            Err(Refusal::Over { status }) => Err(CallRefused::Over { status: status.as_str() }),
        }
    }
}

/// Waits for the answer of a call's task.
pub(crate) async fn ask(
    engine: &Engine,
    call: CallId,
    verb: Verb,
    who: Actor,
) -> Option<Result<CallView, CallRefused>> {
    let (reply, answer) = oneshot::channel();
    match engine.registry().send(call, CallMessage::Person { verb, who, reply }) {
        Ok(()) => Some(answer.await.unwrap_or(Err(CallRefused::Unavailable))),
        Err(NotDelivered::Full) => Some(Err(CallRefused::Busy)),
        Err(NotDelivered::Unknown) => None,
    }
}
