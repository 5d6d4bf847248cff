//! How well a leg carries sound: loss and jitter of what we hear (RFC 3550 §6.4.1, A.3, A.8), what the other side
//! reports of us, round trip, and an estimated opinion score.

use std::time::Instant;

use crate::report::LegQuality;
use crate::rtcp::{self, ReportBlock, Told};
use crate::rtp::CLOCK_RATE;

/// Counters of one leg.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    sender: Option<Received>,
    pub(crate) received_packets: u64,
    pub(crate) sent_packets: u64,
    pub(crate) sent_octets: u64,
    their_report: Option<(u32, Instant)>,
    round_trip_ms: Option<f32>,
    sent_loss: Option<f32>,
    report_base: Interval,
    quality_base: Interval,
    traffic_base: Interval,
    gaps: u64,
    gathered: Traffic,
}

/// What went over a leg.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Traffic {
    pub(crate) received: u64,
    pub(crate) sent: u64,
    /// Of what they sent to us.
    pub(crate) lost: u64,
    /// How often their sound stood still for longer than [`GAP_SECONDS`] although their clock went on.
    pub(crate) gaps: u64,
}

/// A pause in the middle of a word that everybody hears.
const GAP_SECONDS: f32 = 0.1;

/// What was received from the current sender.
#[derive(Debug)]
struct Received {
    ssrc: u32,
    first: u64,
    highest: u64,
    packets: u64,
    jitter: f32,
    last_transit: Option<(Instant, u32)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Interval {
    expected: u64,
    received: u64,
}

impl Meter {
    /// Counts an authentic packet. `clocked`: does its timestamp say when it was made?
    pub(crate) fn heard(&mut self, now: Instant, ssrc: u32, index: u64, timestamp: u32, clocked: bool) {
        self.received_packets += 1;
        if self.sender.as_ref().is_none_or(|sender| sender.ssrc != ssrc) {
            self.sender = Some(Received {
                ssrc,
                first: index,
                highest: index,
                packets: 0,
                jitter: 0.0,
                last_transit: None,
            });
            self.report_base = Interval::default();
            self.quality_base = Interval::default();
            self.traffic_base = Interval::default();
        }
        let Some(sender) = &mut self.sender else { return };
        sender.packets += 1;
        sender.first = sender.first.min(index);
        sender.highest = sender.highest.max(index);
        if !clocked {
            return;
        }
        if let Some((last_at, last_timestamp)) = sender.last_transit {
            let arrived = now.saturating_duration_since(last_at).as_secs_f32() * CLOCK_RATE as f32;
            let made = timestamp.wrapping_sub(last_timestamp).cast_signed() as f32;
            // A pause of the sender moves its clock by seconds; that is no jitter.
            let difference = (arrived - made).abs();
            if made > 0.0 && (GAP_SECONDS..1.0).contains(&((arrived - made) / CLOCK_RATE as f32)) {
                self.gaps += 1;
            }
            if difference < CLOCK_RATE as f32 {
                sender.jitter += (difference - sender.jitter) / 16.0;
            }
        }
        sender.last_transit = Some((now, timestamp));
    }

    pub(crate) fn sent(&mut self, payload: usize) {
        self.sent_packets += 1;
        self.sent_octets += payload as u64;
    }

    /// Takes in their RTCP.
    pub(crate) fn told(&mut self, now: Instant, now_ntp: u64, told: &Told) {
        if let Some(report) = told.sender_report {
            self.their_report = Some((report, now));
        }
        let Some(block) = told.about_us else { return };
        self.sent_loss = Some(f32::from(block.fraction_lost) / 2.56);
        if block.last_sender_report != 0 {
            let there_and_back = rtcp::ntp_middle(now_ntp)
                .wrapping_sub(block.last_sender_report)
                .wrapping_sub(block.delay_since);
            // More than a minute is a wrong clock, not a path.
            if there_and_back < 60 << 16 {
                self.round_trip_ms = Some(there_and_back as f32 / 65.536);
            }
        }
    }

    /// Our word on what we received, since the last such report.
    pub(crate) fn report_block(&mut self, now: Instant) -> Option<ReportBlock> {
        let sender = self.sender.as_ref()?;
        let total = sender.interval();
        let since = total.since(self.report_base);
        self.report_base = total;
        let (last_sender_report, delay_since) = match self.their_report {
            Some((report, at)) => {
                let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
                (report, u32::try_from(delay).unwrap_or(u32::MAX))
            }
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc: sender.ssrc,
            fraction_lost: (since.loss() * 256.0) as u8,
            cumulative_lost: i32::try_from(total.expected as i64 - total.received as i64).unwrap_or(i32::MAX),
            highest_sequence: sender.highest as u32,
            jitter: sender.jitter as u32,
            last_sender_report,
            delay_since,
        })
    }

    /// What went over the leg since the last call.
    pub(crate) fn fresh_traffic(&mut self) -> Traffic {
        let lost = self.sender.as_ref().map_or(0, |sender| {
            let total = sender.interval();
            let since = total.since(self.traffic_base);
            self.traffic_base = total;
            since.expected.saturating_sub(since.received)
        });
        let fresh = Traffic {
            received: self.received_packets - self.gathered.received,
            sent: self.sent_packets - self.gathered.sent,
            lost,
            gaps: self.gaps - self.gathered.gaps,
        };
        self.gathered.received = self.received_packets;
        self.gathered.sent = self.sent_packets;
        self.gathered.gaps = self.gaps;
        fresh
    }

    /// The quality since the last call; `None` while no media flowed either way.
    pub(crate) fn quality(&mut self) -> Option<LegQuality> {
        if self.received_packets == 0 && self.sent_packets == 0 {
            return None;
        }
        let (loss, jitter_ms) = match &self.sender {
            Some(sender) => {
                let total = sender.interval();
                let loss = total.since(self.quality_base).loss();
                self.quality_base = total;
                (loss * 100.0, sender.jitter * 1_000.0 / CLOCK_RATE as f32)
            }
            None => (0.0, 0.0),
        };
        let worse = loss.max(self.sent_loss.unwrap_or(0.0));
        Some(LegQuality {
            mos: mean_opinion_score(worse, jitter_ms, self.round_trip_ms.unwrap_or(0.0)),
            loss_percent: loss,
            sent_loss_percent: self.sent_loss,
            jitter_ms,
            rtt_ms: self.round_trip_ms,
            received_packets: self.received_packets,
            sent_packets: self.sent_packets,
        })
    }
}

impl Received {
    fn interval(&self) -> Interval {
        Interval { expected: self.highest - self.first + 1, received: self.packets }
    }
}

impl Interval {
    fn since(self, base: Self) -> Self {
        Self {
            expected: self.expected.saturating_sub(base.expected),
            received: self.received.saturating_sub(base.received),
        }
    }

    /// Between 0 and 1.
    fn loss(self) -> f32 {
        let lost = self.expected.saturating_sub(self.received);
        if self.expected == 0 { 0.0 } else { (lost as f32 / self.expected as f32).min(1.0) }
    }
}

/// The E-model (ITU-T G.107) in the short form of Cole and Rosenbluth, "Voice over IP performance monitoring"
/// (ACM CCR 31(2), 2001): R = 93.2 - Id - Ie,eff, with Ie = 0 and Bpl = 20 for Opus with in-band FEC and concealment
/// (G.113 has no value for Opus; this is our estimate), a jitter buffer of twice the jitter and 40 ms of coding.
pub(crate) fn mean_opinion_score(loss_percent: f32, jitter_ms: f32, round_trip_ms: f32) -> f32 {
    let delay = round_trip_ms / 2.0 + 2.0 * jitter_ms + 40.0;
    let delay_impairment = 0.024 * delay + if delay > 177.3 { 0.11 * (delay - 177.3) } else { 0.0 };
    let loss_impairment = 95.0 * loss_percent / (loss_percent + 20.0);
    let r = (93.2 - delay_impairment - loss_impairment).clamp(0.0, 100.0);
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_good_path_scores_high_and_a_bad_one_low() {
        let good = mean_opinion_score(0.0, 2.0, 40.0);
        let lossy = mean_opinion_score(5.0, 10.0, 100.0);
        let terrible = mean_opinion_score(40.0, 100.0, 900.0);
        assert!(good > 4.3, "{good}");
        assert!(lossy < good && lossy > 3.0, "{lossy}");
        assert!(terrible < 2.0, "{terrible}");
        assert!(mean_opinion_score(100.0, 5_000.0, 9_000.0) >= 1.0);
    }

    #[test]
    fn every_tenth_packet_lost_is_ten_percent_and_the_next_interval_starts_anew() {
        let start = Instant::now();
        let mut meter = Meter::default();
        assert!(meter.quality().is_none(), "no media, no quality");
        for n in 0..100_u64 {
            if n % 10 != 5 {
                meter.heard(start + Duration::from_millis(20 * n), 7, 1_000 + n, n as u32 * 960, true);
            }
        }
        let quality = meter.quality().expect("media flowed");
        assert!((quality.loss_percent - 10.0).abs() < 0.01, "{quality:?}");
        assert!(quality.jitter_ms < 0.1);
        assert_eq!(quality.received_packets, 90);
        for n in 100..200_u64 {
            meter.heard(start + Duration::from_millis(20 * n), 7, 1_000 + n, n as u32 * 960, true);
        }
        assert!(meter.quality().expect("media flowed").loss_percent < 0.01);
        let block = meter.report_block(start).expect("a sender");
        assert_eq!(block.cumulative_lost, 10);
    }

    #[test]
    fn what_went_over_a_leg_is_told_once_and_a_standstill_is_a_gap() {
        let start = Instant::now();
        let mut meter = Meter::default();
        let mut late = Duration::ZERO;
        for index in 0..50_u64 {
            if index == 20 {
                late = Duration::from_millis(150);
            }
            // Two are lost; that is loss and no gap.
            if index != 30 && index != 31 {
                let at = start + Duration::from_millis(20 * index) + late;
                meter.heard(at, 1, index, u32::try_from(960 * index).expect("small"), true);
            }
        }
        meter.sent(80);
        assert_eq!(meter.fresh_traffic(), Traffic { received: 48, sent: 1, lost: 2, gaps: 1 });
        assert_eq!(meter.fresh_traffic(), Traffic::default());
    }

    #[test]
    fn uneven_arrival_is_jitter() {
        let start = Instant::now();
        let mut meter = Meter::default();
        for n in 0..200_u64 {
            let late = if n % 2 == 0 { 10 } else { 0 };
            meter.heard(start + Duration::from_millis(20 * n + late), 7, n, n as u32 * 960, true);
        }
        let jitter = meter.quality().expect("media flowed").jitter_ms;
        assert!((9.0..11.0).contains(&jitter), "{jitter}");
    }

    #[test]
    fn the_round_trip_comes_from_their_word_on_our_report() {
        let now = Instant::now();
        let mut meter = Meter::default();
        let sent = 0x0000_1000_0000_0000_u64;
        let arrived = sent + (3 << 31); // 1.5 s later
        let block = ReportBlock {
            ssrc: 1,
            fraction_lost: 128,
            cumulative_lost: 1,
            highest_sequence: 0,
            jitter: 0,
            last_sender_report: rtcp::ntp_middle(sent),
            delay_since: 65_536 + 32_768 / 2, // they kept it for 1.25 s
        };
        meter.sent(80);
        meter.told(now, arrived, &Told { sender_report: None, about_us: Some(block) });
        let quality = meter.quality().expect("media flowed");
        assert!(quality.rtt_ms.is_some_and(|rtt| (rtt - 250.0).abs() < 0.1), "{quality:?}");
        assert_eq!(quality.sent_loss_percent, Some(50.0));
    }
}
