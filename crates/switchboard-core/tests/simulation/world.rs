//! One call in a world that is not to be relied on.

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard_core::call::Call;
use switchboard_core::call::effect::{CallEffect, Notice, Seat};
use switchboard_core::call::input::{
    Admission, CallInput, CallPolicy, Destination, MediaRefusal, Offered, ProviderAnswer, ProviderEnded,
    ProviderFault,
};
use switchboard_core::call::state::{CallFacts, EndReason, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::random::Random;
use crate::trace::Trace;
use crate::watch::Watch;

/// More steps than any seed needs; a call that takes more never ends.
const STEPS: usize = 5_000;

/// What the machine was told, and when: all the reference model gets to see.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    Input(CallInput),
    Restart,
}

#[derive(Debug, Clone)]
enum Happening {
    /// Kept by the inbox: survives a restart of ours.
    Webhook(CallInput),
    /// From within our process: gone with it.
    Inside(CallInput),
    Restart,
    Provider(AtProvider),
}

/// What happens at the provider's end.
#[derive(Debug, Clone, Copy)]
enum AtProvider {
    PreAcceptArrives { reported: bool },
    AcceptArrives { reported: bool },
    OurEndArrives,
    CustomerHangsUp,
    WindowOver,
    Breaks,
}

/// The provider's truth.
#[derive(Default)]
struct Provider {
    pre_accepted: bool,
    accepted_at: Option<Timestamp>,
    ended: bool,
}

pub(crate) struct World {
    random: Random,
    start: Timestamp,
    now: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    queued: u64,
    call: Call,
    agents: Vec<UserId>,
    provider: Provider,
    media_connected: bool,
    /// A long talk over a bad network: people stay, lines do not.
    long_talk: bool,
    watch: Watch,
    log: Vec<(Timestamp, Told)>,
    trace: Trace,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let start = Timestamp::from_seconds(1_700_000_000);
        let mut world = Self {
            random: Random::new(seed),
            start,
            now: start,
            queue: BTreeMap::new(),
            queued: 0,
            call: Call::new(),
            agents: Vec::new(),
            provider: Provider::default(),
            media_connected: false,
            long_talk: false,
            watch: Watch::default(),
            log: Vec::new(),
            trace: Trace::default(),
        };
        world.place_call();
        world
    }

    pub(crate) fn log(&self) -> &[(Timestamp, Told)] {
        &self.log
    }

    pub(crate) fn trace(&self) -> &str {
        self.trace.text()
    }

    /// Every kind of entry the story of this call has.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.watch.kinds()
    }

    pub(crate) fn reason(&self) -> Option<EndReason> {
        self.call.facts().ending.as_ref().map(|ending| ending.reason)
    }

    pub(crate) const fn facts(&self) -> &CallFacts {
        self.call.facts()
    }

    pub(crate) fn verdict(&self) -> Option<(ProviderState, Outcome, EndReason)> {
        let facts = self.call.facts();
        facts.ending.as_ref().map(|ending| (facts.state, ending.outcome, ending.reason))
    }

    /// Runs until nothing is left to happen; every call that was ever heard of is over then.
    pub(crate) fn run(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let next = self.queue.first_key_value().map(|(key, _)| *key);
            let due = self.call.poll_timeout();
            match (next, due) {
                (None, None) => {
                    let known = self.call.facts().offered || self.call.facts().ending.is_some();
                    let over = self.call.facts().ending.is_some();
                    return if over || !known { Ok(()) } else { Err("the call never ended".into()) };
                }
                (Some(key), None) => self.happens(key)?,
                (Some(key), Some(due)) if key.0 < due => self.happens(key)?,
                (next, Some(due)) => {
                    // Mostly the timer is exact; sometimes the machine was busy.
                    let late =
                        if self.random.percent(10) { self.random.ms(0, 6_000) } else { Duration::ZERO };
                    match next.filter(|key| key.0 < due.plus(late)) {
                        Some(key) => self.happens(key)?,
                        None => {
                            self.now = due.plus(late);
                            self.tell(CallInput::TimePassed)?;
                        }
                    }
                }
            }
        }
        Err("the call takes for ever".into())
    }

    fn place_call(&mut self) {
        self.long_talk = self.random.percent(25);
        let count = self.random.below(6).min(4);
        self.agents = (1..=count).map(|n| UserId::from_uuid(Uuid::from_u128(u128::from(n)))).collect();
        let window = if self.random.percent(70) { 28 } else { 15 + self.random.below(41) };
        let longest = [40, 60, 600, 14_400][self.random.below(4) as usize];
        let mut available = self.agents.clone();
        available.retain(|_| self.random.percent(85));
        let offered = CallInput::Offered(Offered {
            at: self.start,
            policy: CallPolicy {
                destination: if self.random.percent(20) { Destination::Echo } else { Destination::Agents },
                answer_window: Duration::from_secs(window),
                max_call_duration: Duration::from_secs(longest),
            },
            admission: match self.random.below(40) {
                0 => Admission::CallingDisabled,
                1 => Admission::AtCapacity,
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
        if self.random.percent(8) {
            let after = self.random.ms(50, 60_000);
            self.later(after, Happening::Restart);
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
            let input = match self.random.below(9) {
                0 | 1 => CallInput::AgentAvailable(agent),
                2 => CallInput::AgentUnavailable(agent),
                3 | 4 => CallInput::LineLost(agent),
                5 => CallInput::LineBack(agent),
                6 => CallInput::Answer { by: agent },
                7 => CallInput::HangUp { by: agent },
                _ => CallInput::Decline { by: agent },
            };
            let after = self.random.ms(50, 90_000);
            self.inside(after, input);
        }
    }

    /// Words that come out of nowhere, most of them at the wrong time.
    fn noise(&mut self) {
        let input = match self.random.below(30) {
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
            _ => CallInput::TimePassed,
        };
        let after = self.random.ms(50, 90_000);
        self.inside(after, input);
    }

    fn later(&mut self, after: Duration, what: Happening) {
        self.queued += 1;
        self.queue.insert((self.now.plus(after), self.queued), what);
    }

    fn at_provider(&mut self, after: Duration, what: AtProvider) {
        self.later(after, Happening::Provider(what));
    }

    /// Inside our process words are rarely lost and seldom said twice.
    fn inside(&mut self, after: Duration, input: CallInput) {
        if self.random.percent(4) {
            let again = after + self.random.ms(1, 20_000);
            self.later(again, Happening::Inside(input.clone()));
        }
        if !self.random.percent(3) {
            self.later(after, Happening::Inside(input));
        }
    }

    /// Webhooks are lost, repeated, late, and overtake each other.
    fn webhook(&mut self, input: CallInput) {
        let copies = match self.random.below(20) {
            0 => 0,
            1..=14 => 1,
            15..=18 => 2,
            _ => 4,
        };
        for _ in 0..copies {
            let after = match self.random.below(10) {
                0 => self.random.ms(1_000, 15_000),
                1 => self.random.ms(10_000, 70_000),
                _ => self.random.ms(20, 600),
            };
            self.later(after, Happening::Webhook(input.clone()));
        }
    }

    fn happens(&mut self, key: (Timestamp, u64)) -> Result<(), String> {
        self.now = key.0;
        match self.queue.remove(&key) {
            None => Ok(()),
            Some(Happening::Webhook(input) | Happening::Inside(input)) => self.tell(input),
            Some(Happening::Restart) => {
                self.restart();
                Ok(())
            }
            Some(Happening::Provider(what)) => {
                self.provider_does(what);
                Ok(())
            }
        }
    }

    fn tell(&mut self, input: CallInput) -> Result<(), String> {
        self.trace.line(self.start, self.now, &format!("-> {input:?}"));
        self.watch.input(&input, self.call.facts());
        self.log.push((self.now, Told::Input(input.clone())));
        let answer = self.call.handle(self.now, input.clone());
        if let Err(refusal) = answer {
            self.trace.line(self.start, self.now, &format!("   refused: {refusal}"));
        }
        if let (Ok(()), CallInput::Answer { by }) = (answer, &input)
            && self.call.taken_by() != Some(*by)
        {
            return Err("an answer was taken and somebody else has the call".into());
        }
        while let Some(effect) = self.call.poll_effect() {
            self.trace.line(self.start, self.now, &format!("   {effect:?}"));
            self.watch.effect(self.now, &effect, self.call.facts())?;
            self.carry_out(effect);
        }
        self.watch.settled(self.now, &self.call)
    }

    fn restart(&mut self) {
        self.trace.line(self.start, self.now, "== restart");
        self.log.push((self.now, Told::Restart));
        let facts = self.call.facts().clone();
        self.queue.retain(|_, what| !matches!(what, Happening::Inside(_)));
        self.watch.restarted(&facts);
        if facts.offered && facts.ending.is_none() {
            let after = self.random.ms(100, 3_000);
            self.later(after, Happening::Inside(CallInput::NodeRestarted));
        }
        self.call = Call::restore(facts);
    }

    fn carry_out(&mut self, effect: CallEffect) {
        match effect {
            CallEffect::PrepareMedia => self.prepare_media(),
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
                    Notice::NobodyLeft => 6_000,
                };
                if self.random.percent(80) {
                    self.inside(Duration::from_millis(length), CallInput::NoticePlayed);
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
            | CallEffect::Bridge(Seat::Echo | Seat::Music | Seat::Nobody)
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

    fn provider_does(&mut self, what: AtProvider) {
        self.trace.line(self.start, self.now, &format!("   at the provider: {what:?}"));
        match what {
            AtProvider::PreAcceptArrives { reported } => {
                let first = !self.provider.pre_accepted;
                let done = !self.provider.ended;
                self.provider.pre_accepted |= done;
                self.report(reported, done, CallInput::PreAcceptAnswered);
                if done && first && self.random.percent(90) {
                    self.media_connected = true;
                    let after = self.random.ms(30, 3_000);
                    self.inside(after, CallInput::CustomerConnected);
                    if self.random.percent(2) {
                        let broken = self.random.ms(100, 60_000);
                        self.inside(broken, CallInput::CustomerLegFailed);
                    }
                }
            }
            AtProvider::AcceptArrives { reported } => {
                let done = !self.provider.ended && self.provider.accepted_at.is_none();
                if done {
                    self.provider.accepted_at = Some(self.now);
                }
                self.report(reported, done, CallInput::AcceptAnswered);
                if done && self.media_connected {
                    let after = self.random.ms(20, 400);
                    self.inside(after, CallInput::CustomerHeard);
                    if self.random.percent(4) {
                        // He walks into a lift.
                        let silent = self.random.ms(30_000, 90_000);
                        self.inside(silent, CallInput::CustomerSilent);
                    }
                }
            }
            AtProvider::OurEndArrives | AtProvider::CustomerHangsUp => self.provider_ends(None),
            AtProvider::WindowOver if self.provider.accepted_at.is_none() => self.provider_ends(None),
            AtProvider::WindowOver => {}
            AtProvider::Breaks => self.provider_ends(Some(fault())),
        }
    }

    fn report(&mut self, reported: bool, done: bool, answered: impl Fn(ProviderAnswer) -> CallInput) {
        if reported {
            let after = self.random.ms(5, 100);
            let answer = if done { ProviderAnswer::Done } else { ProviderAnswer::Refused(fault()) };
            self.inside(after, answered(answer));
        }
    }

    fn provider_ends(&mut self, error: Option<ProviderFault>) {
        if std::mem::replace(&mut self.provider.ended, true) {
            return;
        }
        let started_at = self.provider.accepted_at.map(whole_second);
        let ended_at = started_at.map(|_| whole_second(self.now));
        self.webhook(CallInput::ProviderEnded(ProviderEnded {
            at: whole_second(self.now),
            failed: error.is_some(),
            started_at,
            ended_at,
            duration: started_at.map(|started| self.now.since(started)),
            error,
        }));
        if self.media_connected {
            self.inside(Duration::from_secs(30), CallInput::CustomerSilent);
        }
    }
}

/// The provider stamps its webhooks with whole seconds.
const fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_seconds(moment.seconds())
}

fn fault() -> ProviderFault {
    ProviderFault { code: 131_009, message: String::from("Parameter value is not valid") }
}

fn unknown() -> ProviderAnswer {
    ProviderAnswer::Unknown { detail: String::from("time-out") }
}
