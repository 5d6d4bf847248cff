//! What is counted of calls, and what is looked up when somebody reads the metrics. Labels are words of closed lists:
//! never a number, an id or a name.

use std::time::Duration;

use switchboard_core::call::event::{CallEvent, CallEventKind};
use switchboard_core::call::state::Ending;
use switchboard_core::presence::PresenceState;
use switchboard_core::time::Timestamp;
use switchboard_media::MediaReport;
use switchboard_store::StoreError;
use switchboard_store::calls::CallRow;
use switchboard_store::jobs::JobState;

use crate::Engine;
use crate::jobs::JobKind;
use crate::readiness::DatabaseState;

/// What is measured along one call.
#[derive(Debug, Default)]
pub(crate) struct CallMeasures {
    /// A person clicked Answer and the customer has not heard him yet.
    clicked: Option<Timestamp>,
}

impl CallMeasures {
    /// One more entry of the call's story.
    pub(crate) fn happened(&mut self, event: &CallEvent, row: &CallRow) {
        if matches!(event.what, CallEventKind::Received) {
            metrics::counter!("switchboard_calls_received_total", "direction" => row.direction.as_str())
                .increment(1);
        }
        if matches!(event.what, CallEventKind::PreAccepted { .. }) {
            metrics::histogram!("switchboard_call_pre_accept_seconds")
                .record(event.at.since(row.created_at).as_secs_f64());
        }
        if matches!(event.what, CallEventKind::AnswerClicked(_)) {
            self.clicked = Some(event.at);
            let offered = row.facts().offered_at.unwrap_or(row.created_at);
            metrics::histogram!("switchboard_call_answer_seconds")
                .record(event.at.since(offered).as_secs_f64());
        }
    }

    /// One more word of the media engine about the call.
    pub(crate) fn reported(&mut self, report: &MediaReport, now: Timestamp) {
        if let MediaReport::CustomerConnected { ice_ms, dtls_ms, .. } = report {
            for (step, ms) in [("ice", ice_ms), ("dtls", dtls_ms)] {
                metrics::histogram!("switchboard_call_customer_connect_seconds", "step" => step)
                    .record(Duration::from_millis(u64::from(*ms)).as_secs_f64());
            }
        }
        if matches!(report, MediaReport::AgentHeard { .. })
            && let Some(clicked) = self.clicked.take()
        {
            metrics::histogram!("switchboard_call_first_audio_seconds")
                .record(now.since(clicked).as_secs_f64());
        }
    }
}

/// A call is over.
pub(crate) fn call_ended(ending: &Ending, talk_seconds: Option<u64>) {
    metrics::counter!(
        "switchboard_calls_ended_total",
        "outcome" => ending.outcome.as_str(),
        "reason" => ending.reason.as_str(),
        "by" => ending.by.as_str(),
    )
    .increment(1);
    if let Some(seconds) = talk_seconds {
        metrics::histogram!("switchboard_call_talk_seconds").record(seconds as f64);
    }
}

/// A delivery of the provider was taken or refused.
pub(crate) fn webhook(result: &'static str, seconds: f64) {
    metrics::counter!("switchboard_webhooks_total", "result" => result).increment(1);
    metrics::histogram!("switchboard_webhook_seconds").record(seconds);
}

/// One event of a delivery was kept.
pub(crate) fn webhook_entry(kind: &'static str, new: bool, foreign: bool) {
    let result = match (foreign, new) {
        (true, _) => "foreign",
        (false, true) => "new",
        (false, false) => "repeated",
    };
    metrics::counter!("switchboard_webhook_entries_total", "kind" => kind, "result" => result).increment(1);
}

impl Engine {
    /// Looks up what is a state and not an event, right before somebody reads the metrics.
    pub async fn measure(&self) {
        self.measure_memory();
        let readiness = self.readiness().await;
        for (part, works) in [
            ("database", readiness.database == DatabaseState::Fine),
            ("media", readiness.media),
            ("disk", readiness.disk),
            ("draining", !readiness.draining),
        ] {
            metrics::gauge!("switchboard_ready", "part" => part).set(f64::from(u8::from(works)));
        }
        match self.store().inbox().backlog().await {
            Ok(backlog) => {
                let age = backlog.oldest.map_or(Duration::ZERO, |oldest| self.clock().now().since(oldest));
                metrics::gauge!("switchboard_inbox_unprocessed").set(backlog.rows as f64);
                metrics::gauge!("switchboard_inbox_oldest_seconds").set(age.as_secs_f64());
            }
            Err(error) => tracing::debug!(error = %error, "the inbox could not be measured"),
        }
        if let Err(error) = self.measure_what_is_owed().await {
            tracing::debug!(error = %error, "what is owed could not be measured");
        }
    }

    async fn measure_what_is_owed(&self) -> Result<(), StoreError> {
        let jobs = self.store().jobs();
        let (backlog, dead) = (jobs.backlog().await?, jobs.dead().await?);
        for kind in JobKind::ALL {
            for state in [JobState::Waiting, JobState::Running] {
                let rows: u64 = backlog
                    .open
                    .iter()
                    .filter(|count| count.kind == kind.as_str() && count.state == state)
                    .map(|count| count.rows)
                    .sum();
                metrics::gauge!("switchboard_jobs", "kind" => kind.as_str(), "state" => state.as_str())
                    .set(rows as f64);
            }
            let rows: u64 =
                dead.iter().filter(|(_, of, _)| of == kind.as_str()).map(|(.., rows)| *rows).sum();
            metrics::gauge!("switchboard_jobs", "kind" => kind.as_str(), "state" => JobState::Dead.as_str())
                .set(rows as f64);
        }
        let late = backlog.first_due.map_or(Duration::ZERO, |due| self.clock().now().since(due));
        metrics::gauge!("switchboard_jobs_late_seconds").set(late.as_secs_f64());
        metrics::gauge!("switchboard_outbox_bodies").set(backlog.bodies as f64);
        let errands = self.store().recordings().errands_left().await?;
        metrics::gauge!("switchboard_recording_errands").set(errands as f64);
        Ok(())
    }

    /// The part that asks nobody but this process.
    fn measure_memory(&self) {
        for (status, calls) in self.registry().count_by_status() {
            metrics::gauge!("switchboard_calls_live", "status" => status).set(calls as f64);
        }
        metrics::gauge!("switchboard_calls_limit").set(f64::from(self.capacity().capacity.max));
        metrics::gauge!("switchboard_recordings_open").set(self.recordings().open() as f64);
        let ports = self.media().ports();
        for (state, count) in
            [("total", ports.total), ("in_use", ports.in_use), ("held_by_others", ports.held_by_others)]
        {
            metrics::gauge!("switchboard_media_ports", "state" => state).set(f64::from(count));
        }
        for queue in self.store().write_queues() {
            metrics::gauge!("switchboard_database_queue_writes", "lane" => queue.name)
                .set(queue.waiting as f64);
            metrics::gauge!("switchboard_database_queue_limit", "lane" => queue.name).set(queue.limit as f64);
        }
        let agents = self.agents().census();
        metrics::gauge!("switchboard_stream_clients").set(agents.pages as f64);
        for state in PresenceState::ALL {
            let count = agents.by_state.get(state.as_str()).copied().unwrap_or(0);
            metrics::gauge!("switchboard_agents", "state" => state.as_str()).set(count as f64);
        }
    }
}
