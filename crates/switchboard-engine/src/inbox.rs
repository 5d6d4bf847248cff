//! From the provider's word to the call it is about: trust it, keep it, answer, then hand it over.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use switchboard_core::call::input::ProviderEnded;
use switchboard_core::ids::ProviderCallId;
use switchboard_provider::event::{CallConnect, CallStatusWord, Direction, Incoming, ProviderEvent};
use switchboard_provider::meta::webhook::WebhookRefusal;
use switchboard_provider::meta::{signature, webhook};
use switchboard_store::StoreError;
use switchboard_store::inbox::{InboxRow, NewInboxRow};
use switchboard_store::numbers::Number;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::Engine;
use crate::call_registry::{CallMessage, LiveCall, NotDelivered};
use crate::call_task::{Begin, CallTask};
use crate::clock::Stopwatch;
use crate::mark::is_ours;
use crate::metrics;
use crate::relay::Arrived;

/// Inbox entries read at once.
const PAGE: u64 = switchboard_store::MAX_PAGE;
/// Inbox entries delivered in one go after a restart or by the sweeper; each may start a call's task.
const SWEEP: usize = 1_000;
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
    /// How the provider names the call.
    pub provider_call: ProviderCallId,
    /// The inbox entry to be marked when it is done; none: it could not be kept, and comes again.
    pub inbox: Option<Uuid>,
    pub kind: NewsKind,
}

/// What the news are.
#[derive(Debug)]
pub(crate) enum NewsKind {
    Connect(Box<CallConnect>),
    /// The media answer to a call of ours.
    Answer(Box<CallConnect>),
    /// How a call of ours is doing at the customer's end.
    Status(CallStatusWord),
    Terminate(ProviderEnded),
}

/// What one look through the inbox did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Entries delivered.
    pub delivered: usize,
    /// There is more behind this one; none: the end was reached, the next look begins anew.
    pub go_on_after: Option<Uuid>,
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

impl WebhookRefused {
    /// The word in metrics.
    const fn word(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::NotJson => "not_json",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Engine {
    /// Takes one webhook. When this returns `Ok`, everything in it is on disk.
    ///
    /// # Errors
    /// See [`WebhookRefused`]; nothing was stored then.
    pub async fn receive_webhook(
        &self,
        signature: Option<&str>,
        content_type: Option<&str>,
        raw: Bytes,
    ) -> Result<WebhookReceipt, WebhookRefused> {
        let stopwatch = Stopwatch::start();
        let result = self.take_webhook(Arrived { signature, content_type, raw: &raw }).await;
        metrics::webhook(result.map_or_else(WebhookRefused::word, |_| "stored"), stopwatch.seconds());
        result
    }

    async fn take_webhook(&self, arrived: Arrived<'_>) -> Result<WebhookReceipt, WebhookRefused> {
        let numbers = self
            .settings()
            .apps
            .iter()
            .find(|app| signature::verify(&app.secret, arrived.raw, arrived.signature).is_ok())
            .map(|app| app.numbers.as_slice())
            .ok_or(WebhookRefused::BadSignature)?;
        let incoming = webhook::parse(arrived.raw).map_err(|refusal| match refusal {
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
        let heard: HashMap<_, _> = rows.iter().filter_map(|row| Some((row.number?, row.tenant?))).collect();
        let relayed = self.owed_to_places(arrived, &rows, numbers);
        let is_relayed = relayed.is_some();
        let kept = match self.store().inbox().keep_owing(rows, relayed).await {
            Ok(kept) => kept,
            Err(StoreError::Stopped { .. }) => {
                tracing::debug!("a webhook came when everything was closed; the provider will repeat it");
                return Err(WebhookRefused::Unavailable);
            }
            Err(error) => {
                tracing::warn!(error = %error, "a webhook could not be stored and was refused; the provider will repeat it");
                for (entry, _) in incoming.into_iter().zip(foreign).filter(|(_, foreign)| !foreign) {
                    self.tell_live_call(entry);
                }
                return Err(WebhookRefused::Unavailable);
            }
        };
        if is_relayed {
            self.jobs_are_due();
        }
        let mut receipt = WebhookReceipt::default();
        for (number, tenant) in heard {
            self.heard_of(tenant, number, now);
        }
        for ((entry, kept), foreign) in incoming.into_iter().zip(kept).zip(foreign) {
            metrics::webhook_entry(entry.event.kind(), kept.new, foreign);
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

    /// The database is away, and the customer of a live call has hung up: his agent need not wait until the provider
    /// repeats it. It is repeated all the same, and then it is kept; a call hears its end twice without harm.
    fn tell_live_call(&self, entry: Incoming) {
        let Some(number) = self.number_of(&entry) else { return };
        let ProviderEvent::CallTerminate(terminate) = entry.event else { return };
        let Some(call) = self.registry().id_of(number.id, &terminate.provider_call_id) else { return };
        let news = CallNews {
            provider_call: terminate.provider_call_id,
            inbox: None,
            kind: NewsKind::Terminate(terminate.ended),
        };
        if self.registry().send(call, CallMessage::News(Box::new(news))).is_err() {
            tracing::debug!(call.id = %call, "a call does not hear of its end before the provider repeats it");
        }
    }

    /// Hands one kept entry to whom it concerns.
    pub(crate) fn dispatch(&self, entry: Incoming, inbox: Uuid) {
        if let ProviderEvent::AccountUpdate(_) | ProviderEvent::PhoneNumberQuality(_) = &entry.event {
            // Names its number by the phone number, if at all; done when the alert is written.
            let engine = self.clone();
            tokio::spawn(async move {
                match engine.account_news(&entry.event).await {
                    Ok(()) => engine.inbox_done(vec![inbox]),
                    Err(error) => {
                        tracing::warn!(error = %error, "a notice of the provider waits in the inbox")
                    }
                }
            });
            return;
        }
        let Some(number) = self.number_of(&entry) else {
            self.inbox_done(vec![inbox]);
            return;
        };
        if let ProviderEvent::AccountSettings(news) = entry.event {
            let engine = self.clone();
            tokio::spawn(async move {
                match engine.settings_news(&number, news).await {
                    Ok(()) => engine.inbox_done(vec![inbox]),
                    Err(error) => {
                        tracing::warn!(error = %error, "news of a number's settings wait in the inbox")
                    }
                }
            });
            return;
        }
        let news = |provider_call: &ProviderCallId, kind| CallNews {
            provider_call: provider_call.clone(),
            inbox: Some(inbox),
            kind,
        };
        let (provider_call, kind) = match entry.event {
            event @ (ProviderEvent::Message(_)
            | ProviderEvent::MessageStatus(_)
            | ProviderEvent::PermissionReply(_)) => {
                // Done when it is in the book of its customer.
                let engine = self.clone();
                tokio::spawn(async move {
                    match engine.customer_news(&number, &event).await {
                        Ok(()) => engine.inbox_done(vec![inbox]),
                        Err(error) => {
                            tracing::warn!(error = %error, "what a customer did waits in the inbox")
                        }
                    }
                });
                return;
            }
            ProviderEvent::CallConnect(connect) if connect.direction == Direction::Incoming => {
                (connect.provider_call_id.clone(), NewsKind::Connect(Box::new(connect)))
            }
            ProviderEvent::CallConnect(connect) => {
                let call = connect.provider_call_id.clone();
                let mark = connect.biz_opaque_callback_data.clone();
                let news = news(&call, NewsKind::Answer(Box::new(connect)));
                return self.dispatch_to_ours(number, mark.as_deref(), news);
            }
            ProviderEvent::CallStatus(status) => {
                let news = news(&status.provider_call_id, NewsKind::Status(status.status));
                return self.dispatch_to_ours(number, status.biz_opaque_callback_data.as_deref(), news);
            }
            ProviderEvent::CallTerminate(terminate)
                if terminate.direction == Some(Direction::Outgoing)
                    || is_ours(terminate.biz_opaque_callback_data.as_deref()) =>
            {
                let news = news(&terminate.provider_call_id, NewsKind::Terminate(terminate.ended));
                return self.dispatch_to_ours(number, terminate.biz_opaque_callback_data.as_deref(), news);
            }
            ProviderEvent::CallTerminate(terminate) => {
                (terminate.provider_call_id, NewsKind::Terminate(terminate.ended))
            }
            // Kept and counted; what acts on them comes with its own subject.
            ProviderEvent::CallCreated(_)
            | ProviderEvent::RecordingAvailable(_)
            | ProviderEvent::TranscriptionAvailable(_)
            | ProviderEvent::AccountSettings(_)
            | ProviderEvent::AccountUpdate(_)
            | ProviderEvent::PhoneNumberQuality(_)
            | ProviderEvent::Unknown(_) => {
                self.inbox_done(vec![inbox]);
                return;
            }
        };
        let message = CallMessage::News(Box::new(news(&provider_call, kind)));
        self.deliver(&number, provider_call, message);
    }

    pub(crate) fn deliver(&self, number: &Arc<Number>, provider_call: ProviderCallId, message: CallMessage) {
        let live = || LiveCall::new(number.tenant, number.branch);
        match self.registry().deliver_or_create(number.id, &provider_call, live, message) {
            Ok(None) => {}
            Ok(Some(birth)) => {
                CallTask::start(self.clone(), Arc::clone(number), Begin::Heard(provider_call), birth);
            }
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
    /// Goes on behind `after`, so that what nobody can deal with never stands in the way of what came later.
    pub(crate) async fn sweep(
        &self,
        older_than: std::time::Duration,
        mut after: Option<Uuid>,
    ) -> Result<Swept, switchboard_store::StoreError> {
        let before = self.clock().now().minus(older_than);
        let mut delivered = 0;
        loop {
            let rows = self.store().inbox().unprocessed(after, PAGE).await?;
            let is_last = (rows.len() as u64) < PAGE;
            after = rows.last().map(|row| row.id);
            for row in rows.into_iter().filter(|row| row.received_at <= before) {
                delivered += 1;
                self.deliver_again(row);
            }
            if is_last {
                return Ok(Swept { delivered, go_on_after: None });
            }
            if delivered >= SWEEP {
                return Ok(Swept { delivered, go_on_after: after });
            }
        }
    }

    fn deliver_again(&self, row: InboxRow) {
        if row.foreign {
            self.inbox_done(vec![row.id]);
            return;
        }
        let payload = match &row.payload {
            Ok(payload) => payload,
            Err(error) => {
                // Its row stays as it is; the provider has had its 200, and nobody can read it any more.
                tracing::error!(inbox.id = %row.id, error = %error, "a kept webhook entry cannot be opened and is set aside");
                self.inbox_done(vec![row.id]);
                return;
            }
        };
        match webhook::reparse(payload) {
            Ok(entry) => self.dispatch(entry, row.id),
            Err(error) => {
                tracing::warn!(inbox.id = %row.id, error = %error, "a kept webhook entry cannot be read any more and is set aside");
                self.inbox_done(vec![row.id]);
            }
        }
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
            let mut after = None;
            loop {
                // A backlog: what was delivered is marked within a moment, and the next part is due.
                let backlog: bool = after.is_some();
                tokio::time::sleep(if backlog { SWEEP_BACKLOG_EVERY } else { SWEEP_EVERY }).await;
                match engine.sweep(SWEEP_EVERY, after).await {
                    Ok(swept) => after = swept.go_on_after,
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
