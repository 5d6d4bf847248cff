//! How many calls there are and may be (C8).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use serde::Serialize;
use switchboard_core::time::Timestamp;
use utoipa::ToSchema;

use crate::Engine;

/// The report is worked out at most this often.
const CACHED_FOR: Duration = Duration::from_secs(1);

/// Body of `GET /api/whatsapp/calling`. Its spelling is the field's, not ours.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct CapacityReport {
    /// Totals only.
    pub capacity: Capacity,
    /// Calls that are live now.
    pub active_calls: u32,
}

/// Totals of the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Capacity {
    /// Calls that are live now.
    pub current: u32,
    /// The smallest of: the numbers' limits together, the admission limit, the ports there are.
    pub max: u32,
    /// What is left.
    pub available: u32,
    /// `current` of `max`, in percent with one decimal.
    #[serde(rename = "utilizationPercent")]
    pub utilization_percent: f64,
}

/// The newest report and when it was made.
#[derive(Debug, Default)]
pub(crate) struct CapacityCache(Mutex<Option<(Timestamp, CapacityReport)>>);

impl Engine {
    /// How many calls there are and may be; cached for a second.
    #[must_use]
    pub fn capacity(&self) -> CapacityReport {
        let now = self.clock().now();
        let mut cache = self.capacity_cache().0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, report)) = *cache
            && now.since(at) < CACHED_FOR
        {
            return report;
        }
        let ports = self.media().ports();
        let report = report(
            self.registry().admitted(),
            self.numbers_limit(),
            self.settings().max_calls,
            ports.total.saturating_sub(ports.held_by_others),
        );
        *cache = Some((now, report));
        report
    }
}

fn report(current: u32, numbers: u32, admission: u32, ports: u32) -> CapacityReport {
    let max = numbers.min(admission).min(ports);
    let utilization =
        if max == 0 { 0.0 } else { (f64::from(current) * 1_000.0 / f64::from(max)).round() / 10.0 };
    CapacityReport {
        capacity: Capacity {
            current,
            max,
            available: max.saturating_sub(current),
            utilization_percent: utilization,
        },
        active_calls: current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_counts() {
        let report = report(3, 2_000, 1_500, 600);
        assert_eq!(report.capacity.max, 600);
        assert_eq!(report.capacity.available, 597);
        assert_eq!(serde_json::to_value(report).expect("json")["capacity"]["utilizationPercent"], 0.5);
    }

    #[test]
    fn an_exchange_without_numbers_divides_by_nothing() {
        assert_eq!(report(0, 0, 100, 100).capacity.utilization_percent, 0.0);
    }
}
