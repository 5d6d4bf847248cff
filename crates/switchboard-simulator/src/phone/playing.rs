//! What a page plays: one customer towards one number. It is told what was written, what is granted, and which call of
//! the business rings.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::account::{BusinessNumber, CustomerCard};
use crate::exchange::{Exchange, PermitError};
use crate::people::Person;
use crate::permissions::Answer;

/// What a page asks for that plays a customer.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Asked {
    /// From now on it plays this customer towards this number.
    Play {
        #[serde(default)]
        number: Option<String>,
        customer: CustomerCard,
    },
    /// The customer declines the call that rings.
    Decline { call: String },
    /// The customer writes.
    Write { text: String },
    /// The customer answers a permission request.
    Reply { request: String, answer: Answer },
    /// The customer sets the permission in the profile of the business.
    Profile { answer: Answer },
}

/// The payload behind the call button of a message.
pub(super) fn payload(
    exchange: &Exchange,
    number: Option<&str>,
    customer: Option<&CustomerCard>,
    message: &str,
) -> Result<Option<String>, PermitError> {
    let number = exchange.account.number(number).ok_or(PermitError::NoSuchNumber)?;
    let person = customer.and_then(|card| exchange.people(|people| people.meet(card)));
    exchange.pressed(number, &person.ok_or(PermitError::NoSuchCustomer)?, message)
}

/// The page's part.
pub(super) struct Stage {
    exchange: Arc<Exchange>,
    part: Option<(BusinessNumber, Person)>,
    happened: watch::Receiver<u64>,
    told: Vec<Value>,
}

impl Stage {
    pub(super) fn new(exchange: &Arc<Exchange>) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            part: None,
            happened: exchange.happened.subscribe(),
            told: Vec::new(),
        }
    }

    /// Waits until there is something new to tell; for ever when nothing is played.
    pub(super) async fn news(&mut self) -> Vec<Value> {
        if self.part.is_none() || self.happened.changed().await.is_err() {
            return std::future::pending().await;
        }
        self.scene()
    }

    /// All that is on stage, as far as it was not told.
    fn scene(&mut self) -> Vec<Value> {
        let Some((number, person)) = &self.part else { return Vec::new() };
        let report = self.exchange.pair_report(&number.id, &person.user_id);
        let mut pair = json!(report);
        pair["type"] = json!("pair");
        // The seconds that pass are no news.
        pair["now"] = Value::Null;
        let ringing = self.exchange.ringing(&person.user_id);
        let incoming = match ringing {
            Some((call, number)) => json!({ "type": "incoming", "call": call, "number": number }),
            None => json!({ "type": "incoming", "call": null }),
        };
        let scene = vec![pair, incoming];
        let news = scene.iter().filter(|each| !self.told.contains(each)).cloned().collect();
        self.told = scene;
        news
    }

    pub(super) fn asked(&mut self, asked: Asked) -> Vec<Value> {
        let done = match asked {
            Asked::Play { number, customer } => self.play(number.as_deref(), &customer),
            Asked::Decline { call } => {
                if let Some(ordinal) = self.exchange.ordinal(&call) {
                    self.exchange.decline(ordinal);
                }
                Ok(())
            }
            Asked::Write { text } => self.does(|exchange, number, person| {
                exchange.customer_writes(number, person, &text, None, 0).map(|_| ())
            }),
            Asked::Reply { request, answer } => self.does(|exchange, number, person| {
                exchange.reply(number, person, Some(&request), answer).map(|_| ())
            }),
            Asked::Profile { answer } => self
                .does(|exchange, number, person| exchange.set_in_profile(number, person, answer).map(|_| ())),
        };
        let mut news = self.scene();
        if let Err(error) = done {
            news.push(json!({ "type": "refused", "why": error.to_string() }));
        }
        news
    }

    fn does(
        &self,
        work: impl FnOnce(&Exchange, &BusinessNumber, &Person) -> Result<(), PermitError>,
    ) -> Result<(), PermitError> {
        let Some((number, person)) = &self.part else { return Err(PermitError::NoSuchCustomer) };
        work(&self.exchange, number, person)
    }

    fn play(&mut self, number: Option<&str>, customer: &CustomerCard) -> Result<(), PermitError> {
        let number = self.exchange.account.number(number).ok_or(PermitError::NoSuchNumber)?.clone();
        let person = self.exchange.people(|people| people.meet(customer));
        let person = person.ok_or(PermitError::NoSuchCustomer)?;
        self.leave();
        self.exchange.play(&person.user_id, true);
        self.told.clear();
        self.part = Some((number, person));
        Ok(())
    }

    fn leave(&mut self) {
        if let Some((_, person)) = self.part.take() {
            self.exchange.play(&person.user_id, false);
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.leave();
    }
}
