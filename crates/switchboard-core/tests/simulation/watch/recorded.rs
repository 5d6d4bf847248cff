//! What must hold of recording (M5): nothing before the customer was told or an admin waived it, nothing after the end.

use switchboard_core::call::Call;
use switchboard_core::call::effect::{CallEffect, Seat};
use switchboard_core::call::input::CallInput;
use switchboard_core::call::recording::RecordingState;
use switchboard_core::call::state::CallFacts;
use switchboard_core::recording::RecordingMode;

#[derive(Default)]
pub(crate) struct Recorded {
    /// The announcement is in the customer's ear.
    announcing: bool,
    /// It was heard to its end, and nothing was recorded since.
    told: bool,
    on: bool,
    paused: bool,
}

macro_rules! must {
    ($holds:expr, $what:expr) => {
        if !$holds {
            return Err(String::from($what));
        }
    };
}

impl Recorded {
    pub(super) fn input(&mut self, input: &CallInput) {
        if *input == CallInput::AnnouncementPlayed {
            self.told |= self.announcing;
        }
    }

    pub(super) fn effect(&mut self, effect: &CallEffect, facts: &CallFacts) -> Result<(), String> {
        let policy = facts.policy.as_ref().map(|policy| policy.recording);
        match effect {
            CallEffect::Bridge(Seat::Announcement) => {
                must!(!self.on, "announced while it is recorded");
                must!(
                    policy.is_some_and(|policy| policy.announcement.is_some()),
                    "announced although waived"
                );
                self.announcing = true;
            }
            CallEffect::Bridge(_) => self.announcing = false,
            CallEffect::StartRecording => {
                let policy = policy.ok_or("recorded without a policy")?;
                must!(policy.mode != RecordingMode::Off, "recorded although it is off");
                must!(self.told || policy.announcement.is_none(), "recorded before the customer was told");
                must!(!self.on, "recorded twice at once");
                must!(facts.ending.is_none(), "recorded after the end");
                (self.on, self.told, self.paused) = (true, false, false);
            }
            CallEffect::PauseRecording => {
                must!(self.on && !self.paused, "a pause out of nothing");
                self.paused = true;
            }
            CallEffect::ResumeRecording => {
                must!(self.on && self.paused, "resumed without a pause");
                self.paused = false;
            }
            CallEffect::StopRecording => {
                must!(self.on, "a recording stopped that was not there");
                (self.on, self.paused) = (false, false);
            }
            CallEffect::ReleaseMedia => must!(!self.on, "the leg went before its recording was finished"),
            CallEffect::Record(_)
            | CallEffect::PrepareMedia { .. }
            | CallEffect::PrepareOffer { .. }
            | CallEffect::Dial { .. }
            | CallEffect::ApplyAnswer
            | CallEffect::Ringback
            | CallEffect::PreAccept { .. }
            | CallEffect::Accept { .. }
            | CallEffect::Reject
            | CallEffect::Terminate
            | CallEffect::OpenGate
            | CallEffect::Ring { .. }
            | CallEffect::StopRinging { .. } => {}
        }
        Ok(())
    }

    /// What pages show is what is done.
    pub(super) fn settled(&mut self, call: &Call) -> Result<(), String> {
        let over = call.facts().ending.is_some();
        must!(!(over && self.on), "recorded after the end");
        // Heard to its end and then stopped, or the call ended: that does not count for the next one.
        self.told = false;
        let shown = call.recording().map(|facts| facts.state);
        let done = match (self.on, self.paused) {
            (true, true) => Some(RecordingState::Paused),
            (true, false) => Some(RecordingState::Recording),
            (false, _) if self.announcing => Some(RecordingState::Announcing),
            (false, _) => None,
        };
        if let Some(done) = done.filter(|_| !over) {
            must!(shown == Some(done), "the page does not show what is recorded");
        }
        Ok(())
    }
}
