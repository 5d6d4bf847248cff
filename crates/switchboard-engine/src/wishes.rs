//! What people want of calls, as HTTP and the console ask for it.

use switchboard_core::ids::CallId;

use crate::agents::Actor;
use crate::call_task::{self, Verb};
use crate::events::{CallView, Person};
use crate::{Engine, masking};

/// Why a person's wish about a call is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallRefused {
    /// There is no such call, or it may not be seen.
    #[error("there is no such call")]
    NotFound,
    /// Somebody was faster.
    #[error("somebody else took it")]
    AlreadyTaken {
        /// Who.
        by: Person,
    },
    /// He is not rung for it.
    #[error("you are not rung for this call")]
    NotRinging,
    /// Nobody has answered it yet.
    #[error("the call is not answered yet; reject it instead")]
    NotAnswered,
    /// It is somebody else's call.
    #[error("this is somebody else's call")]
    NotYours,
    /// Calls of this number are not recorded.
    #[error("calls of this number are not recorded")]
    RecordingOff,
    /// There is no recording to pause or stop.
    #[error("the call is not being recorded")]
    NotRecorded,
    /// The call is over.
    #[error("the call is over")]
    Over {
        /// What lists show.
        status: &'static str,
    },
    /// He is in another call.
    #[error("you are in another call")]
    InAnotherCall,
    /// His line is not connected.
    #[error("your line is not connected")]
    NoLine,
    /// A key cannot talk.
    #[error("only a person can answer")]
    NeedsAPerson,
    /// The call has too much waiting.
    #[error("the call is busy")]
    Busy,
    /// The call's task is gone.
    #[error("the call could not be reached")]
    Unavailable,
}

impl Engine {
    /// A person takes the call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn answer(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Answer, who, call).await
    }

    /// A person does not want to be rung for this call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn decline(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Decline, who, call).await
    }

    /// A person ends the unanswered call for everyone.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn reject(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::Reject, who, call).await
    }

    /// A person ends the call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn hang_up(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::HangUp, who, call).await
    }

    /// A person wants the call recorded: the customer is told first.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn start_recording(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::StartRecording, who, call).await
    }

    /// A person wants silence recorded for a while.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn pause_recording(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::PauseRecording, who, call).await
    }

    /// A person wants sound recorded again.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn resume_recording(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::ResumeRecording, who, call).await
    }

    /// A person ends the recording, not the call.
    ///
    /// # Errors
    /// See [`CallRefused`].
    pub async fn stop_recording(&self, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        self.person_wants(Verb::StopRecording, who, call).await
    }

    async fn person_wants(&self, verb: Verb, who: Actor, call: CallId) -> Result<CallView, CallRefused> {
        match self.registry().may_touch(&who.scope, call) {
            // Whoever speaks in a call may end it, although his branches were changed meanwhile.
            Some(false) if self.agents().call_of(who.user) != Some(call) => {
                return Err(CallRefused::NotFound);
            }
            Some(_) => {
                if let Some(answer) = call_task::ask(self, call, verb, who.clone()).await {
                    return answer.map(|mut view| {
                        if who.scope.masks_numbers {
                            masking::call(&mut view);
                        }
                        view
                    });
                }
            }
            None => {}
        }
        match self.store().calls().by_id(&who.scope, call).await {
            Ok(Some(row)) => Err(CallRefused::Over { status: row.facts().status().as_str() }),
            Ok(None) => Err(CallRefused::NotFound),
            Err(error) => {
                tracing::warn!(call.id = %call, error = %error, "a call could not be looked up");
                Err(CallRefused::Unavailable)
            }
        }
    }
}
