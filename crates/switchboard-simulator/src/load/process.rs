//! What the server's process costs, read from `/proc` (Linux).

use std::time::Instant;

use serde::Serialize;

use crate::clock::now;

/// The kernel counts processor time of processes in hundredths of a second (`USER_HZ`, fixed at 100 on Linux).
const TICKS_PER_S: f64 = 100.0;
const PAGE_KB: f64 = 4.0;

/// A look at the process and at the run.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    at: Instant,
    cpu_s: Option<f64>,
    memory_kb: Option<f64>,
    pub(crate) packets: u64,
    pub(crate) talking: usize,
}

/// Looks at a process; without one only the time is taken.
pub(crate) fn sample(pid: Option<u32>) -> Sample {
    let stat = pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/stat")).ok());
    // The name in parentheses may hold spaces; the numbers come after it. utime and stime are fields 14 and 15,
    // the resident pages field 24 (proc(5)).
    let numbers: Vec<f64> = stat
        .as_deref()
        .and_then(|stat| stat.rsplit_once(')'))
        .map(|(_, rest)| rest.split_whitespace().skip(1).map(|word| word.parse().unwrap_or(0.0)).collect())
        .unwrap_or_default();
    Sample {
        at: now(),
        cpu_s: numbers.get(10).zip(numbers.get(11)).map(|(user, system)| (user + system) / TICKS_PER_S),
        memory_kb: numbers.get(20).map(|pages| pages * PAGE_KB),
        packets: 0,
        talking: 0,
    }
}

/// What the server used while most calls were talking.
#[derive(Debug, Clone, Serialize)]
pub struct ServerCost {
    /// How long was measured, in seconds.
    pub window_s: f64,
    /// Calls that talked meanwhile.
    pub calls: usize,
    /// Sound packets per second that customers and agents sent to the server.
    pub packets_per_s: f64,
    /// Share of one core, in percent.
    pub cpu_percent: f64,
    /// The same per call.
    pub cpu_percent_per_call: f64,
    /// Processor time per sound packet that came in (and went out again), in microseconds.
    pub us_per_packet: f64,
    /// Memory before the run and at its peak, in kB.
    pub memory_before_kb: f64,
    /// Peak.
    pub memory_peak_kb: f64,
    /// What a call added, in kB.
    pub memory_per_call_kb: f64,
}

/// The cost over the samples in which nearly all calls talked.
pub(crate) fn cost(before: &Sample, samples: &[Sample]) -> Option<ServerCost> {
    let most = samples.iter().map(|sample| sample.talking).max().filter(|most| *most > 0)?;
    let full: Vec<&Sample> = samples.iter().filter(|sample| sample.talking * 20 >= most * 19).collect();
    let (first, last) = (full.first()?, full.last()?);
    let window_s = last.at.saturating_duration_since(first.at).as_secs_f64();
    if window_s <= 0.0 {
        return None;
    }
    let cpu_s = last.cpu_s? - first.cpu_s?;
    let packets = last.packets.saturating_sub(first.packets) as f64;
    let memory_before_kb = before.memory_kb?;
    let memory_peak_kb =
        samples.iter().filter_map(|sample| sample.memory_kb).fold(memory_before_kb, f64::max);
    let cpu_percent = cpu_s / window_s * 100.0;
    Some(ServerCost {
        window_s,
        calls: most,
        packets_per_s: packets / window_s,
        cpu_percent,
        cpu_percent_per_call: cpu_percent / most as f64,
        us_per_packet: if packets > 0.0 { cpu_s * 1e6 / packets } else { 0.0 },
        memory_before_kb,
        memory_peak_kb,
        memory_per_call_kb: (memory_peak_kb - memory_before_kb) / most as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn our_own_process_can_be_read() {
        let own = sample(Some(std::process::id()));
        assert!(own.cpu_s.is_some());
        assert!(own.memory_kb.is_some_and(|memory| memory > 1_000.0));
        assert!(sample(Some(u32::MAX)).cpu_s.is_none());
    }

    #[test]
    fn only_the_time_in_which_calls_talked_counts() {
        let began = now();
        let at = |second: u64, cpu: f64, packets: u64, talking: usize| Sample {
            at: began + Duration::from_secs(second),
            cpu_s: Some(cpu),
            memory_kb: Some(10_000.0 + 100.0 * talking as f64),
            packets,
            talking,
        };
        let samples =
            [at(0, 0.0, 0, 1), at(10, 1.0, 1_000, 100), at(20, 3.0, 21_000, 100), at(30, 9.0, 21_100, 2)];
        let cost = cost(&at(0, 0.0, 0, 0), &samples).expect("a cost");
        assert!((cost.cpu_percent - 20.0).abs() < 1e-6);
        assert!((cost.us_per_packet - 100.0).abs() < 1e-6);
        assert!((cost.memory_per_call_kb - 100.0).abs() < 1e-6);
    }
}
