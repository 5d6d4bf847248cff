//! Stories of calls. Times are milliseconds since the webhook's own time stamp; the customer's call is
//! offered at 100 ms, may be answered until 28 s and rings until 25 s. Ana, Ben and Eva are agents.

mod answering;
mod endings;
mod lost_line;
mod out_of_order;
mod outgoing;
mod provider_answers;
mod recording;
mod ringing;
mod stopping;

use std::time::Duration;

use uuid::Uuid;

use super::effect::{CallEffect, Notice, Seat, StopRinging};
use super::event::CallEventKind;
use super::input::{
    Admission, CallInput, CallPolicy, Destination, Offered, ProviderAnswer, ProviderEnded, ProviderFault,
};
use super::state::{EndReason, Outcome, ProviderState, Status};
use super::{Call, Refusal};
use crate::ids::UserId;
use crate::recording::RecordingPolicy;
use crate::time::Timestamp;

const ANA: UserId = UserId::from_uuid(Uuid::from_u128(0xa));
const BEN: UserId = UserId::from_uuid(Uuid::from_u128(0xb));
const EVA: UserId = UserId::from_uuid(Uuid::from_u128(0xe));

/// A Friday, so that a forgotten zero shows.
const START: i64 = 1_700_000_000;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_seconds(START).plus(Duration::from_millis(ms))
}

/// One call, and what it asked for since it was asked last.
struct Story {
    call: Call,
    log: Vec<CallEventKind>,
}

impl Story {
    fn new() -> Self {
        Self { call: Call::new(), log: Vec::new() }
    }

    /// Offered at 100 ms to these agents.
    fn rings(agents: &[UserId]) -> Self {
        let mut story = Self::new();
        story.so(100, offer(agents));
        story
    }

    /// Ready to be accepted: media are up and `pre_accept` went through at 200 ms.
    fn warm(agents: &[UserId]) -> Self {
        let mut story = Self::rings(agents);
        story.so(150, CallInput::MediaPrepared);
        story.so(200, CallInput::PreAcceptAnswered(ProviderAnswer::Done));
        story.so(300, CallInput::CustomerConnected);
        story
    }

    /// Ana talks with the customer since 5.1 s; Ben could be rung.
    fn talks() -> Self {
        let mut story = Self::warm(&[ANA, BEN]);
        story.so(5_000, CallInput::Answer { by: ANA });
        story.so(5_000, CallInput::AgentUnavailable(ANA));
        story.so(5_100, CallInput::AcceptAnswered(ProviderAnswer::Done));
        story.so(5_200, CallInput::CustomerHeard);
        story
    }

    /// Something happens that nobody may refuse; gives what the call then asks for, in words.
    #[track_caller]
    fn so(&mut self, ms: u64, input: CallInput) -> Vec<String> {
        assert_eq!(self.call.handle(at(ms), input), Ok(()));
        self.acts()
    }

    /// A person's verb that is refused: nothing may have happened by it.
    #[track_caller]
    fn refuses(&mut self, ms: u64, input: CallInput, refusal: Refusal) {
        let before = self.call.facts().clone();
        assert_eq!(self.call.handle(at(ms), input), Err(refusal));
        assert_eq!(self.acts(), NOTHING);
        assert_eq!(self.call.facts(), &before);
    }

    /// Lets every deadline up to this moment come at its own time.
    fn wait_until(&mut self, ms: u64) -> Vec<String> {
        let mut acts = Vec::new();
        while let Some(due) = self.call.poll_timeout().filter(|due| *due <= at(ms)) {
            assert_eq!(self.call.handle(due, CallInput::TimePassed), Ok(()));
            acts.extend(self.acts());
        }
        acts
    }

    fn acts(&mut self) -> Vec<String> {
        let mut acts = Vec::new();
        while let Some(effect) = self.call.poll_effect() {
            if let CallEffect::Record(event) = effect {
                self.log.push(event.what);
            } else {
                acts.push(in_words(&effect));
            }
        }
        acts
    }

    fn names(&self) -> Vec<&'static str> {
        self.log.iter().map(CallEventKind::name).collect()
    }

    fn times_recorded(&self, name: &str) -> usize {
        self.log.iter().filter(|what| what.name() == name).count()
    }

    #[track_caller]
    fn ended(&self, state: ProviderState, outcome: Outcome, reason: EndReason) {
        let facts = self.call.facts();
        let ending = facts.ending.as_ref().expect("the call is over");
        assert_eq!((facts.state, ending.outcome, ending.reason), (state, outcome, reason));
        assert!(facts.ringing.is_empty(), "nobody is rung by a call that is over");
        assert_eq!(self.call.poll_timeout(), None, "a call that is over waits for nothing");
        let ends = ["call.terminated", "call.rejected", "call.missed", "call.failed", "call.cancelled"];
        assert_eq!(ends.iter().map(|end| self.times_recorded(end)).sum::<usize>(), 1, "one end event");
    }
}

const NOTHING: [&str; 0] = [];

fn offer(agents: &[UserId]) -> CallInput {
    CallInput::Offered(an_offer(agents))
}

fn an_offer(agents: &[UserId]) -> Offered {
    Offered {
        at: at(0),
        policy: CallPolicy {
            destination: Destination::Agents,
            answer_window: Duration::from_secs(28),
            max_call_duration: Duration::from_secs(4 * 3_600),
            recording: RecordingPolicy::OFF,
        },
        admission: Admission::Open,
        available: agents.to_vec(),
    }
}

fn echo_offer() -> CallInput {
    let mut offered = an_offer(&[ANA]);
    offered.policy.destination = Destination::Echo;
    CallInput::Offered(offered)
}

/// The provider's end with this time stamp, never picked up.
fn an_end(ms: u64) -> ProviderEnded {
    ProviderEnded { at: at(ms), failed: false, started_at: None, ended_at: None, duration: None, error: None }
}

fn end(ms: u64) -> CallInput {
    CallInput::ProviderEnded(an_end(ms))
}

fn fault() -> ProviderFault {
    ProviderFault { code: 138_008, message: String::from("Bad SDP") }
}

fn unknown() -> ProviderAnswer {
    ProviderAnswer::Unknown { detail: String::from("time-out") }
}

fn in_words(effect: &CallEffect) -> String {
    match effect {
        CallEffect::Record(event) => event.what.name().to_owned(),
        CallEffect::PrepareMedia { .. } => "prepare media".to_owned(),
        CallEffect::PrepareOffer { .. } => "prepare offer".to_owned(),
        CallEffect::Dial { give_up_at } => format!("dial until {}", ms_of(*give_up_at)),
        CallEffect::ApplyAnswer => "apply answer".to_owned(),
        CallEffect::Ringback => "ringback".to_owned(),
        CallEffect::PreAccept { give_up_at } => format!("pre_accept until {}", ms_of(*give_up_at)),
        CallEffect::Accept { give_up_at } => format!("accept until {}", ms_of(*give_up_at)),
        CallEffect::Reject => "reject".to_owned(),
        CallEffect::Terminate => "terminate".to_owned(),
        CallEffect::OpenGate => "open gate".to_owned(),
        CallEffect::Bridge(seat) => format!("bridge {}", seat_in_words(*seat)),
        CallEffect::StartRecording => "start recording".to_owned(),
        CallEffect::PauseRecording => "pause recording".to_owned(),
        CallEffect::ResumeRecording => "resume recording".to_owned(),
        CallEffect::StopRecording => "stop recording".to_owned(),
        CallEffect::ReleaseMedia => "release media".to_owned(),
        CallEffect::Ring { agent, until } => format!("ring {} until {}", who(*agent), ms_of(*until)),
        CallEffect::StopRinging { agent, why } => format!("stop {}: {}", who(*agent), why_in_words(*why)),
    }
}

fn seat_in_words(seat: Seat) -> String {
    match seat {
        Seat::Agent(agent) => who(agent).to_owned(),
        Seat::Echo => "echo".to_owned(),
        Seat::Music => "music".to_owned(),
        Seat::Notice(Notice::NobodyLeft) => "notice that nobody is left".to_owned(),
        Seat::Notice(Notice::EndsSoon) => "tone".to_owned(),
        Seat::Notice(Notice::Maintenance) => "notice of maintenance".to_owned(),
        Seat::Announcement => "announcement".to_owned(),
        Seat::Nobody => "nobody".to_owned(),
    }
}

fn why_in_words(why: StopRinging) -> String {
    match why {
        StopRinging::Taken { by } => format!("taken by {}", who(by)),
        StopRinging::Answered => "answered".to_owned(),
        StopRinging::Declined => "declined".to_owned(),
        StopRinging::Ended => "ended".to_owned(),
        StopRinging::Unavailable => "unavailable".to_owned(),
        StopRinging::TimedOut => "timed out".to_owned(),
    }
}

fn who(agent: UserId) -> &'static str {
    match agent {
        ANA => "Ana",
        BEN => "Ben",
        EVA => "Eva",
        _ => "somebody",
    }
}

fn ms_of(moment: Timestamp) -> i64 {
    moment.millis() - START * 1_000
}
