//! Load runs: many customers call, agents (or the server's own destinations) answer, and a report tells what it
//! cost and what was lost.

mod floor;
mod process;
mod report;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::agent::{AgentError, AgentHabits, AgentLogin, Claims, SimulatedAgent};
use crate::call::{NewCall, Sound};
use crate::clock::{millis, now};
use crate::customer::CallState;
use crate::faults::Faults;
use crate::{PlaceError, Simulator, locked};

pub use floor::Floor;
pub use process::ServerCost;
pub use report::{LoadReport, Spans};

/// Agents that sign in at the same time.
const SIGN_INS: usize = 8;
/// How long after the last call the run waits for ends and late webhooks.
const AFTERMATH: Duration = Duration::from_secs(60);

/// What the customers of a run say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadSound {
    /// A tone of 440 Hz.
    #[default]
    Tone,
    /// ICE and DTLS, but no RTP.
    None,
    /// Not even ICE.
    Dead,
}

/// A load run.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// Calls in all.
    pub calls: usize,
    /// Calls at the same time at most.
    pub concurrent: usize,
    /// New calls per second at most.
    pub rate_per_s: f64,
    /// A customer hangs up this long after `accept`.
    pub talk: Duration,
    /// A customer whose call is not accepted hangs up this long after it began.
    pub patience: Duration,
    /// What customers say.
    pub sound: LoadSound,
    /// Mishaps.
    pub faults: Faults,
    /// Agents that answer; with none the server's own destination (`echo`) must.
    pub agents: Vec<AgentLogin>,
    /// The server's process, to measure what it costs.
    pub server_pid: Option<u32>,
    /// Also measures a bare UDP forwarder at the same packet rate.
    pub with_floor: bool,
}

impl LoadPlan {
    /// So many calls of ten seconds, all at once as fast as 20 per second.
    #[must_use]
    pub fn new(calls: usize) -> Self {
        Self {
            calls,
            concurrent: calls,
            rate_per_s: 20.0,
            talk: Duration::from_secs(10),
            patience: Duration::from_secs(30),
            sound: LoadSound::Tone,
            faults: Faults::default(),
            agents: Vec::new(),
            server_pid: None,
            with_floor: false,
        }
    }
}

/// Why a load run did not take place.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// An agent could not sign in.
    #[error("agent {email}")]
    Agent {
        /// Which.
        email: String,
        /// Why.
        #[source]
        source: AgentError,
    },
    /// A call could not be placed.
    #[error("place a call")]
    Place(#[from] PlaceError),
}

/// Runs the plan and reports.
pub async fn run_load(simulator: &Simulator, plan: LoadPlan) -> Result<LoadReport, LoadError> {
    simulator.set_faults(plan.faults.clone());
    let agents = sign_in(simulator, &plan.agents).await?;
    let before = process::sample(plan.server_pid);
    let began = now();
    let mut run = Run {
        simulator,
        plan: &plan,
        agents: &agents,
        ids: Vec::with_capacity(plan.calls),
        samples: Vec::new(),
    };
    run.place_all().await?;
    run.wait_for_ends().await;
    let calls = run.ids.iter().filter_map(|id| simulator.call(id)).collect();
    let cost = process::cost(&before, &run.samples);
    let floor = match (plan.with_floor, &cost) {
        (true, Some(cost)) => {
            let rate = cost.packets_per_s;
            tokio::task::spawn_blocking(move || floor::measure(rate, Duration::from_secs(5)))
                .await
                .ok()
                .flatten()
        }
        (true, None) | (false, _) => None,
    };
    let clicks = click_to_sound(simulator, &agents);
    let report = report::write(report::Facts {
        calls,
        agents: &agents,
        clicks,
        took: now().saturating_duration_since(began),
        cost,
        floor,
    });
    for agent in &agents {
        agent.close();
    }
    Ok(report)
}

async fn sign_in(simulator: &Simulator, logins: &[AgentLogin]) -> Result<Vec<SimulatedAgent>, LoadError> {
    use futures_util::{StreamExt, TryStreamExt};
    let claims = Claims::default();
    futures_util::stream::iter(logins.iter().cloned())
        .map(|login| {
            let habits = AgentHabits {
                sound: Sound::ToneHz(880),
                answers: Some(claims.clone()),
                hesitates: Duration::from_millis(300),
                counts_only: true,
            };
            async move {
                let email = login.email.clone();
                SimulatedAgent::sign_in(simulator, login, habits)
                    .await
                    .map_err(|source| LoadError::Agent { email, source })
            }
        })
        .buffered(SIGN_INS)
        .try_collect()
        .await
}

struct Run<'a> {
    simulator: &'a Simulator,
    plan: &'a LoadPlan,
    agents: &'a [SimulatedAgent],
    ids: Vec<String>,
    samples: Vec<process::Sample>,
}

impl Run<'_> {
    async fn place_all(&mut self) -> Result<(), LoadError> {
        let wanted = NewCall {
            sound: match self.plan.sound {
                LoadSound::Tone => Sound::ToneHz(440),
                LoadSound::None => Sound::None(true),
                LoadSound::Dead => Sound::Dead(true),
            },
            hang_up_after_answer_ms: Some(u64::try_from(self.plan.talk.as_millis()).unwrap_or(u64::MAX)),
            counts_only: true,
            ..NewCall::default()
        };
        let step = Duration::from_secs_f64(1.0 / self.plan.rate_per_s.clamp(0.01, 10_000.0));
        let mut tick = tokio::time::interval(step);
        let mut sampled = now();
        while self.ids.len() < self.plan.calls {
            tick.tick().await;
            self.sample(&mut sampled);
            if self.live() < self.plan.concurrent {
                let report = self.simulator.place_call(&wanted)?;
                self.give_up_later(&report.id);
                self.ids.push(report.id);
            }
        }
        Ok(())
    }

    /// The patience of a customer ends only while nobody has accepted.
    fn give_up_later(&self, id: &str) {
        let (simulator, id, patience) = (self.simulator.clone(), id.to_owned(), self.plan.patience);
        let stop = self.simulator.exchange.stop.clone();
        self.simulator.exchange.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(patience) => {}
            }
            if simulator.call(&id).is_some_and(|call| !call.accepted) {
                simulator.hang_up(&id);
            }
        });
    }

    async fn wait_for_ends(&mut self) {
        let give_up = now() + self.plan.talk + self.plan.patience + AFTERMATH;
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut sampled = now();
        loop {
            tick.tick().await;
            self.sample(&mut sampled);
            let settled = self.live() == 0 && self.ids.iter().all(|id| self.told(id));
            if settled || now() > give_up {
                return;
            }
        }
    }

    /// Whether the end of a call was told to the business (or is lost by plan).
    fn told(&self, id: &str) -> bool {
        self.simulator.call(id).is_none_or(|call| {
            call.webhooks.terminates_delivered > 0 || call.mishaps.contains(&"terminate_dropped")
        })
    }

    fn live(&self) -> usize {
        let exchange = &self.simulator.exchange;
        let states = self.ids.iter().rev().take(self.plan.concurrent * 4 + 64);
        states.filter(|id| live_call(exchange, id)).count()
    }

    /// Once a second: what the server has used and how much sound has flowed.
    fn sample(&mut self, sampled: &mut Instant) {
        if self.plan.server_pid.is_none() || now() < *sampled {
            return;
        }
        *sampled = now() + Duration::from_secs(1);
        let reports = self.ids.iter().filter_map(|id| self.simulator.call(id));
        let (mut packets, mut talking) = (0, 0);
        for call in reports {
            packets += call.sent.packets;
            talking += usize::from(call.state == CallState::Accepted);
        }
        packets += self.agents.iter().map(SimulatedAgent::sent).sum::<u64>();
        let mut sample = process::sample(self.plan.server_pid);
        sample.packets = packets;
        sample.talking = talking;
        self.samples.push(sample);
    }
}

fn live_call(exchange: &Arc<crate::exchange::Exchange>, id: &str) -> bool {
    exchange
        .ordinal(id)
        .and_then(|ordinal| exchange.with_call(ordinal, |call| call.customer.state() != CallState::Ended))
        .unwrap_or(false)
}

/// From an agent's click until the customer hears sound, in milliseconds, for every call that got this far.
fn click_to_sound(simulator: &Simulator, agents: &[SimulatedAgent]) -> Vec<f64> {
    let mut clicked: HashMap<String, Instant> = HashMap::new();
    for click in agents.iter().flat_map(SimulatedAgent::clicks).filter(|click| click.status == 200) {
        if let Some(caller) = click.caller {
            clicked.insert(caller, click.at);
        }
    }
    let exchange = &simulator.exchange;
    let calls = exchange.reports(usize::MAX);
    calls
        .iter()
        .filter_map(|report| {
            let at = clicked.get(report.from.as_deref()?)?;
            let ordinal = exchange.ordinal(&report.id)?;
            let first =
                exchange.with_call(ordinal, |call| locked(&call.facts.hearing).first_sound_at())??;
            (first >= *at).then(|| millis(first.saturating_duration_since(*at)))
        })
        .collect()
}
