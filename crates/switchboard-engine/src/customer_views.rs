//! Customers, messages and permissions as the outside may see them.

use std::collections::HashMap;

use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::ids::ContactId;
use switchboard_core::masking;
use switchboard_core::permission::{PermissionRules, PermissionSource, Wallet, WalletEvent};
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::contacts::Contact;
use switchboard_store::log::{LogEntry, NewEntry};
use switchboard_store::messages::Message;

use crate::Engine;
use crate::clock::rfc3339;
use crate::events::{
    CallsUsed, ContactView, MessageError, MessageView, PermissionEntry, PermissionView, Person, RequestsUsed,
};

/// What the kinds of a permission's entries begin with.
pub(crate) const PERMISSION: &str = "permission.";

impl Engine {
    /// Contacts as this reader may see them, in the same order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_contacts(
        &self,
        scope: &Scope,
        contacts: &[Contact],
    ) -> Result<Vec<ContactView>, StoreError> {
        let ids: Vec<ContactId> = contacts.iter().map(|contact| contact.id).collect();
        let windows: HashMap<ContactId, Timestamp> =
            self.store().contacts().windows(scope, &ids).await?.into_iter().collect();
        self.learn_names(scope, contacts.iter().filter_map(|contact| contact.owner)).await?;
        Ok(contacts
            .iter()
            .map(|contact| self.view_contact_row(scope, contact, windows.get(&contact.id).copied()))
            .collect())
    }

    /// One contact as this reader may see him.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_contact(&self, scope: &Scope, contact: &Contact) -> Result<ContactView, StoreError> {
        Ok(self.view_contacts(scope, std::slice::from_ref(contact)).await?.remove(0))
    }

    fn view_contact_row(&self, scope: &Scope, contact: &Contact, window: Option<Timestamp>) -> ContactView {
        let (phone, in_part) = (contact.phone.as_ref(), scope.masks_numbers);
        let masked = |text: &str| if in_part { masking::text(text, phone) } else { text.to_owned() };
        ContactView {
            id: contact.id.to_string(),
            name: contact.shown_name().map(masked),
            phone: phone.filter(|_| !in_part).map(|phone| format!("+{}", phone.digits())),
            phone_display: phone
                .map(|phone| if in_part { masking::phone(phone) } else { phone.international() }),
            user_id: contact.user_id.clone(),
            username: contact.username.as_deref().map(masked),
            country: contact.country.clone(),
            owner: contact.owner.map(|user| self.person(user)),
            branch_id: contact.branch.map(|branch| branch.to_string()),
            tags: contact.tags.iter().map(|tag| masked(tag)).collect(),
            lead_reference: contact.lead_reference.as_deref().map(masked),
            automation_state: contact.automation.as_str(),
            created_at: rfc3339(contact.created_at),
            last_message_at: contact.last_message_at.map(rfc3339),
            last_call_at: contact.last_call_at.map(rfc3339),
            window_until: window.map(rfc3339),
            do_not_call: contact.do_not_call,
        }
    }
}

/// A message as this reader may see it.
#[must_use]
pub fn message_view(scope: &Scope, message: &Message, contact: &Contact) -> MessageView {
    let mut view = message_row(message, contact);
    if scope.masks_numbers {
        crate::masking::customer_message(&mut view);
    }
    view
}

pub(crate) fn message_row(message: &Message, contact: &Contact) -> MessageView {
    MessageView {
        id: message.id.to_string(),
        contact_id: message.contact.to_string(),
        number_id: message.number.to_string(),
        direction: message.direction.as_str(),
        kind: message.kind.clone(),
        text: message.text.clone(),
        status: message.status.as_str(),
        at: rfc3339(message.at),
        error: message.error.as_ref().map(|(code, text)| MessageError { code: *code, message: text.clone() }),
        offers_call: message.offers_call,
        detail: message.detail.clone(),
        sent_by: message.sent_by.as_ref().map(|(id, name)| Person { id: id.clone(), name: name.clone() }),
        customer: contact.phone.clone(),
    }
}

/// What is known of a wallet when it is shown.
pub(crate) struct Shown<'w> {
    pub(crate) contact: ContactId,
    pub(crate) number: switchboard_core::ids::NumberId,
    pub(crate) wallet: &'w Wallet,
    pub(crate) rules: PermissionRules,
    pub(crate) history: &'w [LogEntry],
}

pub(crate) fn permission_view(now: Timestamp, shown: &Shown<'_>) -> PermissionView {
    let Shown { contact, number, wallet, rules, history } = shown;
    let facts = wallet.facts();
    let status = wallet.status(now);
    let (day, week) = wallet.requests(now, rules);
    let refusal = wallet.may_request(now, rules).err();
    let connected = wallet.connected_calls(now, rules);
    let asked = facts.reported.as_ref().map(|report| report.at);
    let granted = status.is_granted();
    PermissionView {
        contact_id: contact.to_string(),
        number_id: number.to_string(),
        status: status.as_str(),
        source: facts.source.map(PermissionSource::as_str),
        granted_at: facts.granted_at.map(rfc3339),
        expires_at: facts.expires_at.map(rfc3339),
        call_until: wallet.call_until(rules).filter(|_| granted).map(rfc3339),
        allows_call: wallet.may_call(now, rules).allowed(),
        requests: RequestsUsed {
            used_day: day.used,
            max_day: day.max,
            used_week: week.used,
            max_week: week.max,
            next_at: refusal.and_then(|refusal| refusal.next_at).map(rfc3339),
            why: refusal.map(|refusal| refusal.why.as_str()),
        },
        calls: CallsUsed { connected_day: connected.used, max_day: connected.max },
        unanswered_in_row: wallet.not_taken_in_row(),
        unanswered_warn: rules.warn_before_unanswered,
        unanswered_block: rules.block_before_unanswered,
        said_by: if asked.is_some_and(|asked| facts.newest_change_at.is_none_or(|at| at <= asked)) {
            "meta"
        } else {
            "us"
        },
        looked_up_at: asked.map(rfc3339),
        history: history.iter().map(history_entry).collect(),
    }
}

fn history_entry(entry: &LogEntry) -> PermissionEntry {
    PermissionEntry {
        at: rfc3339(entry.at),
        event: entry.kind.strip_prefix(PERMISSION).unwrap_or(&entry.kind).to_owned(),
        source: entry.data["source"].as_str().map(str::to_owned),
        detail: entry.data.clone(),
    }
}

/// What the event log says of a wallet's changes.
pub(crate) fn log_entries(at: Timestamp, events: &[WalletEvent]) -> Vec<NewEntry> {
    let entry = |kind, data| NewEntry { kind, at, data };
    events
        .iter()
        .map(|event| match event {
            WalletEvent::Requested => entry("permission.requested", json!({})),
            WalletEvent::RequestFailed => entry("permission.request_failed", json!({})),
            WalletEvent::RequestExpired => entry("permission.request_expired", json!({})),
            WalletEvent::Granted { source, until } => entry(
                "permission.granted",
                json!({ "source": source.as_str(), "expires_at": until.map(rfc3339) }),
            ),
            WalletEvent::Denied => entry("permission.denied", json!({ "source": "request" })),
            WalletEvent::Revoked { source } => {
                entry("permission.revoked", json!({ "source": source.as_str() }))
            }
            WalletEvent::Expired => entry("permission.expired", json!({})),
            WalletEvent::ReplyTooOld => {
                entry("permission.reply_ignored", json!({ "why": "older_than_known" }))
            }
            WalletEvent::ReplyUnknown => {
                entry("permission.reply_unmatched", json!({ "why": "unknown_request" }))
            }
            WalletEvent::NotTaken { in_row } => {
                entry("permission.call_not_taken", json!({ "in_row": in_row }))
            }
            WalletEvent::CountersReset => entry("permission.counters_reset", json!({})),
        })
        .collect()
}

/// Who is named in a consent.
#[must_use]
pub fn recorded_by(who: &(String, String)) -> Person {
    Person { id: who.0.clone(), name: who.1.clone() }
}
