//! Recording as part of a call (M5): first the customer is told, then it is recorded, and nothing before.
//!
//! The announcement lies over the talk like the warning tone does: with whom the customer is goes on by its own
//! rules, and he is put through when it has been heard. A recording outlives lost lines, other agents and music; it
//! ends with the call, by a person's word, or when it cannot be kept, which never harms the call.

use std::time::Duration;

use crate::call::effect::{CallEffect, Seat};
use crate::call::event::CallEventKind;
use crate::call::in_talk::{InTalk, With};
use crate::call::{Call, Phase, Refusal};
use crate::ids::UserId;
use crate::recording::{RecordingMode, RecordingPolicy};
use crate::time::Timestamp;

/// So long after its own length an announcement counts as not heard: the silence before it, and a busy machine.
const ANNOUNCEMENT_GRACE: Duration = Duration::from_secs(2);

/// What the page of a call shows of its recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingFacts {
    /// How it stands.
    pub state: RecordingState,
    /// A person can begin one now.
    pub can_start: bool,
    /// A person can pause it (or go on with it) now.
    pub can_pause: bool,
}

super::state::words! {
    /// How the recording of a call stands.
    RecordingState {
        /// Nothing is recorded.
        Off = "off",
        /// The customer is being told.
        Announcing = "announcing",
        /// It is recorded.
        Recording = "recording",
        /// Silence is recorded.
        Paused = "paused",
        /// It could not be recorded.
        Failed = "failed",
    }
}

/// Where it stands, with the moment by which the announcement must have been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Recording {
    #[default]
    Off,
    Announcing {
        until: Timestamp,
        /// Who asked for it; none: the number's setting.
        by: Option<UserId>,
    },
    On,
    Paused,
    Failed,
}

impl Call {
    /// How the recording of this call stands; none when calls of this number are not recorded.
    #[must_use]
    pub fn recording(&self) -> Option<RecordingFacts> {
        if self.recording_policy().mode == RecordingMode::Off {
            return None;
        }
        let state = match self.recording {
            Recording::Off => RecordingState::Off,
            Recording::Announcing { .. } => RecordingState::Announcing,
            Recording::On => RecordingState::Recording,
            Recording::Paused => RecordingState::Paused,
            Recording::Failed => RecordingState::Failed,
        };
        let idle = matches!(self.recording, Recording::Off | Recording::Failed);
        let can_start = idle && self.talks_with_agent();
        let can_pause = matches!(self.recording, Recording::On | Recording::Paused);
        Some(RecordingFacts { state, can_start, can_pause })
    }

    fn recording_policy(&self) -> RecordingPolicy {
        self.facts.policy.as_ref().map_or(RecordingPolicy::OFF, |policy| policy.recording)
    }

    const fn talks_with_agent(&self) -> bool {
        matches!(self.phase, Phase::InTalk(InTalk { with: With::Agent(_), .. }))
    }

    pub(super) const fn is_announcing(&self) -> bool {
        matches!(self.recording, Recording::Announcing { .. })
    }

    /// By when the announcement must have been heard.
    pub(super) const fn announced_by(&self) -> Option<Timestamp> {
        match self.recording {
            Recording::Announcing { until, .. } => Some(until),
            Recording::Off | Recording::On | Recording::Paused | Recording::Failed => None,
        }
    }

    /// Is this call recorded from its accept on, without anybody's click?
    pub(super) fn is_recorded_by_rule(&self) -> bool {
        let policy = self.recording_policy();
        policy.mode == RecordingMode::On && (policy.echo || !self.is_echo())
    }

    pub(super) fn is_announced(&self) -> bool {
        self.recording_policy().announcement.is_some()
    }

    /// The customer is told, if he must be; else it is recorded at once.
    pub(super) fn start_recording(&mut self, now: Timestamp, by: Option<UserId>) {
        let Some(length) = self.recording_policy().announcement else {
            return self.record_from_here(now, by);
        };
        let until = now.plus(length).plus(ANNOUNCEMENT_GRACE);
        self.recording = Recording::Announcing { until, by };
        self.emit(CallEffect::Bridge(Seat::Announcement));
        self.record(now, CallEventKind::RecordingAnnounced(by));
    }

    fn record_from_here(&mut self, now: Timestamp, by: Option<UserId>) {
        self.recording = Recording::On;
        self.emit(CallEffect::StartRecording);
        self.record(now, CallEventKind::RecordingStarted(by));
    }

    /// The customer has heard it to its end.
    pub(super) fn announcement_played(&mut self, now: Timestamp) {
        let (Recording::Announcing { by, .. }, Phase::InTalk(talk)) = (self.recording, self.phase) else {
            return self.refuse_input(now, "announcement_played", "no announcement is playing");
        };
        self.recording = Recording::Off;
        self.after_announcement(now, talk);
        self.record_from_here(now, by);
    }

    /// Nobody knows whether he has heard it: then it is not recorded.
    pub(super) fn announcement_unheard(&mut self, now: Timestamp, talk: InTalk) {
        self.recording = Recording::Failed;
        self.record(now, CallEventKind::RecordingFailed("the announcement was not heard to its end"));
        self.after_announcement(now, talk);
    }

    /// The last notice goes before an announcement: who hears it is not recorded any more.
    pub(super) fn give_up_announcement(&mut self) {
        if self.is_announcing() {
            self.recording = Recording::Off;
        }
    }

    fn after_announcement(&mut self, now: Timestamp, talk: InTalk) {
        self.emit(CallEffect::Bridge(talk.seat()));
        if let With::Agent(agent) = talk.with
            && self.facts.answered_by != Some(agent)
        {
            self.put_through(now, agent);
        }
    }

    pub(super) fn recording_wanted(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match (self.recording, self.phase) {
            _ if self.recording_policy().mode == RecordingMode::Off => Err(Refusal::RecordingOff),
            (_, Phase::Over) => Err(self.not_now()),
            (Recording::Announcing { .. } | Recording::On | Recording::Paused, _) => Ok(()),
            (Recording::Off | Recording::Failed, Phase::InTalk(mut talk)) if self.talks_with_agent() => {
                // The announcement takes the place of a tone that plays.
                talk.tone_until = None;
                self.phase = Phase::InTalk(talk);
                self.start_recording(now, Some(by));
                Ok(())
            }
            (
                Recording::Off | Recording::Failed,
                Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_),
            ) => Err(Refusal::NotAnswered),
        }
    }

    pub(super) fn recording_paused(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match self.recording {
            Recording::On => {
                self.recording = Recording::Paused;
                self.emit(CallEffect::PauseRecording);
                self.record(now, CallEventKind::RecordingPaused(by));
                Ok(())
            }
            Recording::Paused => Ok(()),
            Recording::Off | Recording::Announcing { .. } | Recording::Failed => Err(self.nothing_recorded()),
        }
    }

    pub(super) fn recording_resumed(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match self.recording {
            Recording::Paused => {
                self.recording = Recording::On;
                self.emit(CallEffect::ResumeRecording);
                self.record(now, CallEventKind::RecordingResumed(by));
                Ok(())
            }
            Recording::On => Ok(()),
            Recording::Off | Recording::Announcing { .. } | Recording::Failed => Err(self.nothing_recorded()),
        }
    }

    /// Ends the recording; one that is only announced does not begin.
    pub(super) fn recording_unwanted(&mut self, now: Timestamp, by: UserId) -> Result<(), Refusal> {
        match (self.recording, self.phase) {
            (Recording::On | Recording::Paused, _) => {
                self.stop_recording(now, Some(by));
                Ok(())
            }
            (Recording::Announcing { .. }, Phase::InTalk(talk)) => {
                self.recording = Recording::Off;
                self.record(now, CallEventKind::RecordingStopped(Some(by)));
                self.after_announcement(now, talk);
                Ok(())
            }
            (
                Recording::Off | Recording::Failed | Recording::Announcing { .. },
                Phase::Unknown
                | Phase::Restored
                | Phase::Incoming(_)
                | Phase::Outgoing(_)
                | Phase::InTalk(_)
                | Phase::Over,
            ) => Err(self.nothing_recorded()),
        }
    }

    /// The end of the call is the end of its recording.
    pub(super) fn end_recording(&mut self, now: Timestamp) {
        match self.recording {
            Recording::On | Recording::Paused => self.stop_recording(now, None),
            Recording::Off | Recording::Announcing { .. } => self.recording = Recording::Off,
            Recording::Failed => {}
        }
    }

    fn stop_recording(&mut self, now: Timestamp, by: Option<UserId>) {
        self.recording = Recording::Off;
        self.emit(CallEffect::StopRecording);
        self.record(now, CallEventKind::RecordingStopped(by));
    }

    /// What was recorded so far is kept as far as it can be; the call goes on.
    pub(super) fn recording_failed(&mut self, now: Timestamp, why: &'static str) {
        match (self.recording, self.phase) {
            (Recording::On | Recording::Paused, _) => {
                self.recording = Recording::Failed;
                self.emit(CallEffect::StopRecording);
                self.record(now, CallEventKind::RecordingFailed(why));
            }
            (Recording::Off, Phase::Over) => self.record_late(now, CallEventKind::RecordingFailed(why)),
            (
                Recording::Off | Recording::Announcing { .. } | Recording::Failed,
                Phase::Unknown
                | Phase::Restored
                | Phase::Incoming(_)
                | Phase::Outgoing(_)
                | Phase::InTalk(_)
                | Phase::Over,
            ) => self.refuse_input(now, "recording_failed", "nothing is recorded"),
        }
    }

    fn nothing_recorded(&self) -> Refusal {
        match self.phase {
            Phase::Over => self.not_now(),
            Phase::Unknown | Phase::Restored | Phase::Incoming(_) | Phase::Outgoing(_) | Phase::InTalk(_) => {
                Refusal::NotRecorded
            }
        }
    }
}
