//! What the media engine saw, handed to the call or the agent it is about.

use switchboard_core::ids::LineId;
use switchboard_media::MediaReport;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::Engine;
use crate::call_registry::CallMessage;

impl Engine {
    pub(crate) fn spawn_media_reports(&self, mut reports: mpsc::Receiver<MediaReport>) {
        let engine = self.clone();
        tokio::spawn(async move {
            while let Some(report) = reports.recv().await {
                engine.media_reported(report);
            }
            tracing::error!("the media engine has stopped reporting; restart this node");
        });
    }

    fn media_reported(&self, report: MediaReport) {
        let call = match &report {
            MediaReport::CustomerConnected { call, .. }
            | MediaReport::CustomerHeard { call }
            | MediaReport::CustomerSilent { call }
            | MediaReport::CustomerFailed { call, .. }
            | MediaReport::NoticePlayed { call }
            | MediaReport::AnnouncementPlayed { call }
            | MediaReport::FirstSent { call }
            | MediaReport::AgentHeard { call, .. }
            | MediaReport::Quality { call, .. } => *call,
            MediaReport::LineConnected { line } => return self.line_changed(*line, "connected"),
            MediaReport::LineLost { line } => return self.line_changed(*line, "lost"),
            MediaReport::LineFailed { line, .. } => return self.line_changed(*line, "failed"),
        };
        let Some(mailbox) = self.registry().mailbox(call) else {
            tracing::debug!(call.id = %call, "the media engine spoke of a call that is gone");
            return;
        };
        if let Err(TrySendError::Full(message)) = mailbox.try_send(CallMessage::Media(report)) {
            // Each is said once: it waits for room instead of being lost. A task that ends lets it go.
            tracing::warn!(call.id = %call, "a call does not keep up with its media");
            tokio::spawn(async move { mailbox.send(message).await });
        }
    }

    fn line_changed(&self, line: LineId, state: &'static str) {
        if let Some((user, aftermath)) = self.agents().line_changed(line, state) {
            self.follow(user, aftermath);
        }
    }
}
