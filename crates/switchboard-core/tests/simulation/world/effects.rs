//! What becomes of each effect: media, people and requests do what was asked, or do not.

use std::time::Duration;

use switchboard_core::call::effect::{CallEffect, Notice, Seat};
use switchboard_core::call::input::{CallInput, MediaRefusal, ProviderAnswer};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

use super::{AtProvider, World, fault, unknown};

impl World {
    pub(super) fn carry_out(&mut self, effect: CallEffect) {
        match effect {
            CallEffect::PrepareMedia { .. } | CallEffect::PrepareOffer { .. } => self.prepare_media(),
            CallEffect::Dial { give_up_at } => self.dial(give_up_at),
            CallEffect::ApplyAnswer => self.apply_answer(),
            CallEffect::PreAccept { give_up_at } => {
                self.send(
                    give_up_at,
                    |reported| AtProvider::PreAcceptArrives { reported },
                    CallInput::PreAcceptAnswered,
                );
            }
            CallEffect::Accept { give_up_at } => {
                self.send(
                    give_up_at,
                    |reported| AtProvider::AcceptArrives { reported },
                    CallInput::AcceptAnswered,
                );
            }
            CallEffect::Reject | CallEffect::Terminate => {
                let travel = self.random.ms(10, 300);
                self.at_provider(travel, AtProvider::OurEndArrives);
                if self.random.percent(50) {
                    let input = if effect == CallEffect::Reject {
                        CallInput::RejectAnswered(ProviderAnswer::Done)
                    } else {
                        CallInput::TerminateAnswered(ProviderAnswer::Done)
                    };
                    self.inside(travel * 2, input);
                }
            }
            CallEffect::Ring { agent, .. } => self.reacts(agent),
            CallEffect::Bridge(Seat::Notice(notice)) => {
                let length = match notice {
                    Notice::EndsSoon => 400,
                    Notice::NobodyLeft | Notice::Maintenance => 6_000,
                };
                if self.random.percent(80) {
                    self.inside(Duration::from_millis(length), CallInput::NoticePlayed);
                }
            }
            CallEffect::Bridge(Seat::Announcement) => {
                // Sometimes nobody ever says that it was heard.
                let length = self.announcement + Duration::from_millis(320);
                if self.random.percent(85) {
                    self.inside(length, CallInput::AnnouncementPlayed);
                }
            }
            CallEffect::StartRecording => {
                if self.random.percent(10) {
                    let after = self.random.ms(1, 60_000);
                    self.inside(after, CallInput::RecordingFailed { why: "disk full" });
                }
            }
            CallEffect::Bridge(Seat::Agent(agent)) => {
                // The one who talks is busy; sooner or later he hangs up or his laptop sleeps.
                self.inside(Duration::from_micros(10), CallInput::AgentUnavailable(agent));
                if !self.long_talk && self.random.percent(50) {
                    let after = self.random.ms(200, 120_000);
                    self.inside(after, CallInput::HangUp { by: agent });
                }
                if self.random.percent(if self.long_talk { 80 } else { 25 }) {
                    let after = self.random.ms(10, 60_000);
                    self.inside(after, CallInput::LineLost(agent));
                    if self.random.percent(60) {
                        let back = after + self.random.ms(300, 40_000);
                        self.inside(back, CallInput::LineBack(agent));
                        self.inside(back, CallInput::AgentAvailable(agent));
                    }
                }
            }
            CallEffect::Record(_)
            | CallEffect::OpenGate
            | CallEffect::Ringback
            | CallEffect::Bridge(Seat::Echo | Seat::Music | Seat::Nobody)
            | CallEffect::PauseRecording
            | CallEffect::ResumeRecording
            | CallEffect::StopRecording
            | CallEffect::ReleaseMedia
            | CallEffect::StopRinging { .. } => {}
        }
    }

    fn prepare_media(&mut self) {
        let after =
            if self.random.percent(5) { self.random.ms(1_000, 28_000) } else { self.random.ms(1, 60) };
        let input = match self.random.below(60) {
            0 => CallInput::MediaRefused(MediaRefusal::NoPorts),
            1 => CallInput::MediaRefused(MediaRefusal::BadOffer(String::from("no audio"))),
            2 => CallInput::MediaRefused(MediaRefusal::Unavailable),
            3 => CallInput::MediaRefused(MediaRefusal::Flooded),
            _ => CallInput::MediaPrepared,
        };
        self.inside(after, input);
    }

    /// A request to the provider: it or its answer may be lost, the provider may refuse, slow down or break.
    fn send(
        &mut self,
        give_up_at: Timestamp,
        arrives: impl Fn(bool) -> AtProvider,
        answered: impl Fn(ProviderAnswer) -> CallInput,
    ) {
        let travel =
            if self.random.percent(10) { self.random.ms(300, 8_000) } else { self.random.ms(10, 200) };
        let until_given_up = give_up_at.since(self.now);
        match self.random.below(20) {
            // It never arrives, or arrives and its answer is lost; we notice now or when the time is over.
            0 => self.inside(until_given_up.min(travel), answered(unknown())),
            1 => {
                self.at_provider(travel, arrives(false));
                self.inside(until_given_up.min(travel * 2), answered(unknown()));
            }
            2 => self.at_provider(travel, arrives(false)),
            3 => {}
            4 => self.inside(travel, answered(ProviderAnswer::Refused(fault()))),
            _ => self.at_provider(travel, arrives(true)),
        }
    }

    fn reacts(&mut self, agent: UserId) {
        let after = match self.random.below(8) {
            0 => self.random.ms(0, 100),
            1 => self.random.ms(20_000, 30_000),
            _ => self.random.ms(800, 15_000),
        };
        let input = match self.random.below(20) {
            0..=12 => CallInput::Answer { by: agent },
            13..=15 => CallInput::Decline { by: agent },
            16 => CallInput::Reject { by: agent },
            17 => CallInput::AgentUnavailable(agent),
            _ => return,
        };
        self.inside(after, input);
    }
}
