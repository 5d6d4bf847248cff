//! Every metric there is. `docs/reference/metrics.md` has the same lines, and a test holds them together; `xtask tidy`
//! looks that no crate counts anything that is not here.

use metrics::Unit;

/// What kind of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How long machines took, s.
    Latency,
    /// How long people took, s.
    Patience,
    /// How many together.
    Size,
}

/// From what memory does to what a time-out does, s.
const LATENCY: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// From a quick click to a long call, s.
const PATIENCE: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0];
const SIZE: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

impl Kind {
    pub(super) const fn buckets(self) -> Option<&'static [f64]> {
        match self {
            Self::Counter | Self::Gauge => None,
            Self::Latency => Some(LATENCY),
            Self::Patience => Some(PATIENCE),
            Self::Size => Some(SIZE),
        }
    }

    #[cfg(test)]
    const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Latency | Self::Patience | Self::Size => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

const fn metric(name: &'static str, kind: Kind, help: &'static str) -> Metric {
    Metric { name, kind, help }
}

pub(super) const METRICS: &[Metric] = &[
    metric("switchboard_build_info", Kind::Gauge, "Always 1; says which version runs"),
    metric("switchboard_ready", Kind::Gauge, "1 while the part works, 0 while it does not"),
    metric("switchboard_log_lines_total", Kind::Counter, "Lines of the log that somebody should read"),
    metric("switchboard_http_requests_total", Kind::Counter, "Requests answered"),
    metric("switchboard_http_request_seconds", Kind::Latency, "From a request's head to its answer's head"),
    metric(
        "switchboard_requests_refused_total",
        Kind::Counter,
        "API requests that were one too many of their address, session or key",
    ),
    metric(
        "switchboard_clock_jumps_total",
        Kind::Counter,
        "Times the machine's clock was set by more than two seconds, or stood still",
    ),
    metric(
        "switchboard_clock_off_seconds",
        Kind::Gauge,
        "How far the machine's clock is from our time since it jumped; 0 while they agree",
    ),
    metric("switchboard_set_ups_waiting", Kind::Gauge, "Calls that wait for their turn to be set up"),
    metric("switchboard_calls_flooded_total", Kind::Counter, "Calls whose turn would have come too late"),
    metric(
        "switchboard_story_entries_dropped_total",
        Kind::Counter,
        "Entries of calls' stories that were too many to wait for the database",
    ),
    metric("switchboard_webhooks_total", Kind::Counter, "Deliveries of the provider, by what became of them"),
    metric(
        "switchboard_webhook_seconds",
        Kind::Latency,
        "From a webhook's last byte to its commit or refusal",
    ),
    metric("switchboard_webhook_entries_total", Kind::Counter, "Events inside the deliveries"),
    metric("switchboard_inbox_unprocessed", Kind::Gauge, "Stored events that no call has taken in yet"),
    metric("switchboard_inbox_oldest_seconds", Kind::Gauge, "Age of the oldest of them"),
    metric("switchboard_calls_received_total", Kind::Counter, "Calls that were offered"),
    metric("switchboard_calls_ended_total", Kind::Counter, "Calls that are over"),
    metric("switchboard_calls_live", Kind::Gauge, "Calls going on"),
    metric("switchboard_calls_limit", Kind::Gauge, "Calls that may go on at once"),
    metric(
        "switchboard_call_pre_accept_seconds",
        Kind::Latency,
        "From the stored offer to the provider's word on pre_accept",
    ),
    metric("switchboard_call_customer_connect_seconds", Kind::Latency, "ICE and DTLS with the customer"),
    metric(
        "switchboard_call_first_audio_seconds",
        Kind::Latency,
        "From the click on Answer to the agent's first sound for the customer",
    ),
    metric("switchboard_call_answer_seconds", Kind::Patience, "From the offer to the click on Answer"),
    metric("switchboard_call_talk_seconds", Kind::Patience, "How long customer and agent spoke"),
    metric("switchboard_media_ports", Kind::Gauge, "UDP ports of the customers' pool"),
    metric("switchboard_media_legs", Kind::Gauge, "Peers of the media engine"),
    metric("switchboard_media_packets_total", Kind::Counter, "Audio packets"),
    metric("switchboard_media_packets_lost_total", Kind::Counter, "Audio packets that never came"),
    metric(
        "switchboard_media_gaps_total",
        Kind::Counter,
        "Times that sound stood still for over 100 ms while its sender spoke on",
    ),
    metric(
        "switchboard_media_strangers_total",
        Kind::Counter,
        "Datagrams at the port of the browsers that belong to none of them",
    ),
    metric("switchboard_graph_requests_total", Kind::Counter, "Requests to the provider"),
    metric("switchboard_graph_request_seconds", Kind::Latency, "How long the provider took"),
    metric("switchboard_suspensions_total", Kind::Counter, "Numbers that rested after too many missed calls"),
    metric("switchboard_jobs_total", Kind::Counter, "Attempts at what is owed, by what became of them"),
    metric("switchboard_jobs", Kind::Gauge, "What is owed and not over, and what was given up"),
    metric("switchboard_jobs_late_seconds", Kind::Gauge, "How long ago the first of those that wait was due"),
    metric("switchboard_outbox_bodies", Kind::Gauge, "Bodies of webhooks that somebody is still owed"),
    metric("switchboard_recordings_open", Kind::Gauge, "Recordings being written on this machine"),
    metric("switchboard_recording_errands", Kind::Gauge, "Files of recordings to be moved or removed"),
    metric(
        "switchboard_relay_withheld_total",
        Kind::Counter,
        "Webhooks that are not passed on because they are not of one business alone",
    ),
    metric("switchboard_database_writes_total", Kind::Counter, "Writes, by what became of them"),
    metric("switchboard_database_write_seconds", Kind::Latency, "From handing a write in to its commit"),
    metric(
        "switchboard_database_transaction_seconds",
        Kind::Latency,
        "How long a writing transaction was open",
    ),
    metric("switchboard_database_transaction_writes", Kind::Size, "Writes that shared a transaction"),
    metric("switchboard_database_queue_writes", Kind::Gauge, "Writes waiting for their turn"),
    metric("switchboard_database_queue_limit", Kind::Gauge, "Writes that may wait"),
    metric("switchboard_stream_clients", Kind::Gauge, "Open live streams"),
    metric("switchboard_agents", Kind::Gauge, "Agents with an open page, by presence"),
];

/// Tells the recorder what each of them is.
pub(super) fn describe() {
    for metric in METRICS {
        let unit = if metric.name.ends_with("_seconds") { Unit::Seconds } else { Unit::Count };
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, unit, metric.help),
            Kind::Gauge => metrics::describe_gauge!(metric.name, unit, metric.help),
            Kind::Latency | Kind::Patience | Kind::Size => {
                metrics::describe_histogram!(metric.name, unit, metric.help);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = include_str!("../../../../docs/reference/metrics.md");

    #[test]
    fn the_document_has_every_metric_with_its_kind_and_words() {
        let mut documented: Vec<(&str, &str, &str)> = DOCUMENT
            .lines()
            .filter_map(|line| line.strip_prefix("| `switchboard_"))
            .filter_map(|line| {
                let mut cells = line.split('|').map(str::trim);
                Some((cells.next()?.trim_end_matches('`'), cells.next()?, cells.nth(1)?))
            })
            .collect();
        let mut known: Vec<(&str, &str, &str)> = METRICS
            .iter()
            .map(|it| (it.name.trim_start_matches("switchboard_"), it.kind.word(), it.help))
            .collect();
        documented.sort_unstable();
        known.sort_unstable();
        assert_eq!(documented, known);
    }

    #[test]
    fn names_are_told_once_carry_their_unit_and_counters_their_ending() {
        let names: std::collections::BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len(), "a metric stands in the catalogue twice");
        for metric in METRICS {
            assert!(metric.name.starts_with("switchboard_"), "{}", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
            let is_span = matches!(metric.kind, Kind::Latency | Kind::Patience);
            assert!(!is_span || metric.name.ends_with("_seconds"), "{}", metric.name);
        }
    }
}
