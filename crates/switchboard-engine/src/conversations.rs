//! What customers write, and what becomes of what we write: each webhook is one page of the customer's book, written in
//! one transaction. What comes twice is taken in once; what cannot be written waits in the inbox.

mod send;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::consent::{Affirmative, ConsentKind, Wish, affirmative, detect};
use switchboard_core::ids::{MessageId, ProviderMessageId};
use switchboard_core::permission::WalletInput;
use switchboard_core::time::Timestamp;
use switchboard_provider::event::{
    Message as Said, MessageStatus as StatusNews, MessageStatusWord, ProviderEvent,
};
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::book::{Change, MessageNews, NewMessage, Page, Standing, Written};
use switchboard_store::consents::{ConsentSource, NewConsent};
use switchboard_store::contacts::Identity;
use switchboard_store::log::NewEntry;
use switchboard_store::messages::MessageStatus;
use switchboard_store::numbers::Number;

use crate::Engine;
use crate::clock::{fresh_uuid, rfc3339};
use crate::customer_views::{log_entries, message_row};
use crate::events::{EventMark, ServerMessage};
use crate::outreach::WINDOW;

pub use send::{Content, SendMessage};
pub(crate) use send::{Sent, carried_through, outgoing, settled};

/// An offer of a call is answered within the hour (P6).
const OFFER_ANSWERED_WITHIN: Duration = Duration::from_secs(3_600);
/// The provider's stamps are whole seconds, and clocks may be this far apart without being corrected.
const COUNTED_IN_SECONDS: Duration = Duration::from_secs(2);
/// The provider's code for a customer who cannot be reached.
const UNDELIVERABLE: i64 = 131_026;
/// The provider's code for a closed window.
const WINDOW_CLOSED: i64 = 131_047;

impl Engine {
    /// Takes in what is said about a customer. Errors leave it in the inbox.
    pub(crate) async fn customer_news(
        &self,
        number: &Arc<Number>,
        event: &ProviderEvent,
    ) -> Result<(), StoreError> {
        match event {
            ProviderEvent::Message(said) => self.customer_wrote(number, said).await,
            ProviderEvent::MessageStatus(news) => self.message_went(number, news).await,
            ProviderEvent::PermissionReply(reply) => self.permission_reply(number, reply).await,
            ProviderEvent::CallConnect(_)
            | ProviderEvent::CallTerminate(_)
            | ProviderEvent::CallStatus(_)
            | ProviderEvent::CallCreated(_)
            | ProviderEvent::RecordingAvailable(_)
            | ProviderEvent::TranscriptionAvailable(_)
            | ProviderEvent::AccountSettings(_)
            | ProviderEvent::AccountUpdate(_)
            | ProviderEvent::PhoneNumberQuality(_)
            | ProviderEvent::Unknown(_) => Ok(()),
        }
    }

    async fn customer_wrote(&self, number: &Arc<Number>, said: &Said) -> Result<(), StoreError> {
        let who = Identity {
            phone: said.from.clone(),
            user_id: said.from_user_id.clone(),
            username: None,
            profile_name: said.name.clone(),
        };
        if !who.is_somebody() {
            tracing::debug!("a message of nobody was left out");
            return Ok(());
        }
        let scope = Scope::of_the_exchange(number.tenant);
        let phrases = self.store().tenants().outreach(&scope).await?.call_phrases;
        let now = self.clock().now();
        let at = said.at.map_or(now, |at| self.clock().correct(at)).min(now);
        let id = MessageId::from_uuid(fresh_uuid());
        let page =
            Page::MessageOf { who, branch: number.branch, message: ProviderMessageId::new(said.id.as_str()) };
        let said = said.clone();
        let decide = move |standing: &Standing| {
            let mut change = heard(at);
            let message = incoming(id, &said, at);
            understand(&mut change, standing, &message, &phrases);
            let data = json!({ "message_id": id.to_string(), "kind": message.kind });
            change.log.push(NewEntry { kind: "message.received", at: now, data });
            change.message = Some(message);
            (change, ())
        };
        let author = Author::exchange(now);
        if let Some(written) = self.store().book().write(&scope, page, number.id, &author, decide).await? {
            self.tell_message(number, &written, "message.received", now);
        }
        Ok(())
    }

    async fn message_went(&self, number: &Arc<Number>, news: &StatusNews) -> Result<(), StoreError> {
        let status = match &news.status {
            MessageStatusWord::Sent => MessageStatus::Sent,
            MessageStatusWord::Delivered => MessageStatus::Delivered,
            MessageStatusWord::Read => MessageStatus::Read,
            MessageStatusWord::Played => MessageStatus::Played,
            MessageStatusWord::Failed => MessageStatus::Failed,
            MessageStatusWord::Other(word) => {
                tracing::debug!(word, "a status with an unknown word was left out");
                return Ok(());
            }
        };
        let scope = Scope::of_the_exchange(number.tenant);
        let now = self.clock().now();
        let theirs = ProviderMessageId::new(news.id.as_str());
        let page = Page::SentAs {
            provider_id: theirs.clone(),
            ours: news.biz_opaque_callback_data.as_deref().and_then(|mark| mark.parse().ok()),
        };
        let error = news.error.as_ref().map(|fault| (fault.code, fault.message.clone()));
        let decide = move |standing: &Standing| went(standing, status, theirs, error, now);
        let author = Author::exchange(now);
        if let Some(written) = self.store().book().write(&scope, page, number.id, &author, decide).await? {
            self.tell_message(number, &written, "message.status", now);
            if written.answer {
                self.tell_permission(number, &written.contact, now).await?;
            }
        }
        Ok(())
    }

    /// Everybody who sees contact and number hears of a message.
    pub(crate) fn tell_message<T>(&self, number: &Number, written: &Written<T>, kind: &str, at: Timestamp) {
        let Some(message) = &written.message else { return };
        let message = ServerMessage::Message {
            message: Box::new(message_row(message, &written.contact)),
            event: EventMark { kind: kind.to_owned(), at: rfc3339(at) },
        };
        self.agents().tell_those(number.tenant, &[written.contact.branch, number.branch], &message);
    }
}

fn incoming(id: MessageId, said: &Said, at: Timestamp) -> NewMessage {
    NewMessage {
        id,
        direction: Direction::Incoming,
        kind: said.kind.clone(),
        status: MessageStatus::Received,
        text: said.text.clone(),
        provider_id: Some(ProviderMessageId::new(said.id.as_str())),
        answers: said.answers.clone(),
        offers_call: false,
        detail: json!({ "voicemail": said.voicemail_of.is_some() }),
        at,
    }
}

/// He did something: the business may write freely for a day, and he can be reached.
pub(crate) fn heard(at: Timestamp) -> Change {
    Change { heard: Some((at, at.plus(WINDOW))), uncallable: Some(false), ..Change::default() }
}

/// What his words mean for being called (P6).
fn understand(change: &mut Change, standing: &Standing, message: &NewMessage, phrases: &[String]) {
    let Some(text) = &message.text else { return };
    let offered = standing.conversation.offer.filter(|(_, offered_at)| {
        offered_at.minus(COUNTED_IN_SECONDS) <= message.at
            && message.at.since(*offered_at) <= OFFER_ANSWERED_WITHIN
    });
    let kind = match detect(text, phrases).wish {
        Wish::NotWanted => Some(ConsentKind::OptOut),
        Wish::CallRequested => Some(ConsentKind::CallRequest),
        Wish::Nothing if offered.is_some() => Some(match affirmative(text) {
            Affirmative::Yes => ConsentKind::OfferAccepted,
            Affirmative::No => ConsentKind::OfferDeclined,
            Affirmative::Unclear => ConsentKind::OfferUnclear,
        }),
        Wish::Nothing => None,
    };
    let Some(kind) = kind else { return };
    if offered.is_some() && kind != ConsentKind::OfferUnclear {
        change.offer = Some(None);
    }
    change.log.push(NewEntry {
        kind: "consent.added",
        at: message.at,
        data: json!({ "kind": kind.as_str(), "message_id": message.id.to_string() }),
    });
    change.consents.push(NewConsent {
        kind,
        source: ConsentSource::Message,
        evidence: Some(text.clone()),
        message_id: message.provider_id.as_ref().map(|id| id.as_str().to_owned()),
        at: message.at,
        valid_until: None,
    });
}

/// What a status changes; true: the permission, too.
fn went(
    standing: &Standing,
    status: MessageStatus,
    theirs: ProviderMessageId,
    error: Option<(i64, String)>,
    now: Timestamp,
) -> (Change, bool) {
    let Some(message) = &standing.message else { return (Change::default(), false) };
    let code = error.as_ref().map(|(code, _)| *code);
    let mut change = Change::default();
    let mut wallet = standing.wallet.clone();
    let mut events = Vec::new();
    if is_request(&message.kind, &message.detail) {
        let ours = ProviderMessageId::new(message.id.to_string());
        if wallet.facts().requests.iter().any(|request| request.message_id == ours) {
            // The answer to our own request was lost; the provider has it all the same.
            events.extend(wallet.request_taken(now, &ours, theirs.clone()));
        }
        if status == MessageStatus::Failed {
            events.extend(wallet.handle(now, WalletInput::RequestFailed { message_id: theirs.clone() }));
        }
    }
    let is_news = status.follows(message.status);
    if is_news {
        let data = json!({
            "message_id": message.id.to_string(), "status": status.as_str(), "error_code": code,
        });
        change.log.push(NewEntry { kind: "message.status", at: now, data });
        change.uncallable = match (status, code) {
            (MessageStatus::Failed, Some(UNDELIVERABLE)) => Some(true),
            (MessageStatus::Delivered | MessageStatus::Read | MessageStatus::Played, _) => Some(false),
            (
                MessageStatus::Failed
                | MessageStatus::Received
                | MessageStatus::Pending
                | MessageStatus::Unclear
                | MessageStatus::Sent,
                _,
            ) => None,
        };
        change.window_closed = code == Some(WINDOW_CLOSED);
    }
    change.log.extend(log_entries(now, &events));
    let changed = wallet != standing.wallet;
    change.wallet = changed.then_some(wallet);
    change.news = Some(MessageNews { status, provider_id: Some(theirs), error });
    (change, changed)
}

/// Does a message of ours ask for the permission to call?
pub(crate) fn is_request(kind: &str, detail: &serde_json::Value) -> bool {
    kind == "call_permission_request" || detail["asks_permission"].as_bool() == Some(true)
}
