//! How a call sounded: the newest measure for the page, the mean for the row.

use serde_json::{Value, json};
use switchboard_media::LegQuality;

use crate::events::Quality;

#[derive(Debug, Default)]
struct Leg {
    last: Option<Quality>,
    sum: [f64; 3],
    rtt_sum: f64,
    rtt_count: u32,
    count: u32,
}

impl Leg {
    fn take(&mut self, quality: Quality) {
        self.last = Some(quality);
        self.sum[0] += f64::from(quality.mos);
        self.sum[1] += f64::from(quality.loss_percent);
        self.sum[2] += f64::from(quality.jitter_ms);
        self.count += 1;
        if let Some(rtt) = quality.rtt_ms {
            self.rtt_sum += f64::from(rtt);
            self.rtt_count += 1;
        }
    }

    fn mean(&self) -> Option<Quality> {
        if self.count == 0 {
            return None;
        }
        let mean = |sum: f64| (sum / f64::from(self.count)) as f32;
        Some(Quality {
            mos: mean(self.sum[0]),
            loss_percent: mean(self.sum[1]),
            jitter_ms: mean(self.sum[2]),
            rtt_ms: (self.rtt_count > 0).then(|| (self.rtt_sum / f64::from(self.rtt_count)) as f32),
        })
    }
}

/// The measures of one call.
#[derive(Debug, Default)]
pub(crate) struct QualityLog {
    customer: Leg,
    agent: Leg,
}

impl QualityLog {
    /// Takes the newest measure in and gives it back in the words of the outside.
    pub(crate) fn take(
        &mut self,
        customer: &LegQuality,
        agent: Option<&LegQuality>,
    ) -> (Option<Quality>, Option<Quality>) {
        self.customer.take(quality(customer));
        if let Some(agent) = agent {
            self.agent.take(quality(agent));
        }
        (self.customer.last, agent.map(quality))
    }

    /// The newest measure, as the row keeps it while the call lives.
    pub(crate) fn last(&self) -> Value {
        json!({ "customer": self.customer.last, "agent": self.agent.last })
    }

    /// The mean over the call; none if nothing was ever measured.
    pub(crate) fn mean(&self) -> Option<Value> {
        let customer = self.customer.mean()?;
        Some(json!({ "customer": customer, "agent": self.agent.mean() }))
    }
}

fn quality(leg: &LegQuality) -> Quality {
    Quality {
        mos: leg.mos,
        loss_percent: leg.sent_loss_percent.map_or(leg.loss_percent, |sent| sent.max(leg.loss_percent)),
        jitter_ms: leg.jitter_ms,
        rtt_ms: leg.rtt_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(mos: f32, rtt_ms: Option<f32>) -> LegQuality {
        LegQuality {
            mos,
            loss_percent: 1.0,
            sent_loss_percent: Some(3.0),
            jitter_ms: 10.0,
            rtt_ms,
            received_packets: 1,
            sent_packets: 1,
        }
    }

    #[test]
    fn the_row_keeps_the_mean_and_the_worse_direction() {
        let mut log = QualityLog::default();
        assert_eq!(log.mean(), None);
        log.take(&leg(4.0, None), None);
        log.take(&leg(3.0, Some(80.0)), None);
        let mean = log.mean().expect("measured");
        assert_eq!(mean["customer"]["mos"], 3.5);
        assert_eq!(mean["customer"]["loss_percent"], 3.0);
        assert_eq!(mean["customer"]["rtt_ms"], 80.0);
        assert!(mean["agent"].is_null());
    }
}
