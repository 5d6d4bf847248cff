//! What goes wrong on purpose, as flags.

use clap::Args;
use switchboard_simulator::{Faults, GraphFault};

/// Mishaps; each number is a likelihood from 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(super) struct Mishaps {
    /// Webhooks arrive twice.
    #[arg(long, default_value_t = 0.0)]
    duplicate: f32,
    /// The connect webhook comes once more after the terminate webhook.
    #[arg(long, default_value_t = 0.0)]
    reorder: f32,
    /// Every webhook waits up to so many milliseconds.
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// The connect webhook never arrives.
    #[arg(long, default_value_t = 0.0)]
    drop_connect: f32,
    /// The terminate webhook never arrives.
    #[arg(long, default_value_t = 0.0)]
    drop_terminate: f32,
    /// The connect webhook is an hour old.
    #[arg(long, default_value_t = 0.0)]
    stale: f32,
    /// The customer gives up at once and the terminate webhook arrives first.
    #[arg(long, default_value_t = 0.0)]
    terminate_first: f32,
    /// In calls of the business: connect, RINGING and ACCEPTED arrive in any order.
    #[arg(long, default_value_t = 0.0)]
    shuffle: f32,
    /// In calls of the business: the connect webhook arrives before the answer to the request.
    #[arg(long, default_value_t = 0.0)]
    connect_first: f32,
    /// Every answer of the Graph API waits so many milliseconds.
    #[arg(long, default_value_t = 0)]
    graph_delay_ms: u64,
    /// The Graph API refuses with this code of Meta's (HTTP 400), for example 138006.
    #[arg(long)]
    graph_error: Option<i64>,
    /// The same seed gives the same mishaps.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Mishaps {
    /// Is any of them wanted?
    pub(super) fn any(&self) -> bool {
        *self != Self::default()
    }

    /// As the simulator takes them.
    pub(super) fn faults(&self) -> Faults {
        Faults {
            duplicate: self.duplicate,
            reorder: self.reorder,
            delay_ms: (self.delay_ms > 0).then_some((0, self.delay_ms)),
            drop_connect: self.drop_connect,
            drop_terminate: self.drop_terminate,
            stale: self.stale,
            terminate_before_connect: self.terminate_first,
            shuffle: self.shuffle,
            connect_before_answer: self.connect_first,
            drop_status: 0.0,
            graph_delay_ms: self.graph_delay_ms,
            graph_error: self.graph_error.map(|code| GraphFault {
                code,
                http_status: 400,
                action: None,
                probability: 1.0,
                carried_out: false,
            }),
            seed: self.seed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_flag_nothing_goes_wrong() {
        assert!(!Mishaps::default().any());
        assert_eq!(Mishaps::default().faults(), Faults::default());
    }
}
