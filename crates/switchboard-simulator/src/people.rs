//! The customers: who they are to Meta, and what the simulated ones do when the business calls or writes.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::account::{CustomerCard, digits};
use crate::call::Sound;
use crate::permissions::Answer;

/// People that are remembered; load runs invent one per call and need none of them.
const MOST_PEOPLE: usize = 100_000;

/// What a customer does when the business calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCall {
    /// Picks up after so many milliseconds of ringing.
    AnswersAfterMs(u64),
    /// Declines after so many milliseconds of ringing.
    DeclinesAfterMs(u64),
    /// Lets it ring until Meta gives up.
    LetsItRing,
    /// Talks to somebody else: the call is rejected without ringing. Not in the Graph documents; SIP has 486 or 480
    /// for it (error codes, Jun 2026).
    Busy,
    /// Cannot be called at all: 138001.
    Uncallable,
    /// The app fails to set the call up: 138019 in the terminate webhook.
    SetupFails,
    /// The app does not reach the relay: 138020 in the terminate webhook.
    RelayUnreachable,
}

impl Default for OnCall {
    fn default() -> Self {
        Self::AnswersAfterMs(1_000)
    }
}

/// What becomes of a message to a customer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnMessage {
    /// Delivered and read.
    #[default]
    Reads,
    /// Delivered, not read.
    Receives,
    /// Sent, but never delivered: the phone is off.
    Misses,
    /// Undeliverable: 131026.
    Undeliverable,
}

/// How a simulated customer behaves. Where a person plays the customer on the phone page, calls and requests wait for
/// the person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// When the business calls.
    pub call: OnCall,
    /// What he says once he has picked up.
    pub sound: Sound,
    /// Hangs up so long after picking up.
    pub hang_up_after_answer_ms: Option<u64>,
    /// What he answers to a permission request; nothing when absent.
    pub request: Option<Answer>,
    /// What becomes of messages to him.
    pub message: OnMessage,
    /// His app knows neither permission requests nor call buttons: 131026.
    pub old_app: bool,
    /// What he hears is only counted, not decoded: for load.
    pub counts_only: bool,
}

/// A customer as Meta knows him.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Person {
    /// The business-scoped user id: the key of everything about him.
    pub(crate) user_id: String,
    pub(crate) phone: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) name: String,
    pub(crate) behaviour: Behaviour,
}

/// The id of a customer with a number, or with a username alone. It looks like Meta's and is stable, so that a call,
/// a message and a permission of the same person meet in one book.
pub(crate) fn user_id(phone: Option<&str>, username: Option<&str>) -> Option<String> {
    match (phone, username) {
        (Some(digits), _) => Some(format!("US.{digits:0>20}")),
        (None, Some(username)) => {
            // FNV-1a: the same on every machine.
            let hash = username.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            Some(format!("US.9{:0>19}", hash % 10_000_000_000_000_000_000))
        }
        (None, None) => None,
    }
}

/// Everybody who was ever named.
#[derive(Debug, Default)]
pub(crate) struct People {
    known: HashMap<String, Person>,
}

impl People {
    pub(crate) fn of(cards: &[CustomerCard]) -> Self {
        let mut people = Self::default();
        for card in cards {
            people.meet(card);
        }
        people
    }

    /// The person behind a card; a new one is remembered.
    pub(crate) fn meet(&mut self, card: &CustomerCard) -> Option<Person> {
        let phone = card.phone.as_deref().and_then(digits);
        let user_id = user_id(phone.as_deref(), card.username.as_deref())?;
        if let Some(known) = self.known.get_mut(&user_id) {
            if !card.name.is_empty() {
                known.name.clone_from(&card.name);
            }
            known.username = card.username.clone().or(known.username.take());
            return Some(known.clone());
        }
        let name = match (&card.name, &card.username, &phone) {
            (name, _, _) if !name.is_empty() => name.clone(),
            (_, Some(username), _) => username.clone(),
            // Real profile names can equal the number (user-initiated calls, 2025).
            (_, None, phone) => phone.clone().unwrap_or_default(),
        };
        let person = Person {
            user_id: user_id.clone(),
            phone,
            username: card.username.clone(),
            name,
            behaviour: Behaviour::default(),
        };
        if self.known.len() < MOST_PEOPLE {
            self.known.insert(user_id, person.clone());
        }
        Some(person)
    }

    /// The person with this number; every number belongs to somebody on WhatsApp.
    pub(crate) fn with_phone(&mut self, phone: &str) -> Option<Person> {
        let phone = digits(phone)?;
        self.meet(&CustomerCard { name: String::new(), phone: Some(phone), username: None })
    }

    /// The person with this user id; one that hides a number is found by it.
    pub(crate) fn with_user_id(&mut self, user_id: &str) -> Option<Person> {
        if let Some(known) = self.known.get(user_id) {
            return Some(known.clone());
        }
        let padded = user_id.strip_prefix("US.").filter(|digits| digits.len() == 20)?;
        let phone = padded.trim_start_matches('0');
        if phone.len() > 15 { None } else { self.with_phone(phone) }
    }

    /// Changes how somebody behaves.
    pub(crate) fn behave(&mut self, user_id: &str, behaviour: Behaviour) {
        if let Some(person) = self.known.get_mut(user_id) {
            person.behaviour = behaviour;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_person_is_found_by_number_and_by_user_id() {
        let mut people = People::default();
        let ana = people.with_phone("+55 11 98211-4477").expect("a person");
        assert_eq!(ana.user_id, "US.00000005511982114477");
        assert_eq!(people.with_user_id(&ana.user_id).map(|person| person.phone), Some(ana.phone));
        assert!(people.with_user_id("US.1234").is_none());
    }

    #[test]
    fn a_person_with_a_username_keeps_one_id() {
        let mut people = People::default();
        let card = CustomerCard { name: "Kenji".into(), phone: None, username: Some("kenji_t".into()) };
        let first = people.meet(&card).expect("a person");
        assert_eq!(Some(first.user_id), people.meet(&card).map(|person| person.user_id));
    }
}
