//! Asking a customer for the permission to call. Whether he may be asked is decided, and his place in the counts taken,
//! in one transaction before anything is sent; two who ask at once send one request.

use std::sync::Arc;

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::ids::{MessageId, NumberId, ProviderMessageId};
use switchboard_core::time::Timestamp;
use switchboard_provider::outgoing::{OutgoingMessage, Recipient, TemplateMessage};
use switchboard_store::audit::Author;
use switchboard_store::book::{Change, Page, Standing};
use switchboard_store::contacts::Contact;
use switchboard_store::log::NewEntry;
use switchboard_store::messages::{LeftPending, Message, MessageStatus};
use switchboard_store::numbers::Number;
use switchboard_store::permissions::Whom;
use switchboard_store::tenants::TemplateName;

use super::worth_looking_up;
use crate::Engine;
use crate::clock::fresh_uuid;
use crate::conversations::{Content, Sent, carried_through, outgoing, settled};
use crate::customer_views::log_entries;
use crate::events::PermissionView;
use crate::outreach::{OutreachRefused, SEND_TIMEOUT, identity, recipient};

/// Whom to ask, and how.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Whom.
    pub whom: Whom,
    /// For which number; none: the only one.
    pub number: Option<NumberId>,
    /// In these words, inside the window; none: the business' own, or the provider's.
    pub text: Option<String>,
    /// With this template; none: the business' own, when the window is closed.
    pub template: Option<TemplateMessage>,
}

/// He was asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request.
    pub message: Message,
    /// Whom.
    pub contact: Contact,
    /// How the permission stands now.
    pub permission: PermissionView,
}

/// Messages of one look.
const AT_ONCE: u64 = 100;

/// What is decided before anything is sent.
type Cleared = Result<(OutgoingMessage, Recipient), OutreachRefused>;

impl Engine {
    /// Asks a customer for the permission to call: in free words inside the window, else with a template.
    ///
    /// # Errors
    /// See [`OutreachRefused`]; nothing counts then.
    pub async fn request_permission(
        &self,
        scope: &Scope,
        author: &Author,
        ask: Ask,
    ) -> Result<Asked, OutreachRefused> {
        let (engine, scope, author) = (self.clone(), scope.clone(), author.clone());
        carried_through(async move { engine.ask_and_send(&scope, &author, ask).await }).await
    }

    async fn ask_and_send(&self, scope: &Scope, author: &Author, ask: Ask) -> Result<Asked, OutreachRefused> {
        let number = self.number_for(scope, ask.number)?;
        let token = self.token_of(&number)?;
        let outreach = self.store().tenants().outreach(scope).await?;
        let rules = self.rules_of(&number, &outreach);
        let now = self.clock().now();
        if let Some(reason) = self.number_facts(&number, now).await?.may_not_ask(now) {
            return Err(OutreachRefused::NumberMayNotAsk(reason));
        }
        let id = MessageId::from_uuid(fresh_uuid());
        let page = self.page_of(scope, &ask.whom, &number).await?;
        let (own_text, own_template) = (outreach.request_text, outreach.request_template);
        let Ask { text, template, .. } = ask;
        let decide = move |standing: &Standing| -> (Change, Cleared) {
            let refused = |why| (Change::default(), Err(why));
            if standing.contact.do_not_call {
                return refused(OutreachRefused::OptedOut);
            }
            if let Err(refusal) = standing.wallet.may_request(now, &rules) {
                return refused(OutreachRefused::Limit(refusal));
            }
            let to = match recipient(&standing.contact) {
                Ok(to) => to,
                Err(nobody) => return refused(nobody),
            };
            let is_open = standing.conversation.is_open(now);
            let message = match (template, is_open, own_template) {
                (Some(template), _, _) => OutgoingMessage::Template(template),
                (None, true, _) => OutgoingMessage::CallPermissionRequest { body: text.or(own_text) },
                (None, false, Some(TemplateName { name, language })) => {
                    OutgoingMessage::Template(TemplateMessage {
                        name,
                        language,
                        parameters: Vec::new(),
                        voice_call: None,
                    })
                }
                (None, false, None) => return refused(OutreachRefused::NoTemplate),
            };
            let mut wallet = standing.wallet.clone();
            wallet.reserve_request(now, ProviderMessageId::new(id.to_string()));
            let content = Content { message, offers_call: false };
            let mut written = outgoing(id, &content, now);
            written.detail["asks_permission"] = json!(true);
            let change = Change { wallet: Some(wallet), message: Some(written), ..Change::default() };
            (change, Ok((content.message, to)))
        };
        let written = self.store().book().write(scope, page, number.id, author, decide).await?;
        let (message, to) = written.ok_or(OutreachRefused::NotFound)?.answer?;
        let sent = self.deliver_message(&number, token, &to, id, &message).await;
        self.settle_request(&number, id, author, sent).await
    }

    /// Whom nobody has heard of yet is made by asking him.
    async fn page_of(
        &self,
        scope: &Scope,
        whom: &Whom,
        number: &Arc<Number>,
    ) -> Result<Page, OutreachRefused> {
        let known = self.store().permissions().book(scope, whom, number.id).await?;
        if let Some(known) = known {
            return Ok(Page::Contact(known.contact.id));
        }
        let who = identity(whom).ok_or(OutreachRefused::NotFound)?;
        // Somebody of another branch may know him: then he is not to be seen from here.
        let everybody = Scope::of_the_exchange(scope.tenant);
        if self.store().permissions().book(&everybody, whom, number.id).await?.is_some() {
            return Err(OutreachRefused::NotFound);
        }
        Ok(Page::Somebody { who, branch: number.branch })
    }

    async fn settle_request(
        &self,
        number: &Arc<Number>,
        id: MessageId,
        author: &Author,
        sent: Sent,
    ) -> Result<Asked, OutreachRefused> {
        let scope = Scope::of_the_exchange(number.tenant);
        let now = self.clock().now();
        let refusal = match &sent {
            Sent::Refused(error) => Some(error.clone()),
            Sent::Taken(_) | Sent::Unclear => None,
        };
        let by = author.who.clone();
        let decide = move |standing: &Standing| {
            let mut change = settled(id, &sent, now);
            let mut wallet = standing.wallet.clone();
            let ours = ProviderMessageId::new(id.to_string());
            match &sent {
                Sent::Taken(theirs) => {
                    let events = wallet.request_taken(now, &ours, theirs.clone());
                    change.log.extend(log_entries(now, &events));
                }
                Sent::Unclear => change.log.push(unclear(now)),
                Sent::Refused(_) => wallet.request_refused(&ours),
            }
            let (id, name) = crate::outreach::by(&by);
            for entry in change.log.iter_mut().filter(|entry| entry.kind == "permission.requested") {
                entry.data["by"] = json!({ "id": id, "name": name });
            }
            change.wallet = Some(wallet);
            (change, ())
        };
        let written = self.store().book().write(&scope, Page::Sent(id), number.id, author, decide).await?;
        let written = written.ok_or(OutreachRefused::NotFound)?;
        self.tell_message(number, &written, "message.sent", now);
        if let Some(error) = refusal {
            if worth_looking_up(error.kind)
                && let Err(error) = self.look_up(number, &written.contact).await
            {
                tracing::debug!(contact.id = %written.contact.id, %error, "the provider was not asked how a customer stands");
            }
            self.tell_permission(number, &written.contact, now).await?;
            return Err(OutreachRefused::Provider(error));
        }
        self.tell_permission(number, &written.contact, now).await?;
        let permission = self.permission(&scope, written.contact.id, number.id).await?;
        match (written.message, permission) {
            (Some(message), Some(permission)) => Ok(Asked { message, contact: written.contact, permission }),
            (None, _) | (_, None) => Err(OutreachRefused::NotFound),
        }
    }

    /// Messages whose sender was stopped: nobody knows whether they left, so a request counts, and a status may tell.
    /// Whoever sends one now has his answer sooner.
    pub(crate) async fn settle_left_pending(&self) -> Result<(), switchboard_store::StoreError> {
        let before = self.clock().now().minus(SEND_TIMEOUT * 2);
        let mut after = None;
        loop {
            let left = self.store().messages().left_pending(before, after, AT_ONCE).await?;
            let is_last = (left.len() as u64) < AT_ONCE;
            after = left.last().map(|message| message.id);
            for message in left {
                self.settle_unclear(&message).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn settle_unclear(&self, message: &LeftPending) -> Result<(), switchboard_store::StoreError> {
        let scope = Scope::of_the_exchange(message.tenant);
        let now = self.clock().now();
        let id = message.id;
        let decide = move |standing: &Standing| {
            // Its answer may have come since.
            let is_pending = standing.message.as_ref().is_some_and(|it| it.status == MessageStatus::Pending);
            (if is_pending { settled(id, &Sent::Unclear, now) } else { Change::default() }, ())
        };
        let author = Author::exchange(now);
        let book = self.store().book();
        match book.write(&scope, Page::Sent(id), message.number, &author, decide).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_of_the_database() => Err(error),
            Err(error) => {
                tracing::warn!(message.id = %id, %error, "a message whose sender was stopped stays as it is");
                Ok(())
            }
        }
    }
}

fn unclear(now: Timestamp) -> NewEntry {
    NewEntry { kind: "permission.requested", at: now, data: json!({ "unclear": true }) }
}
