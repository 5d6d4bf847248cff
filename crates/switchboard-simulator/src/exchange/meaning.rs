//! Who and what a person at the control API or the phone page means, and what Meta does to a number on demand.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Exchange, PermitError};
use crate::account::{BusinessNumber, CustomerCard};
use crate::customer::Direction;
use crate::pairs::{Message, PairReport, Writer};
use crate::people::Person;
use crate::permissions::Standing;
use crate::rules::Refusal;
use crate::standing::NumberChange;
use crate::webhooks::body::account::{account_update, quality_update, settings_update};
use crate::webhooks::body::messages::{inbound, message_id};

/// The longest text (messages, Nov 2025).
pub(crate) const LONGEST_TEXT: usize = 4_096;

/// A pair by names: a number of the business (the first when absent) and a customer, by number, `@username` or id.
#[derive(Debug, Clone, Copy)]
pub struct Between<'a> {
    /// Node id of the number.
    pub number: Option<&'a str>,
    /// The customer.
    pub customer: &'a str,
}

impl<'a> From<&'a str> for Between<'a> {
    fn from(customer: &'a str) -> Self {
        Self { number: None, customer }
    }
}

impl<'a> From<(&'a str, &'a str)> for Between<'a> {
    fn from((number, customer): (&'a str, &'a str)) -> Self {
        Self { number: Some(number), customer }
    }
}

impl Exchange {
    /// The number and the person that are meant.
    pub(crate) fn meant(&self, pair: Between<'_>) -> Result<(BusinessNumber, Person), PermitError> {
        let number = self.account.number(pair.number).ok_or(PermitError::NoSuchNumber)?;
        let person = match pair.customer.strip_prefix('@') {
            Some(username) => self.people(|people| {
                let card =
                    CustomerCard { name: String::new(), phone: None, username: Some(username.to_owned()) };
                people.meet(&card)
            }),
            None => self.people(|people| {
                people.with_user_id(pair.customer).or_else(|| people.with_phone(pair.customer))
            }),
        };
        Ok((number.clone(), person.ok_or(PermitError::NoSuchCustomer)?))
    }

    /// Puts the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.tell_pages();
    }

    /// Puts a permission there, whatever led to it.
    pub(crate) fn put_permission(
        &self,
        pair: Between<'_>,
        standing: Standing,
        connected: u32,
    ) -> Result<PairReport, PermitError> {
        let (number, person) = self.meant(pair)?;
        let at = self.clock.unix_seconds();
        self.pairs(|pairs| {
            pairs.with(&number.id, &person.user_id, |pair| {
                pair.book.put(standing);
                for _ in 0..connected {
                    pair.book.call_connected(at, true);
                }
            });
        });
        self.tell_pages();
        Ok(self.pair_report(&number.id, &person.user_id))
    }

    /// The customer writes to the business: a webhook, and the window of 24 hours is open.
    pub(crate) fn customer_writes(
        &self,
        number: &BusinessNumber,
        person: &Person,
        text: &str,
        context: Option<&str>,
        seconds_ago: i64,
    ) -> Result<String, PermitError> {
        if text.trim().is_empty() || text.chars().count() > LONGEST_TEXT {
            return Err(PermitError::NoText);
        }
        let at = self.clock.unix_seconds() - seconds_ago;
        let parties = self.parties_of(number, person, Direction::UserInitiated);
        let id = message_id(parties.from.as_deref().unwrap_or(&parties.user_id), true);
        let mut message = Message::new(id.clone(), at, Writer::Customer, "text", text);
        message.context = context.map(str::to_owned);
        self.write(&parties, |pair| {
            pair.last_contact = pair.last_contact.max(Some(at));
            pair.write(message);
        });
        let context = context.map(|id| json!({ "from": number.display_phone, "id": id }));
        let content = json!({ "type": "text", "text": { "body": text } });
        let webhook = inbound(&parties, &id, at, context, &content);
        self.post(&parties.user_id, "message", &webhook);
        Ok(id)
    }

    /// The customer presses the call button of a message: the payload that comes with the call.
    pub(crate) fn pressed(
        &self,
        number: &BusinessNumber,
        person: &Person,
        message: &str,
    ) -> Result<Option<String>, PermitError> {
        let at = self.clock.unix_seconds();
        let found = self
            .pairs(|pairs| pairs.with(&number.id, &person.user_id, |pair| pair.message(message).cloned()));
        match found {
            Some(found) if found.button.is_some() && found.button_until.is_none_or(|until| until > at) => {
                Ok(found.payload)
            }
            Some(_) | None => Err(PermitError::NoButton),
        }
    }

    /// A number as the control API tells it.
    pub(crate) fn number_report(&self, id: &str) -> Result<Value, PermitError> {
        let number = self.account.number(Some(id)).ok_or(PermitError::NoSuchNumber)?;
        let at = self.clock.unix_seconds();
        Ok(self.number(&number.id, |standing| {
            json!({
                "id": number.id,
                "name": number.name,
                "display_phone": number.display_phone,
                "quality_rating": standing.quality_rating,
                "messaging_limit": standing.messaging_limit,
                "calls_subscribed": standing.calls_subscribed,
                "test_number": standing.test_number,
                "allowed_recipients": standing.allowed_recipients,
                "call_buttons": standing.call_buttons,
                "restrictions": standing.restricted(at).collect::<Vec<_>>(),
                "calling": standing.calling(at),
            })
        }))
    }

    /// Changes how a number stands; restrictions and quality are told by webhooks.
    pub(crate) fn change_number(&self, id: &str, change: NumberChange) -> Result<(), PermitError> {
        let number = self.account.number(Some(id)).ok_or(PermitError::NoSuchNumber)?;
        let at = self.clock.unix_seconds();
        let ratings = ["GREEN", "YELLOW", "RED", "NA", "UNKNOWN"];
        if let Some(rating) = change.quality_rating.as_deref().filter(|rating| !ratings.contains(rating)) {
            return Err(PermitError::NoSuchWord(rating.to_owned()));
        }
        let restricted = change.restrictions.clone();
        let (before, after, tier) = self.number(&number.id, |standing| {
            let before = standing.quality_rating.clone();
            standing.change(change);
            (before, standing.quality_rating.clone(), standing.messaging_limit.clone())
        });
        // The webhook carries no rating, it only makes the business look (2025); FLAGGED is an older word for RED.
        let event = match (before == "RED", after == "RED") {
            (false, true) => Some("FLAGGED"),
            (true, false) => Some("UNFLAGGED"),
            (true, true) | (false, false) => None,
        };
        if let Some(event) = event {
            let webhook = quality_update(&self.account.waba_id, at, &number.display_phone, event, &tier);
            self.post("account", "quality", &webhook);
        }
        let restricted = restricted.filter(|restrictions| !restrictions.is_empty());
        if let Some(restrictions) = restricted {
            let list: Vec<Value> = restrictions
                .iter()
                .map(|each| {
                    let mut entry = json!({ "restriction_type": each.kind });
                    if let Some(until) = each.expiration {
                        entry["expiration"] = json!(until);
                    }
                    entry
                })
                .collect();
            let value = json!({
                "phone_number": number.display_phone,
                "event": "ACCOUNT_RESTRICTION",
                "restriction_info": list,
            });
            self.post("account", "restriction", &account_update(at, &value));
        }
        Ok(())
    }

    /// The business changes its calling settings; the changes Meta tells are told by a webhook.
    pub(crate) fn change_settings(
        &self,
        number: &BusinessNumber,
        changes: &Map<String, Value>,
    ) -> Result<(), Refusal> {
        let at = self.clock.unix_seconds();
        let told = self.number(&number.id, |standing| {
            standing.change_settings(changes, at).map(|told| told.then(|| standing.calling(at)))
        })?;
        if let Some(calling) = told {
            let webhook = settings_update(&self.account.waba_id, at, &number.id, &calling);
            self.post("account", "settings", &webhook);
        }
        self.tell_pages();
        Ok(())
    }

    /// An early warning about a number.
    pub(crate) fn warn(
        &self,
        id: &str,
        violation: &str,
        remediation: Option<&str>,
    ) -> Result<(), PermitError> {
        let number = self.account.number(Some(id)).ok_or(PermitError::NoSuchNumber)?;
        let mut info = json!({ "violation_type": violation });
        if let Some(remediation) = remediation {
            info["remediation"] = json!(remediation);
        }
        let value = json!({
            "phone_number": number.display_phone, "event": "ACCOUNT_VIOLATION", "violation_info": info,
        });
        self.post("account", "warning", &account_update(self.clock.unix_seconds(), &value));
        Ok(())
    }
}
