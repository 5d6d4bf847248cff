//! The way of reports out of the media thread. It never waits: what the listener has no room for is kept here, in
//! order, and offered again each turn. Only quality is dropped then, because the next one tells the same better.

use std::collections::VecDeque;

use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;

use crate::report::MediaReport;

/// A call makes fewer than ten reports beside quality; beyond this the listener has been gone for thousands of calls.
const MAX_KEPT: usize = 100_000;

pub(crate) struct Reporter {
    listener: Sender<MediaReport>,
    kept: VecDeque<MediaReport>,
}

impl Reporter {
    pub(crate) fn new(listener: Sender<MediaReport>) -> Self {
        Self { listener, kept: VecDeque::new() }
    }

    pub(crate) fn tell(&mut self, report: MediaReport) {
        if self.kept.is_empty() {
            match self.listener.try_send(report) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(report)) => self.keep(report),
            }
        } else {
            self.keep(report);
        }
    }

    fn keep(&mut self, report: MediaReport) {
        if matches!(report, MediaReport::Quality { .. }) {
            return;
        }
        if self.kept.len() < MAX_KEPT {
            self.kept.push_back(report);
        } else {
            tracing::error!(?report, "nobody takes the media thread's reports; one is lost");
        }
    }

    pub(crate) fn retry(&mut self) {
        while let Some(report) = self.kept.pop_front() {
            if let Err(TrySendError::Full(report)) = self.listener.try_send(report) {
                self.kept.push_front(report);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::ids::CallId;
    use tokio::sync::mpsc;

    use super::*;
    use crate::report::LegQuality;

    fn call(number: u128) -> CallId {
        CallId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn a_slow_listener_gets_everything_in_order_but_quality() {
        let (sender, mut listener) = mpsc::channel(1);
        let mut reporter = Reporter::new(sender);
        let quality = LegQuality {
            mos: 4.0,
            loss_percent: 0.0,
            sent_loss_percent: None,
            jitter_ms: 0.0,
            rtt_ms: None,
            received_packets: 1,
            sent_packets: 1,
        };
        for number in 1..=3 {
            reporter.tell(MediaReport::CustomerHeard { call: call(number) });
            reporter.tell(MediaReport::Quality { call: call(number), customer: quality, agent: None });
        }
        let mut got = Vec::new();
        while let Ok(report) = listener.try_recv() {
            got.push(report);
            reporter.retry();
        }
        let expected: Vec<_> =
            (1..=3).map(|number| MediaReport::CustomerHeard { call: call(number) }).collect();
        assert_eq!(got, expected);
    }
}
