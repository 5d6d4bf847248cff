//! From the provider's word to the call it is about: trust it, keep it, answer, then hand it over.

use std::sync::Arc;

use bytes::Bytes;
use switchboard_core::call::input::ProviderEnded;
use switchboard_core::ids::ProviderCallId;
use switchboard_provider::event::{CallConnect, Direction, Incoming, ProviderEvent};
use switchboard_provider::meta::webhook::WebhookRefusal;
use switchboard_provider::meta::{signature, webhook};
use switchboard_store::inbox::NewInboxRow;
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Engine;
use crate::call_registry::{CallMessage, LiveCall, NotDelivered};
use crate::call_task::CallTask;

/// Inbox entries looked at in one go after a restart or by the sweeper.
const SWEEP: u64 = switchboard_store::MAX_PAGE;
/// How often entries that no call has taken in are delivered again.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(10);
/// The same while there is a backlog.
const SWEEP_BACKLOG_EVERY: std::time::Duration = std::time::Duration::from_secs(1);
/// Marks waiting to be written.
const MARKS: usize = 4096;
/// Marks written together at the most.
const MARKS_TOGETHER: usize = 500;

/// News of one call.
#[derive(Debug)]
pub(crate) struct CallNews {
    /// The inbox entry to be marked when it is done.
    pub inbox: Uuid,
    pub kind: NewsKind,
}

/// What the news are.
#[derive(Debug)]
pub(crate) enum NewsKind {
    Connect(Box<CallConnect>),
    Terminate(ProviderEnded),
}

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WebhookReceipt {
    /// Entries kept.
    pub stored: usize,
    /// Entries that had come before.
    pub seen_before: usize,
    /// Entries about numbers this secret does not vouch for: kept, counted, ignored.
    pub foreign: usize,
}

/// Why a webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefused {
    /// The signature is missing or wrong.
    #[error("the signature does not fit the body")]
    BadSignature,
    /// The body is not JSON.
    #[error("the body is not JSON")]
    NotJson,
    /// More than the provider ever sends at once.
    #[error("the body is too large, too deep or holds too many updates")]
    TooLarge,
    /// It could not be stored; the provider will repeat it.
    #[error("the webhook could not be stored")]
    Unavailable,
}

impl Engine {
    /// Takes one webhook. When this returns `Ok`, everything in it is on disk.
    ///
    /// # Errors
    /// See [`WebhookRefused`]; nothing was stored then.
    pub async fn receive_webhook(
        &self,
        signature: Option<&str>,
        raw: Bytes,
    ) -> Result<WebhookReceipt, WebhookRefused> {
        let numbers = self
            .settings()
            .apps
            .iter()
            .find(|app| signature::verify(&app.secret, &raw, signature).is_ok())
            .map(|app| app.numbers.as_slice())
            .ok_or(WebhookRefused::BadSignature)?;
        let incoming = webhook::parse(&raw).map_err(|refusal| match refusal {
            WebhookRefusal::NotJson => WebhookRefused::NotJson,
            WebhookRefusal::TooLarge | WebhookRefusal::TooDeep | WebhookRefusal::TooMany => {
                WebhookRefused::TooLarge
            }
        })?;
        let now = self.clock().now();
        let rows: Vec<NewInboxRow> = incoming
            .iter()
            .map(|entry| {
                let number =
                    self.number_of(entry).filter(|number| numbers.contains(&number.provider_number_id));
                let foreign = entry.provider_number_id.is_some() && number.is_none();
                NewInboxRow {
                    tenant: number.as_ref().map(|number| number.tenant),
                    number: number.as_ref().map(|number| number.id),
                    provider: "meta".to_owned(),
                    // A secret that does not vouch for a number must not use up the key of the genuine delivery.
                    dedupe_key: if foreign {
                        format!("foreign:{}", entry.dedupe_key)
                    } else {
                        entry.dedupe_key.clone()
                    },
                    provider_call_id: entry.event.provider_call_id().map(|call| call.as_str().to_owned()),
                    kind: entry.event.kind().to_owned(),
                    foreign,
                    payload: entry.raw.clone(),
                    received_at: now,
                }
            })
            .collect();
        let foreign: Vec<bool> = rows.iter().map(|row| row.foreign).collect();
        let kept = self.store().inbox().keep(rows).await.map_err(|error| {
            tracing::warn!(error = %error, "a webhook could not be stored and was refused; the provider will repeat it");
            WebhookRefused::Unavailable
        })?;
        let mut receipt = WebhookReceipt::default();
        for ((entry, kept), foreign) in incoming.into_iter().zip(kept).zip(foreign) {
            metrics::counter!("switchboard_webhook_entries_total", "kind" => entry.event.kind()).increment(1);
            receipt.stored += usize::from(kept.new);
            receipt.seen_before += usize::from(!kept.new);
            receipt.foreign += usize::from(foreign);
            if foreign {
                self.inbox_done(vec![kept.id]);
            } else if kept.new || !kept.processed {
                self.dispatch(entry, kept.id);
            }
        }
        if receipt.foreign > 0 {
            tracing::warn!(
                entries = receipt.foreign,
                "webhook entries for numbers that are not configured here were kept and ignored"
            );
        }
        Ok(receipt)
    }

    fn number_of(&self, entry: &Incoming) -> Option<Arc<Number>> {
        self.number_by_provider_id(entry.provider_number_id.as_deref()?)
    }

    /// Hands one kept entry to whom it concerns.
    pub(crate) fn dispatch(&self, entry: Incoming, inbox: Uuid) {
        let Some(number) = self.number_of(&entry) else {
            self.inbox_done(vec![inbox]);
            return;
        };
        let (provider_call, kind) = match entry.event {
            ProviderEvent::CallConnect(connect) if connect.direction == Direction::Incoming => {
                (connect.provider_call_id.clone(), NewsKind::Connect(Box::new(connect)))
            }
            ProviderEvent::CallTerminate(terminate) if terminate.direction != Some(Direction::Outgoing) => {
                (terminate.provider_call_id, NewsKind::Terminate(terminate.ended))
            }
            // Kept and counted; what acts on them comes with its own subject.
            ProviderEvent::CallConnect(_)
            | ProviderEvent::CallTerminate(_)
            | ProviderEvent::CallStatus(_)
            | ProviderEvent::CallCreated(_)
            | ProviderEvent::RecordingAvailable(_)
            | ProviderEvent::TranscriptionAvailable(_)
            | ProviderEvent::Message(_)
            | ProviderEvent::MessageStatus(_)
            | ProviderEvent::PermissionReply(_)
            | ProviderEvent::AccountSettings(_)
            | ProviderEvent::AccountUpdate(_)
            | ProviderEvent::PhoneNumberQuality(_)
            | ProviderEvent::Unknown(_) => {
                self.inbox_done(vec![inbox]);
                return;
            }
        };
        let message = CallMessage::News(Box::new(CallNews { inbox, kind }));
        self.deliver(&number, provider_call, message);
    }

    pub(crate) fn deliver(&self, number: &Arc<Number>, provider_call: ProviderCallId, message: CallMessage) {
        let live = || LiveCall::new(number.tenant, number.branch);
        match self.registry().deliver_or_create(number.id, &provider_call, live, message) {
            Ok(None) => {}
            Ok(Some(birth)) => CallTask::start(self.clone(), Arc::clone(number), provider_call, birth),
            Err(NotDelivered::Full | NotDelivered::Unknown) => {
                tracing::warn!(number.id = %number.id, "a call does not keep up with its news; they wait in the inbox");
            }
        }
    }

    /// Marks entries as done, soon and together with others.
    pub(crate) fn inbox_done(&self, entries: Vec<Uuid>) {
        for entry in entries {
            // Full: the entry is delivered once more by the sweeper, and its call will know it.
            let _ = self.marks().try_send(entry);
        }
    }

    /// Delivers what no call has taken in: after a restart, and whenever a mailbox was full or the database away.
    pub(crate) async fn sweep(
        &self,
        older_than: std::time::Duration,
    ) -> Result<usize, switchboard_store::StoreError> {
        let before = self.clock().now().minus(older_than);
        let mut rows = self.store().inbox().unprocessed(SWEEP).await?;
        rows.retain(|row| row.received_at <= before);
        let count = rows.len();
        for row in rows {
            if row.foreign {
                self.inbox_done(vec![row.id]);
                continue;
            }
            match webhook::reparse(&row.payload) {
                Ok(entry) => self.dispatch(entry, row.id),
                Err(error) => {
                    tracing::warn!(inbox.id = %row.id, error = %error, "a kept webhook entry cannot be read any more and is set aside");
                    self.inbox_done(vec![row.id]);
                }
            }
        }
        Ok(count)
    }

    pub(crate) fn spawn_inbox_jobs(&self, mut marks: mpsc::Receiver<Uuid>) {
        let engine = self.clone();
        tokio::spawn(async move {
            let mut batch = Vec::new();
            while marks.recv_many(&mut batch, MARKS_TOGETHER).await > 0 {
                if let Err(error) = engine.store().inbox().mark_processed(&batch, engine.clock().now()).await
                {
                    tracing::warn!(error = %error, "inbox entries could not be marked; they are delivered once more");
                }
                batch.clear();
            }
        });
        let engine = self.clone();
        tokio::spawn(async move {
            let mut wait = SWEEP_EVERY;
            loop {
                tokio::time::sleep(wait).await;
                wait = SWEEP_EVERY;
                match engine.sweep(SWEEP_EVERY).await {
                    // A backlog: what was delivered is marked within a moment, and the next page is due.
                    Ok(count) if count as u64 == SWEEP => wait = SWEEP_BACKLOG_EVERY,
                    Ok(_) => {}
                    Err(error) => tracing::warn!(error = %error, "the inbox could not be looked through"),
                }
            }
        });
    }
}

/// Room for marks between calls and their writer.
pub(crate) fn marks() -> (mpsc::Sender<Uuid>, mpsc::Receiver<Uuid>) {
    mpsc::channel(MARKS)
}
