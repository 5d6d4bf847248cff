//! What can go wrong on purpose. A plan follows from the seed and the call's number alone, so that a run with the
//! same seed meets the same mishaps however the threads are scheduled.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chance::Dice;

/// Mishaps and how likely each is (0 to 1). All off by default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// A webhook is sent twice.
    pub duplicate: f32,
    /// The connect webhook is sent once more after the terminate webhook.
    pub reorder: f32,
    /// Every webhook waits this long (at least, at most).
    pub delay_ms: Option<(u64, u64)>,
    /// The connect webhook never arrives.
    pub drop_connect: f32,
    /// The terminate webhook never arrives.
    pub drop_terminate: f32,
    /// The connect webhook is an hour old.
    pub stale: f32,
    /// The customer gives up at once and the terminate webhook arrives first.
    pub terminate_before_connect: f32,
    /// In calls of the business: connect, RINGING and ACCEPTED arrive in any order.
    pub shuffle: f32,
    /// In calls of the business: the connect webhook arrives before the answer to the request.
    pub connect_before_answer: f32,
    /// In calls of the business: RINGING and ACCEPTED never arrive.
    pub drop_status: f32,
    /// Every answer of the Graph API waits this long.
    pub graph_delay_ms: u64,
    /// The Graph API refuses.
    pub graph_error: Option<GraphFault>,
    /// The same seed gives the same mishaps.
    pub seed: u64,
}

/// A refusal of the Graph API on demand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraphFault {
    /// Meta's error code.
    pub code: i64,
    /// HTTP status.
    pub http_status: u16,
    /// Only for this action (`pre_accept`, `accept`, `reject`, `terminate`, `connect`, `messages`, `call_permissions`,
    /// `settings`); all when absent.
    #[serde(default)]
    pub action: Option<String>,
    /// How likely.
    #[serde(default = "always")]
    pub probability: f32,
    /// The action is carried out although it is refused: what a broken connection looks like afterwards.
    #[serde(default)]
    pub carried_out: bool,
}

fn always() -> f32 {
    1.0
}

/// The mishaps of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Which of the six orders connect, RINGING and ACCEPTED come in; 0 is the natural one.
    pub(crate) order: usize,
    pub(crate) connect_before_answer: bool,
    pub(crate) drop_status: bool,
    pub(crate) duplicate_connect: bool,
    pub(crate) duplicate_terminate: bool,
    pub(crate) connect_again_after_terminate: bool,
    pub(crate) connect_delay: Duration,
    pub(crate) terminate_delay: Duration,
    pub(crate) drop_connect: bool,
    pub(crate) drop_terminate: bool,
    pub(crate) stale: bool,
    pub(crate) terminate_first: bool,
}

impl Faults {
    /// The plan of the call with this number.
    pub(crate) fn plan(&self, call: u64) -> Plan {
        let dice = |question| Dice::new(self.seed, call, question);
        let delay = |question| {
            self.delay_ms.map_or(Duration::ZERO, |(low, high)| {
                Duration::from_millis(dice(question).between(low, high))
            })
        };
        Plan {
            order: if dice(10).happens(self.shuffle) {
                usize::try_from(dice(11).between(0, 5)).unwrap_or_default()
            } else {
                0
            },
            connect_before_answer: dice(12).happens(self.connect_before_answer),
            drop_status: dice(13).happens(self.drop_status),
            duplicate_connect: dice(1).happens(self.duplicate),
            duplicate_terminate: dice(2).happens(self.duplicate),
            connect_again_after_terminate: dice(3).happens(self.reorder),
            connect_delay: delay(4),
            terminate_delay: delay(5),
            drop_connect: dice(6).happens(self.drop_connect),
            drop_terminate: dice(7).happens(self.drop_terminate),
            stale: dice(8).happens(self.stale),
            terminate_first: dice(9).happens(self.terminate_before_connect),
        }
    }

    /// How often the webhook with this number is sent, and how long it waits: for webhooks that belong to no call.
    pub(crate) fn letter(&self, number: u64) -> (u32, Duration) {
        let dice = |question| Dice::new(self.seed, number, question);
        let delay = self.delay_ms.map_or(0, |(low, high)| dice(21).between(low, high));
        (if dice(20).happens(self.duplicate) { 2 } else { 1 }, Duration::from_millis(delay))
    }

    /// The fault of the Graph API for the `attempt`-th request of this kind about this call.
    pub(crate) fn graph_fault(&self, call: u64, action: &str, attempt: u64) -> Option<&GraphFault> {
        let fault = self.graph_error.as_ref()?;
        if fault.action.as_deref().is_some_and(|only| only != action) {
            return None;
        }
        let question =
            action.bytes().fold(100 + attempt, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        Dice::new(self.seed, call, question).happens(fault.probability).then_some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn storm(seed: u64) -> Faults {
        Faults {
            duplicate: 0.3,
            reorder: 0.3,
            delay_ms: Some((0, 200)),
            drop_connect: 0.1,
            drop_terminate: 0.1,
            stale: 0.1,
            terminate_before_connect: 0.2,
            shuffle: 0.5,
            connect_before_answer: 0.5,
            drop_status: 0.1,
            graph_delay_ms: 0,
            graph_error: Some(GraphFault {
                code: 131_000,
                http_status: 500,
                action: Some("accept".into()),
                probability: 0.5,
                carried_out: false,
            }),
            seed,
        }
    }

    #[test]
    fn the_same_seed_meets_the_same_mishaps() {
        let plans = |seed| (0..200).map(|call| storm(seed).plan(call)).collect::<Vec<_>>();
        assert_eq!(plans(42), plans(42));
        assert_ne!(plans(42), plans(43));
    }

    #[test]
    fn nothing_goes_wrong_unless_asked_for() {
        assert!((0..200).all(|call| Faults::default().plan(call) == Plan::default()));
        assert!(Faults::default().graph_fault(1, "accept", 0).is_none());
    }

    #[test]
    fn a_graph_fault_meets_only_its_action() {
        let faults = storm(1);
        let met = (0..200).filter(|call| faults.graph_fault(*call, "accept", 0).is_some()).count();
        assert!((60..140).contains(&met), "{met}");
        assert!((0..200).all(|call| faults.graph_fault(call, "pre_accept", 0).is_none()));
    }
}
