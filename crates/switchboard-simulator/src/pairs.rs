//! Pairs: one number of the business and one customer, with the permissions between them and what they wrote.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use crate::permissions::{DAY, PermissionBook, Standing};

/// Pairs that are remembered.
const MOST_PAIRS: usize = 100_000;
/// Messages kept of a pair.
const MOST_MESSAGES: usize = 500;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Writer {
    /// The business.
    Business,
    /// The customer.
    Customer,
    /// WhatsApp itself, to the customer.
    System,
}

/// A message between a number and a customer.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// Meta's id.
    pub id: String,
    /// Seconds since 1970, by the simulator's clock.
    pub at: i64,
    /// Who wrote it.
    pub from: Writer,
    /// `text`, `call_permission_request`, `voice_call`, `button`, `template`, `permission_reply`, `call` or `system`.
    pub kind: String,
    /// What people read; of a system message its name.
    pub text: String,
    /// `sent`, `delivered`, `read` or `failed`; `received` for messages of the customer.
    pub status: String,
    /// Meta's code when it failed.
    pub error: Option<i64>,
    /// The template it was made from.
    pub template: Option<String>,
    /// The text on the call button.
    pub button: Option<String>,
    /// What comes back when the button is pressed.
    pub payload: Option<String>,
    /// Until when the button works.
    pub button_until: Option<i64>,
    /// The message it answers.
    pub context: Option<String>,
    /// A permission request: it can still be answered.
    pub open: bool,
    /// `biz_opaque_callback_data`.
    pub callback_data: Option<String>,
}

impl Message {
    pub(crate) fn new(id: String, at: i64, from: Writer, kind: &str, text: impl Into<String>) -> Self {
        let status = if from == Writer::Business { "sent" } else { "received" };
        Self {
            id,
            at,
            from,
            kind: kind.to_owned(),
            text: text.into(),
            status: status.to_owned(),
            error: None,
            template: None,
            button: None,
            payload: None,
            button_until: None,
            context: None,
            open: false,
            callback_data: None,
        }
    }
}

/// A pair as the control API tells it.
#[derive(Debug, Clone, Serialize)]
pub struct PairReport {
    /// Node id of the number.
    pub number: String,
    /// The customer's id.
    pub user_id: String,
    /// What is granted now.
    pub permission: Standing,
    /// Calls of the business in a row that were not taken.
    pub not_taken_in_a_row: u32,
    /// The request that waits for an answer.
    pub open_request: Option<String>,
    /// Until when free messages are allowed.
    pub window_until: Option<i64>,
    /// The simulator's clock, seconds since 1970.
    pub now: i64,
    /// What was written, the oldest first.
    pub messages: Vec<Message>,
}

/// What belongs to a pair.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pair {
    pub(crate) book: PermissionBook,
    pub(crate) messages: VecDeque<Message>,
    /// The last thing the customer did that opens the window of 24 hours.
    pub(crate) last_contact: Option<i64>,
}

impl Pair {
    /// Until when free messages are allowed: 24 hours after the customer's last message, call, or pick-up.
    pub(crate) fn window_until(&self, now: i64) -> Option<i64> {
        self.last_contact.map(|at| at + DAY).filter(|until| *until > now)
    }

    pub(crate) fn write(&mut self, message: Message) {
        if self.messages.len() == MOST_MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    pub(crate) fn message(&mut self, id: &str) -> Option<&mut Message> {
        self.messages.iter_mut().rev().find(|message| message.id == id)
    }
}

/// All pairs.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    known: HashMap<(String, String), Pair>,
}

impl Pairs {
    /// A pair to change. When there are too many a nameless one is changed and forgotten.
    pub(crate) fn with<Out>(&mut self, number: &str, user: &str, work: impl FnOnce(&mut Pair) -> Out) -> Out {
        let key = (number.to_owned(), user.to_owned());
        if self.known.len() >= MOST_PAIRS && !self.known.contains_key(&key) {
            return work(&mut Pair::default());
        }
        work(self.known.entry(key).or_default())
    }

    /// A message of a customer to this number was read; false when there is none.
    pub(crate) fn mark_read(&mut self, number: &str, id: &str) -> bool {
        let of_number = self.known.iter_mut().filter(|((own, _), _)| own == number);
        let found =
            of_number.filter_map(|(_, pair)| pair.message(id)).find(|found| found.from == Writer::Customer);
        match found {
            Some(message) => {
                message.status = "read".to_owned();
                true
            }
            None => false,
        }
    }

    /// A pair to read; nothing is remembered of one that was never heard of.
    pub(crate) fn read(&self, number: &str, user: &str) -> Pair {
        self.known.get(&(number.to_owned(), user.to_owned())).cloned().unwrap_or_default()
    }
}
