//! Writing to a customer. The message is written down before it is sent; what became of it is written after. When nobody
//! knows (no answer in time) it stands as `unclear`, until a status tells.

use std::sync::Arc;

use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::ids::{ContactId, MessageId, NumberId};
use switchboard_provider::error::{GraphError, GraphErrorKind};
use switchboard_provider::outgoing::{OutgoingMessage, Recipient, TemplateMessage};
use switchboard_provider::secret::AccessToken;
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::book::{Change, MessageNews, NewMessage, Page, Standing, Written};
use switchboard_store::log::NewEntry;
use switchboard_store::messages::{Message, MessageStatus};
use switchboard_store::numbers::Number;
use tracing::Instrument as _;

use crate::Engine;
use crate::clock::fresh_uuid;
use crate::outreach::{OutreachRefused, SEND_TIMEOUT, recipient};
use switchboard_provider::meta::graph::NO_PROVIDER_CODE;
use switchboard_store::contacts::Contact;

/// What is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// In the provider's words.
    pub message: OutgoingMessage,
    /// It offers a call: a yes within the hour is a consent.
    pub offers_call: bool,
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// To whom.
    pub contact: ContactId,
    /// From which number; none: the only one.
    pub number: Option<NumberId>,
    /// What.
    pub content: Content,
}

impl Engine {
    /// Writes to a customer. `Ok` with the status `failed` or `unclear` says what the provider said, or that he did not.
    ///
    /// # Errors
    /// See [`OutreachRefused`]; nothing was sent then.
    pub async fn send_message(
        &self,
        scope: &Scope,
        author: &Author,
        send: SendMessage,
    ) -> Result<(Message, Contact), OutreachRefused> {
        let (engine, scope, author) = (self.clone(), scope.clone(), author.clone());
        carried_through(async move { engine.write_and_send(&scope, &author, send).await }).await
    }

    async fn write_and_send(
        &self,
        scope: &Scope,
        author: &Author,
        send: SendMessage,
    ) -> Result<(Message, Contact), OutreachRefused> {
        let number = self.number_for(scope, send.number)?;
        let token = self.token_of(&number)?;
        let now = self.clock().now();
        let id = MessageId::from_uuid(fresh_uuid());
        let SendMessage { contact, content, .. } = send;
        let new = outgoing(id, &content, author.at);
        let offers = content.offers_call;
        let freely = needs_window(&content.message);
        let decide = move |standing: &Standing| {
            if freely && !standing.conversation.is_open(now) {
                let since = standing.conversation.window_until;
                return (Change::default(), Err(OutreachRefused::WindowClosed { since }));
            }
            match recipient(&standing.contact) {
                Ok(to) => {
                    let offer = offers.then_some(Some((id, now)));
                    (Change { message: Some(new), offer, ..Change::default() }, Ok(to))
                }
                Err(nobody) => (Change::default(), Err(nobody)),
            }
        };
        let page = Page::Contact(contact);
        let written = self.store().book().write(scope, page, number.id, author, decide).await?;
        let to = written.ok_or(OutreachRefused::NotFound)?.answer?;
        let news = self.deliver_message(&number, token, &to, id, &content.message).await;
        let written = self.settle_message(&number, id, author, news).await?;
        let message = written.message.clone().ok_or(OutreachRefused::NotFound)?;
        self.tell_message(&number, &written, "message.sent", now);
        Ok((message, written.contact))
    }

    /// Sends what is written down; what the provider says of it. What else could be in the way was looked at before it
    /// was written, so that nothing is written that nobody sends.
    pub(crate) async fn deliver_message(
        &self,
        number: &Number,
        token: &AccessToken,
        to: &Recipient,
        id: MessageId,
        message: &OutgoingMessage,
    ) -> Sent {
        let graph = self.graph();
        let sent = graph
            .send_message(&number.provider_number_id, token, to, message, &id.to_string(), SEND_TIMEOUT)
            .await;
        match sent {
            Ok(taken) => Sent::Taken(taken.id),
            Err(error) if error.is_ambiguous() => Sent::Unclear,
            Err(error) => Sent::Refused(Box::new(error)),
        }
    }

    async fn settle_message(
        &self,
        number: &Arc<Number>,
        id: MessageId,
        author: &Author,
        sent: Sent,
    ) -> Result<Written<()>, OutreachRefused> {
        let scope = Scope::of_the_exchange(number.tenant);
        let now = self.clock().now();
        let decide = move |_: &Standing| (settled(id, &sent, now), ());
        let written = self.store().book().write(&scope, Page::Sent(id), number.id, author, decide).await?;
        written.ok_or(OutreachRefused::NotFound)
    }
}

/// Whoever asked may go away; what is begun is carried through all the same. Otherwise the provider would have what we
/// know nothing of, and what was reserved for it would stay reserved.
pub(crate) async fn carried_through<T: Send + 'static>(
    work: impl Future<Output = Result<T, OutreachRefused>> + Send + 'static,
) -> Result<T, OutreachRefused> {
    let done = tokio::spawn(work.in_current_span()).await;
    // It broke off, or the server is being stopped.
    done.unwrap_or_else(|_| Err(StoreError::Stopped { doing: "write to a customer".into() }.into()))
}

/// What the provider said to a message.
#[derive(Debug)]
pub(crate) enum Sent {
    /// He has it, under this id.
    Taken(switchboard_core::ids::ProviderMessageId),
    /// Nobody knows.
    Unclear,
    /// He refused it.
    Refused(Box<GraphError>),
}

/// What follows from it for the message and the customer.
pub(crate) fn settled(id: MessageId, sent: &Sent, now: switchboard_core::time::Timestamp) -> Change {
    let mut change = Change::default();
    let (status, provider_id, error) = match sent {
        Sent::Taken(theirs) => (MessageStatus::Sent, Some(theirs.clone()), None),
        Sent::Unclear => (MessageStatus::Unclear, None, None),
        Sent::Refused(error) => {
            change.uncallable = (error.kind == GraphErrorKind::CustomerUnreachable).then_some(true);
            change.window_closed = error.kind == GraphErrorKind::WindowClosed;
            change.offer = Some(None);
            let code = error.code.unwrap_or(NO_PROVIDER_CODE);
            (MessageStatus::Failed, None, Some((code, error.provider_text().to_owned())))
        }
    };
    let data = json!({
        "message_id": id.to_string(),
        "status": status.as_str(),
        "error_code": error.as_ref().map(|(code, _)| *code),
    });
    change.log.push(NewEntry { kind: "message.sent", at: now, data });
    change.news = Some(MessageNews { status, provider_id, error });
    change
}

/// A message of ours before it is sent.
pub(crate) fn outgoing(
    id: MessageId,
    content: &Content,
    at: switchboard_core::time::Timestamp,
) -> NewMessage {
    let (kind, text, detail) = match &content.message {
        OutgoingMessage::Text { body } => ("text", Some(body.clone()), json!({})),
        OutgoingMessage::CallPermissionRequest { body } => {
            ("call_permission_request", body.clone(), json!({}))
        }
        OutgoingMessage::VoiceCall { body, button, ttl_minutes, payload } => (
            "voice_call",
            Some(body.clone()),
            json!({ "button": button, "ttl_minutes": ttl_minutes, "payload": payload }),
        ),
        OutgoingMessage::Template(template) => ("template", None, template_detail(template)),
    };
    NewMessage {
        id,
        direction: Direction::Outgoing,
        kind: kind.to_owned(),
        status: MessageStatus::Pending,
        text,
        provider_id: None,
        answers: None,
        offers_call: content.offers_call,
        detail,
        at,
    }
}

fn template_detail(template: &TemplateMessage) -> Value {
    json!({ "name": template.name, "language": template.language, "parameters": template.parameters })
}

/// Words are free inside the window only; a template may always be sent.
const fn needs_window(message: &OutgoingMessage) -> bool {
    match message {
        OutgoingMessage::Text { .. }
        | OutgoingMessage::CallPermissionRequest { .. }
        | OutgoingMessage::VoiceCall { .. } => true,
        OutgoingMessage::Template(_) => false,
    }
}
