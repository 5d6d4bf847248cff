//! What the media thread counts. Legs count for themselves while packets fly; here it is gathered when a report is due or
//! a leg closes, so that counting costs nothing per packet.

use crate::quality::Meter;

/// A leg's packets since they were gathered last. `side`: `customer` or `agent`.
pub(super) fn gather(side: &'static str, meter: &mut Meter) {
    let fresh = meter.fresh_traffic();
    for (direction, packets) in [("received", fresh.received), ("sent", fresh.sent)] {
        metrics::counter!("switchboard_media_packets_total", "side" => side, "direction" => direction)
            .increment(packets);
    }
    metrics::counter!("switchboard_media_packets_lost_total", "side" => side).increment(fresh.lost);
    metrics::counter!("switchboard_media_gaps_total", "side" => side).increment(fresh.gaps);
}

/// How many legs there are now.
pub(super) fn legs(side: &'static str, count: usize) {
    metrics::gauge!("switchboard_media_legs", "side" => side).set(count as f64);
}

/// Datagrams at the port of the lines that belong to none of them.
pub(super) fn strangers(datagrams: u64) {
    metrics::counter!("switchboard_media_strangers_total").increment(datagrams);
}
