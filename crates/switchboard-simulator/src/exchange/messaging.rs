//! What the business writes, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Exchange;
use crate::account::BusinessNumber;
use crate::customer::Direction;
use crate::letters::Content;
use crate::pairs::{Message, Writer};
use crate::people::{OnMessage, Person};
use crate::permissions::RequestRefused;
use crate::rules::{Refusal, WindowRefusal};
use crate::webhooks::body::Parties;
use crate::webhooks::body::messages::{StatusFacts, message_id, status};

/// A simulated customer answers a request after this long: after the answer to the request itself.
const THINKS_FOR: Duration = Duration::from_millis(200);

/// What stands beside the content of a message.
#[derive(Debug, Default)]
pub(crate) struct Letterhead {
    pub(crate) context: Option<String>,
    pub(crate) callback_data: Option<String>,
}

/// Code, title and details of a failed status.
type Failure = (i64, &'static str, &'static str);

const OUTSIDE_WINDOW: Failure = (
    131_047,
    "Re-engagement message",
    "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
);
const UNDELIVERABLE: Failure = (131_026, "Message undeliverable", "Message Undeliverable.");

impl Exchange {
    /// The business writes to a customer; gives the message's id.
    pub(crate) fn business_writes(
        self: &Arc<Self>,
        number: &BusinessNumber,
        person: &Person,
        content: Content,
        head: Letterhead,
    ) -> Result<String, Refusal> {
        let at = self.clock.unix_seconds();
        let rules = self.rules(&number.id);
        self.number(&number.id, |standing| {
            standing.may_reach(person.phone.as_deref())?;
            if content.asks {
                if !standing.calling_is_on() {
                    return Err(Refusal::calling_off());
                }
                standing.may_use_business_calling(number, &self.limits, at)?;
            }
            if content.button.is_some() && !standing.call_buttons {
                return Err(Refusal::message(
                    400,
                    131_009,
                    "Parameter value is not valid",
                    "Interactive type voice_call is not supported for this sender",
                ));
            }
            Ok(())
        })?;
        let parties = self.parties_of(number, person, Direction::UserInitiated);
        let behaviour = &person.behaviour;
        let id = message_id(parties.from.as_deref().unwrap_or(&parties.user_id), false);
        let refuses = self.switches().outside_window == WindowRefusal::BadRequest;
        let new_features = content.asks || content.button.is_some();
        // The limits are judged and used up in one step: two requests at the same time are one too many.
        let failure = self.write(&parties, |pair| {
            let outside = content.template.is_none() && pair.window_until(at).is_none();
            if outside && refuses {
                let (code, title, details) = OUTSIDE_WINDOW;
                return Err(Refusal::message(400, code, title, details));
            }
            if content.asks {
                pair.book.may_request(at, &rules).map_err(|refused| match refused {
                    RequestRefused::Permanent => Refusal::permanent_already(),
                    RequestRefused::Limit { .. } => Refusal::too_many_requests(),
                })?;
            }
            let failure = if outside {
                Some(OUTSIDE_WINDOW)
            } else if behaviour.message == OnMessage::Undeliverable || (behaviour.old_app && new_features) {
                Some(UNDELIVERABLE)
            } else {
                None
            };
            if content.asks && failure.is_none() {
                pair.book.request_sent(at, id.clone());
            }
            let mut message =
                Message::new(id.clone(), at, Writer::Business, content.kind, content.text.clone());
            if content.asks {
                message.kind = "call_permission_request".into();
            }
            message.template.clone_from(&content.template);
            message.context.clone_from(&head.context);
            message.callback_data.clone_from(&head.callback_data);
            if let Some(button) = &content.button {
                message.button = Some(button.text.clone());
                message.payload.clone_from(&button.payload);
                message.button_until = Some(at + button.ttl_minutes * 60);
            }
            let reads = self.is_played(&person.user_id) || behaviour.message == OnMessage::Reads;
            message.status = match (failure, behaviour.message) {
                (Some(_), _) => "failed",
                (None, _) if reads => "read",
                (None, OnMessage::Misses) => "sent",
                (None, _) => "delivered",
            }
            .to_owned();
            message.error = failure.map(|(code, _, _)| code);
            let status = message.status.clone();
            pair.write(message);
            Ok((failure, status))
        });
        let (failure, reached) = failure?;
        let steps: &[&str] = match reached.as_str() {
            "failed" => &["failed"],
            "sent" => &["sent"],
            "delivered" => &["sent", "delivered"],
            _ => &["sent", "delivered", "read"],
        };
        for step in steps {
            let pricing = matches!(*step, "sent" | "delivered").then(|| pricing(&content));
            let facts = StatusFacts {
                message: &id,
                status: step,
                at,
                callback_data: head.callback_data.as_deref(),
                pricing,
                error: failure.filter(|_| *step == "failed"),
            };
            self.post(&parties.user_id, "status", &status(&parties, &facts));
        }
        if content.asks && failure.is_none() {
            self.answers_by_himself(number, person, &parties, &id);
        }
        Ok(id)
    }

    /// A simulated customer may answer a request; where a person plays him, the person does.
    fn answers_by_himself(
        self: &Arc<Self>,
        number: &BusinessNumber,
        person: &Person,
        parties: &Parties,
        request: &str,
    ) {
        let Some(answer) = person.behaviour.request.filter(|_| !self.is_played(&parties.user_id)) else {
            return;
        };
        let (exchange, number, person) = (Arc::clone(self), number.clone(), person.clone());
        let request = request.to_owned();
        self.tasks.spawn(async move {
            tokio::select! {
                () = exchange.stop.cancelled() => {}
                () = tokio::time::sleep(THINKS_FOR) => {
                    if let Err(error) = exchange.reply(&number, &person, Some(&request), answer) {
                        tracing::warn!(%error, "a simulated customer answers a permission request");
                    }
                }
            }
        });
    }

    /// The business has read a message of a customer; false when nobody wrote it.
    pub(crate) fn mark_read(&self, number: &str, message: &str) -> bool {
        let marked = self.pairs(|pairs| pairs.mark_read(number, message));
        if marked {
            self.tell_pages();
        }
        marked
    }
}

/// What a message costs, in the words of 2025: free within the window, paid as a template.
fn pricing(content: &Content) -> Value {
    match &content.category {
        Some(category) => {
            json!({ "billable": true, "pricing_model": "PMP", "type": "regular", "category": category })
        }
        None => json!({
            "billable": false, "pricing_model": "PMP", "type": "free_customer_service", "category": "service",
        }),
    }
}
