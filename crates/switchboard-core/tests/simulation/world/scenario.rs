//! What the seed decides beforehand: the number's policy, the customer's patience, who is there, what goes wrong.

use std::time::Duration;

use switchboard_core::call::input::{
    Admission, CallInput, CallPolicy, Destination, DialAnswer, DrainAnswer, MediaRefusal, Offered,
    ProviderAnswer,
};
use switchboard_core::ids::UserId;
use switchboard_core::recording::{RecordingMode, RecordingPolicy};
use uuid::Uuid;

use super::{AtProvider, Happening, World, fault, unknown};

impl World {
    pub(super) fn place_call(&mut self) {
        if self.random.percent(40) {
            return self.place_ours();
        }
        self.long_talk = self.random.percent(25);
        let count = self.random.below(6).min(4);
        self.agents = (1..=count).map(|n| UserId::from_uuid(Uuid::from_u128(u128::from(n)))).collect();
        let window = if self.random.percent(70) { 28 } else { 15 + self.random.below(41) };
        let longest = [40, 60, 600, 14_400][self.random.below(4) as usize];
        let mut available = self.agents.clone();
        available.retain(|_| self.random.percent(85));
        self.announcement = Duration::from_secs([3, 45][self.random.below(2) as usize]);
        let recording = RecordingPolicy {
            mode: RecordingMode::ALL[self.random.below(3) as usize],
            announcement: self.random.percent(75).then_some(self.announcement),
            echo: self.random.percent(50),
        };
        let offered = CallInput::Offered(Offered {
            at: self.start,
            policy: CallPolicy {
                destination: if self.random.percent(20) { Destination::Echo } else { Destination::Agents },
                answer_window: Duration::from_secs(window),
                max_call_duration: Duration::from_secs(longest),
                recording,
            },
            admission: match self.random.below(80) {
                0 => Admission::CallingDisabled,
                1 => Admission::AtCapacity,
                2 => Admission::Blocked,
                3 => Admission::Draining(DrainAnswer::Reject),
                4 => Admission::Draining(DrainAnswer::Ignore),
                5 => Admission::OutsideHours,
                6 => Admission::Suspended,
                _ => Admission::Open,
            },
            available,
        });
        self.webhook(offered);
        let patience = match self.random.below(10) {
            _ if self.long_talk => self.random.ms(60_000, 600_000),
            0..=2 => self.random.ms(200, 3_000),
            3..=5 => self.random.ms(3_000, 30_000),
            _ => self.random.ms(20_000, 300_000),
        };
        self.at_provider(patience, AtProvider::CustomerHangsUp);
        let window = self.random.ms(30_000, 60_000);
        self.at_provider(window, AtProvider::WindowOver);
        if self.random.percent(5) {
            let after = self.random.ms(100, 60_000);
            self.at_provider(after, AtProvider::Breaks);
        }
        self.what_goes_wrong();
    }

    /// Restarts, an exchange that stops, people, and words out of nowhere.
    pub(super) fn what_goes_wrong(&mut self) {
        if self.random.percent(8) {
            let after = self.random.ms(50, 60_000);
            self.later(after, Happening::Restart);
        }
        if self.random.percent(6) {
            let after = self.random.ms(50, 90_000);
            self.later(after, Happening::Inside(CallInput::DrainTimeout));
        }
        for agent in self.agents.clone() {
            self.live_of(agent);
        }
        for _ in 0..self.random.below(4) {
            self.noise();
        }
    }

    /// People come and go, reload their pages and click where it does not fit.
    fn live_of(&mut self, agent: UserId) {
        for _ in 0..self.random.below(5) {
            let input = match self.random.below(13) {
                0 | 1 => CallInput::AgentAvailable(agent),
                2 => CallInput::AgentUnavailable(agent),
                3 | 4 => CallInput::LineLost(agent),
                5 => CallInput::LineBack(agent),
                6 => CallInput::Answer { by: agent },
                7 => CallInput::HangUp { by: agent },
                8 | 9 => CallInput::StartRecording { by: agent },
                10 => CallInput::PauseRecording { by: agent },
                11 => CallInput::ResumeRecording { by: agent },
                12 => CallInput::StopRecording { by: agent },
                _ => CallInput::Decline { by: agent },
            };
            let after = self.random.ms(50, 90_000);
            self.inside(after, input);
        }
    }

    /// Words that come out of nowhere, most of them at the wrong time.
    fn noise(&mut self) {
        let input = match self.random.below(36) {
            0 => CallInput::MediaPrepared,
            1 => CallInput::MediaRefused(MediaRefusal::Unavailable),
            2 => CallInput::CustomerConnected,
            3 => CallInput::CustomerHeard,
            4 => CallInput::CustomerSilent,
            5 => CallInput::CustomerLegFailed,
            6 => CallInput::NoticePlayed,
            7 => CallInput::PreAcceptAnswered(ProviderAnswer::Done),
            8 => CallInput::AcceptAnswered(ProviderAnswer::Done),
            9 => CallInput::RejectAnswered(ProviderAnswer::Refused(fault())),
            10 => CallInput::TerminateAnswered(unknown()),
            11 => CallInput::AnnouncementPlayed,
            12 => CallInput::RecordingFailed { why: "writer gone" },
            13 => CallInput::AnswerCame,
            14 => CallInput::CustomerRings,
            15 => CallInput::CustomerAccepted,
            16 => CallInput::CustomerDeclined,
            17 => CallInput::DialAnswered(DialAnswer::Placed),
            18 => CallInput::DialAnswered(DialAnswer::Unknown { detail: String::from("noise") }),
            _ => CallInput::TimePassed,
        };
        let after = self.random.ms(50, 90_000);
        self.inside(after, input);
    }
}
