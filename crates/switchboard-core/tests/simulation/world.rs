//! One call in a world that is not to be relied on.

#[path = "world/dialling.rs"]
mod dialling;
#[path = "world/effects.rs"]
mod effects;
#[path = "world/provider.rs"]
mod provider;
#[path = "world/scenario.rs"]
mod scenario;

use std::collections::BTreeMap;
use std::time::Duration;

use switchboard_core::call::Call;
use switchboard_core::call::input::{CallInput, ProviderAnswer, ProviderFault};
use switchboard_core::call::state::{CallFacts, EndReason, Outcome, ProviderState};
use switchboard_core::ids::UserId;
use switchboard_core::time::Timestamp;

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
    DialArrives { reported: bool },
    CustomerPicksUp,
    CustomerDeclines,
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
    dialled: bool,
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
    /// How long the number's announcement takes.
    announcement: Duration,
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
            announcement: Duration::ZERO,
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
}

pub(super) fn fault() -> ProviderFault {
    ProviderFault { code: 131_009, message: String::from("Parameter value is not valid") }
}

pub(super) fn unknown() -> ProviderAnswer {
    ProviderAnswer::Unknown { detail: String::from("time-out") }
}
