//! A call of ours: the request, the customer's phone, and what the provider tells of it.

use std::time::Duration;

use switchboard_core::call::clearance::Clearance;
use switchboard_core::call::input::{
    CallInput, CallPolicy, Destination, DialAnswer, DialRefusal, MediaRefusal, Placed,
};
use switchboard_core::eligibility::Verdict;
use switchboard_core::ids::UserId;
use switchboard_core::recording::{RecordingMode, RecordingPolicy};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::{AtProvider, Happening, World, fault};

impl World {
    /// The first agent calls a customer.
    pub(super) fn place_ours(&mut self) {
        self.long_talk = self.random.percent(25);
        let count = 1 + self.random.below(3);
        self.agents = (1..=count).map(|n| UserId::from_uuid(Uuid::from_u128(u128::from(n)))).collect();
        self.announcement = Duration::from_secs([3, 45][self.random.below(2) as usize]);
        let verdict = Verdict { allowed: true, reasons: Vec::new(), warnings: Vec::new() };
        let Some(clearance) = Clearance::of(&verdict) else { return };
        let by = self.agents[0];
        let longest = [40, 60, 600, 14_400][self.random.below(4) as usize];
        let placed = CallInput::Placed(Placed {
            by,
            policy: CallPolicy {
                destination: Destination::Agents,
                answer_window: Duration::from_secs([15, 60, 60, 120][self.random.below(4) as usize]),
                max_call_duration: Duration::from_secs(longest),
                recording: RecordingPolicy {
                    mode: RecordingMode::ALL[self.random.below(3) as usize],
                    announcement: self.random.percent(75).then_some(self.announcement),
                    echo: false,
                },
            },
            clearance,
        });
        self.later(Duration::ZERO, Happening::Inside(placed));
        // He changes his mind, or his laptop sleeps.
        if self.random.percent(20) {
            let after = self.random.ms(1, 30_000);
            self.inside(after, CallInput::HangUp { by });
        }
        if self.random.percent(5) {
            let after = self.random.ms(100, 60_000);
            self.at_provider(after, AtProvider::Breaks);
        }
        self.what_goes_wrong();
    }

    /// The request or its answer may be lost, the provider may refuse, slow down or break.
    pub(super) fn dial(&mut self, give_up_at: Timestamp) {
        let travel =
            if self.random.percent(10) { self.random.ms(300, 12_000) } else { self.random.ms(20, 1_500) };
        let until_given_up = give_up_at.since(self.now).min(travel * 2);
        let unclear = CallInput::DialAnswered(DialAnswer::Unknown { detail: String::from("time-out") });
        match self.random.below(24) {
            0 => self.inside(until_given_up, unclear),
            1 | 2 => {
                self.at_provider(travel, AtProvider::DialArrives { reported: false });
                self.inside(until_given_up, unclear);
            }
            3 => self.at_provider(travel, AtProvider::DialArrives { reported: false }),
            4 => {}
            5..=7 => {
                let why = DialRefusal::ALL[self.random.below(DialRefusal::ALL.len() as u64) as usize];
                let refused = DialAnswer::Refused { why, fault: fault() };
                self.inside(travel, CallInput::DialAnswered(refused));
            }
            _ => self.at_provider(travel, AtProvider::DialArrives { reported: true }),
        }
    }

    pub(super) fn dial_arrives(&mut self, reported: bool) {
        if std::mem::replace(&mut self.provider.dialled, true) || self.provider.ended {
            return;
        }
        if reported {
            let after = self.random.ms(5, 2_000);
            self.inside(after, CallInput::DialAnswered(DialAnswer::Placed));
        }
        self.webhook(CallInput::AnswerCame);
        if self.random.percent(95) {
            self.webhook(CallInput::CustomerRings);
        }
        let after = self.random.ms(1_000, 50_000);
        match self.random.below(20) {
            0..=11 => self.at_provider(after, AtProvider::CustomerPicksUp),
            12..=14 => self.at_provider(after, AtProvider::CustomerDeclines),
            _ => {}
        }
        let window = self.random.ms(30_000, 60_000);
        self.at_provider(window, AtProvider::WindowOver);
    }

    pub(super) fn apply_answer(&mut self) {
        let after = self.random.ms(30, 3_000);
        match self.random.below(30) {
            0 => self.inside(
                Duration::from_millis(1),
                CallInput::MediaRefused(MediaRefusal::BadOffer(String::from("no audio"))),
            ),
            1 => self.inside(Duration::from_secs(30), CallInput::CustomerLegFailed),
            _ => {
                self.media_connected = true;
                self.inside(after, CallInput::CustomerConnected);
                if self.provider.accepted_at.is_some() {
                    self.inside(after + Duration::from_millis(20), CallInput::CustomerHeard);
                }
                if self.random.percent(2) {
                    let broken = self.random.ms(100, 60_000);
                    self.inside(broken, CallInput::CustomerLegFailed);
                }
            }
        }
    }

    pub(super) fn customer_picks_up(&mut self) {
        if self.provider.ended {
            return;
        }
        self.provider.accepted_at = Some(self.now);
        self.webhook(CallInput::CustomerAccepted);
        if self.media_connected {
            let after = self.random.ms(1, 800);
            self.inside(after, CallInput::CustomerHeard);
            if self.random.percent(4) {
                let silent = self.random.ms(30_000, 90_000);
                self.inside(silent, CallInput::CustomerSilent);
            }
        }
        let patience =
            if self.long_talk { self.random.ms(60_000, 600_000) } else { self.random.ms(500, 120_000) };
        self.at_provider(patience, AtProvider::CustomerHangsUp);
    }

    pub(super) fn customer_declines(&mut self) {
        if self.provider.ended || self.provider.accepted_at.is_some() {
            return;
        }
        self.webhook(CallInput::CustomerDeclined);
        self.provider_ends(None);
    }
}
