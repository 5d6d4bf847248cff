//! The report of a load run: numbers for a file, and a table for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::agent::SimulatedAgent;
use crate::call::CallReport;
use crate::clock::millis;
use crate::customer::CallState;
use crate::load::floor::Floor;
use crate::load::process::ServerCost;

/// The spread of a span, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Spans {
    /// How many were measured.
    pub count: u64,
    /// Half were faster.
    pub p50_ms: f64,
    /// 95 of 100 were faster.
    pub p95_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Spans {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        // One microsecond to ten minutes with three digits: these bounds are valid, so only memory could fail.
        let Ok(mut histogram) = Histogram::<u64>::new_with_bounds(1, 600_000_000, 3) else {
            return Self::default();
        };
        for value in values {
            histogram.saturating_record((value * 1e3).max(1.0) as u64);
        }
        let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            count: histogram.len(),
            p50_ms: at(0.5),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: if histogram.is_empty() { 0.0 } else { histogram.max() as f64 / 1e3 },
        }
    }
}

/// What a load run showed.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// Length of the run in seconds.
    pub took_s: f64,
    /// Calls placed.
    pub calls: usize,
    /// Calls the business accepted.
    pub accepted: usize,
    /// Calls that are over.
    pub ended: usize,
    /// Calls by how they ended.
    pub ended_by: BTreeMap<String, usize>,
    /// Connect webhook until its 200.
    pub webhook_to_200: Spans,
    /// Connect webhook until `pre_accept`.
    pub webhook_to_pre_accept: Spans,
    /// An agent's click until the customer hears sound.
    pub click_to_sound: Spans,
    /// `accept` until the customer hears sound.
    pub accept_to_sound: Spans,
    /// Attempts to deliver webhooks that got no 200.
    pub webhook_failures: u64,
    /// Packets customers heard and missed.
    pub customers_heard: u64,
    /// Missed.
    pub customers_lost: u64,
    /// Packets agents heard and missed.
    pub agents_heard: u64,
    /// Missed.
    pub agents_lost: u64,
    /// Copies, or packets that did not pass authentication.
    pub discarded: u64,
    /// Packets before `accept`: must be zero.
    pub early_packets: u64,
    /// Customers that saw more than one SSRC: must be zero.
    pub customers_with_several_ssrcs: usize,
    /// The longest silence any customer met between two packets, in milliseconds.
    pub longest_gap_ms: f64,
    /// What the server cost.
    pub server: Option<ServerCost>,
    /// What a bare forwarder costs on this machine.
    pub floor: Option<Floor>,
}

pub(crate) struct Facts<'a> {
    pub(crate) calls: Vec<CallReport>,
    pub(crate) agents: &'a [SimulatedAgent],
    pub(crate) clicks: Vec<f64>,
    pub(crate) took: Duration,
    pub(crate) cost: Option<ServerCost>,
    pub(crate) floor: Option<Floor>,
}

pub(crate) fn write(facts: Facts<'_>) -> LoadReport {
    let calls = &facts.calls;
    let spans = |of: fn(&CallReport) -> Option<f64>| Spans::of(calls.iter().filter_map(of));
    let mut ended_by = BTreeMap::new();
    for by in calls.iter().filter_map(|call| call.ended_by) {
        *ended_by.entry(format!("{by:?}")).or_insert(0) += 1;
    }
    let agents: Vec<_> = facts.agents.iter().map(SimulatedAgent::heard).collect();
    LoadReport {
        took_s: millis(facts.took) / 1e3,
        calls: calls.len(),
        accepted: calls.iter().filter(|call| call.accepted).count(),
        ended: calls.iter().filter(|call| call.state == CallState::Ended).count(),
        ended_by,
        webhook_to_200: spans(|call| call.timings.connect_to_200_ms),
        webhook_to_pre_accept: spans(|call| call.timings.connect_to_pre_accept_ms),
        click_to_sound: Spans::of(facts.clicks.into_iter()),
        accept_to_sound: spans(|call| call.timings.accept_to_first_audio_ms),
        webhook_failures: calls.iter().map(|call| u64::from(call.webhooks.failures)).sum(),
        customers_heard: calls.iter().map(|call| call.heard.packets).sum(),
        customers_lost: calls.iter().map(|call| call.heard.lost).sum(),
        agents_heard: agents.iter().map(|heard| heard.packets).sum(),
        agents_lost: agents.iter().map(|heard| heard.lost).sum(),
        discarded: calls.iter().map(|call| call.discarded_packets).sum(),
        early_packets: calls.iter().map(|call| u64::from(call.early_packets)).sum(),
        customers_with_several_ssrcs: calls.iter().filter(|call| call.heard.ssrcs.len() > 1).count(),
        longest_gap_ms: calls.iter().map(|call| call.heard.longest_gap_ms).fold(0.0, f64::max),
        server: facts.cost,
        floor: facts.floor,
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "calls {} · accepted {} · ended {} · {:.1} s",
            self.calls, self.accepted, self.ended, self.took_s
        )?;
        for (by, count) in &self.ended_by {
            writeln!(f, "  ended by {by:<14} {count:>8}")?;
        }
        writeln!(
            f,
            "{:<32}{:>8}{:>10}{:>10}{:>10}{:>10}",
            "milliseconds", "count", "p50", "p95", "p99", "max"
        )?;
        for (name, spans) in [
            ("webhook → 200", &self.webhook_to_200),
            ("webhook → pre_accept", &self.webhook_to_pre_accept),
            ("click → customer hears", &self.click_to_sound),
            ("accept → customer hears", &self.accept_to_sound),
        ] {
            let Spans { count, p50_ms, p95_ms, p99_ms, max_ms } = spans;
            writeln!(f, "{name:<32}{count:>8}{p50_ms:>10.1}{p95_ms:>10.1}{p99_ms:>10.1}{max_ms:>10.1}")?;
        }
        writeln!(f, "customers heard {} packets, lost {}", self.customers_heard, self.customers_lost)?;
        writeln!(f, "agents heard {} packets, lost {}", self.agents_heard, self.agents_lost)?;
        writeln!(
            f,
            "discarded {} · before accept {} · several SSRCs {} · longest gap {:.0} ms · webhooks without 200 {}",
            self.discarded,
            self.early_packets,
            self.customers_with_several_ssrcs,
            self.longest_gap_ms,
            self.webhook_failures
        )?;
        if let Some(server) = &self.server {
            writeln!(
                f,
                "server: {} calls, {:.0} packets/s, {:.1} % of a core ({:.3} % per call), {:.2} us per packet, {:.0} kB per call",
                server.calls,
                server.packets_per_s,
                server.cpu_percent,
                server.cpu_percent_per_call,
                server.us_per_packet,
                server.memory_per_call_kb
            )?;
        }
        if let Some(floor) = &self.floor {
            writeln!(
                f,
                "bare forwarder: {:.0} packets/s, {:.2} us per packet",
                floor.packets_per_s, floor.us_per_packet
            )?;
        }
        Ok(())
    }
}
