//! What calls and answers do to permissions, and the webhooks that tell the business.

use std::time::Duration;

use serde_json::json;

use super::Exchange;
use crate::account::BusinessNumber;
use crate::call::Call;
use crate::clock::now;
use crate::customer::{Direction, EndedBy};
use crate::locked;
use crate::pairs::{Message, Pair, PairReport, Writer};
use crate::people::Person;
use crate::permissions::{Answer, AnswerRefused, BookRules, NotTaken, Standing};
use crate::rules::Refusal;
use crate::webhooks::body::Parties;
use crate::webhooks::body::messages::{inbound, message_id, permission_reply};

/// Why a customer's wish about permissions, messages or calls could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermitError {
    /// No such number.
    #[error("no number with this id")]
    NoSuchNumber,
    /// Nobody is meant.
    #[error("a customer needs a number of 5 to 20 digits, a username or a user id")]
    NoSuchCustomer,
    /// Nothing was asked, or too long ago.
    #[error("{0}")]
    Answer(#[from] AnswerRefused),
    /// The profile knows "always" and "never" only.
    #[error("a permission for 7 days is the answer to a request; the profile knows always and never")]
    NotInProfile,
    /// The business number cannot call its customers.
    #[error("this business cannot call its customers: country or restriction")]
    NotAvailable,
    /// The button is not there any more.
    #[error("no call button in this message, or it has expired")]
    NoButton,
    /// A word Meta does not use here.
    #[error("no such word here: {0}")]
    NoSuchWord(String),
    /// A text without text.
    #[error("a message needs 1 to 4096 characters")]
    NoText,
}

/// What is to be known of a call after its end.
#[derive(Debug)]
pub(super) struct Followed {
    parties: Parties,
    wacid: String,
    rang: bool,
    accepted: bool,
    by: EndedBy,
    counted: bool,
}

impl Followed {
    pub(super) fn of(call: &Call) -> Self {
        Self {
            parties: call.parties.clone(),
            wacid: call.wacid.clone(),
            rang: call.customer.rang_at.is_some(),
            accepted: call.customer.accepted_at.is_some(),
            by: call.customer.ended_by().unwrap_or(EndedBy::Shutdown),
            counted: call.remembers,
        }
    }
}

impl Exchange {
    /// Counts a question about permissions; 613 when there were too many in a second.
    pub(crate) fn looks_up(&self) -> Result<(), Refusal> {
        let moment = now();
        let mut lookups = locked(&self.lookups);
        while lookups
            .front()
            .is_some_and(|at| moment.saturating_duration_since(*at) >= Duration::from_secs(1))
        {
            lookups.pop_front();
        }
        if lookups.len() >= self.limits.permission_lookups_per_second {
            return Err(Refusal::too_many_lookups());
        }
        lookups.push_back(moment);
        Ok(())
    }

    /// The limits of a number's pairs.
    pub(crate) fn rules(&self, number: &str) -> BookRules {
        self.number(number, |standing| standing.rules(&self.limits))
    }

    /// Both sides as webhooks name them.
    pub(crate) fn parties_of(
        &self,
        number: &BusinessNumber,
        person: &Person,
        direction: Direction,
    ) -> Parties {
        Parties {
            direction,
            waba_id: self.account.waba_id.clone(),
            number_id: number.id.clone(),
            display_phone: number.display_phone.clone(),
            name: person.name.clone(),
            from: person.phone.clone(),
            user_id: person.user_id.clone(),
            parent_user_id: None,
            username: person.username.clone(),
            cta_payload: None,
            deeplink_payload: None,
            with_contacts: true,
        }
    }

    /// A customer called: the window of 24 hours opens, whether the call is accepted or not.
    pub(super) fn customer_called(&self, ordinal: u64) {
        let at = self.clock.unix_seconds();
        let pair = self.with_call(ordinal, |call| {
            call.remembers.then(|| (call.parties.number_id.clone(), call.parties.user_id.clone()))
        });
        if let Some((number, user)) = pair.flatten() {
            self.pairs(|pairs| pairs.with(&number, &user, |pair| pair.last_contact = Some(at)));
            self.tell_pages();
        }
    }

    /// A call was connected, in either direction.
    pub(super) fn connected(&self, ordinal: u64) {
        let at = self.clock.unix_seconds();
        let pair = self.with_call(ordinal, |call| {
            let parties = &call.parties;
            call.remembers.then(|| (parties.number_id.clone(), parties.user_id.clone(), parties.direction))
        });
        if let Some((number, user, direction)) = pair.flatten() {
            self.pairs(|pairs| {
                pairs.with(&number, &user, |pair| {
                    pair.book.call_connected(at, direction == Direction::BusinessInitiated);
                    pair.last_contact = Some(at);
                });
            });
            self.tell_pages();
        }
    }

    /// What the end of a call leads to: a callback permission, a nudge, a revocation.
    pub(super) fn after_the_end(&self, call: &Followed) {
        if !call.counted {
            return;
        }
        let parties = &call.parties;
        let at = self.clock.unix_seconds();
        let rules = self.rules(&parties.number_id);
        let (writer, word) = match (parties.direction, call.accepted) {
            (Direction::UserInitiated, answered) => {
                (Writer::Customer, if answered { "answered" } else { "missed" })
            }
            (Direction::BusinessInitiated, answered) => {
                (Writer::Business, if answered { "answered" } else { "missed" })
            }
        };
        self.write(parties, |pair| {
            pair.write(Message::new(call.wacid.clone(), at, writer, "call", word));
        });
        if call.by == EndedBy::Shutdown {
            return;
        }
        match parties.direction {
            Direction::UserInitiated => {
                let Some(number) = self.account.number(Some(&parties.number_id)) else { return };
                let grants = self.number(&number.id, |standing| {
                    standing.callback_permission()
                        && standing.may_use_business_calling(number, &self.limits, at).is_ok()
                });
                let granted = grants && self.write(parties, |pair| pair.book.callback_granted(at, &rules));
                if granted {
                    let context = json!({
                        "from": parties.from.as_deref().unwrap_or(&parties.user_id), "id": call.wacid,
                    });
                    let standing = Standing::Temporary { until: at + rules.temporary_for };
                    self.tell_reply(parties, at, Answer::Temporary, standing, true, Some(context));
                }
            }
            Direction::BusinessInitiated if call.rang && !call.accepted => {
                let outcome = self.write(parties, |pair| {
                    let outcome = pair.book.call_not_taken(&rules);
                    let system = |word| {
                        let id = message_id(&parties.user_id, true);
                        Message::new(id, at, Writer::System, "system", word)
                    };
                    match outcome {
                        NotTaken::Counted => {}
                        NotTaken::Nudge => pair.write(system("nudge")),
                        NotTaken::Revoked => pair.write(system("revoked")),
                    }
                    outcome
                });
                if outcome == NotTaken::Revoked {
                    self.tell_reply(parties, at, Answer::Decline, Standing::None, true, None);
                }
            }
            Direction::BusinessInitiated => {}
        }
    }

    /// The customer answers the request that waits, or the one with this id.
    pub(crate) fn reply(
        &self,
        number: &BusinessNumber,
        person: &Person,
        request: Option<&str>,
        answer: Answer,
    ) -> Result<Standing, PermitError> {
        let at = self.clock.unix_seconds();
        let rules = self.rules(&number.id);
        let parties = self.parties_of(number, person, Direction::UserInitiated);
        let (request, standing) = self.write(&parties, |pair| {
            let newest = pair.book.open_request(at, &rules).map(str::to_owned);
            let request = request.map(str::to_owned).or(newest).ok_or(AnswerRefused::Unknown)?;
            let standing = pair.book.answered(at, &request, answer, &rules)?;
            pair.last_contact = Some(at);
            Ok::<_, AnswerRefused>((request, standing))
        })?;
        let context = json!({ "from": number.display_phone, "id": request });
        self.tell_reply(&parties, at, answer, standing, false, Some(context));
        Ok(standing)
    }

    /// The customer sets the permission in the profile of the business, or takes it back.
    pub(crate) fn set_in_profile(
        &self,
        number: &BusinessNumber,
        person: &Person,
        answer: Answer,
    ) -> Result<Standing, PermitError> {
        if answer == Answer::Temporary {
            return Err(PermitError::NotInProfile);
        }
        let at = self.clock.unix_seconds();
        if self.number(&number.id, |own| own.may_use_business_calling(number, &self.limits, at)).is_err() {
            return Err(PermitError::NotAvailable);
        }
        let rules = self.rules(&number.id);
        let parties = self.parties_of(number, person, Direction::UserInitiated);
        let standing = self.write(&parties, |pair| pair.book.set_in_profile(at, answer, &rules));
        self.tell_reply(&parties, at, answer, standing, false, None);
        Ok(standing)
    }

    /// The webhook of a reply, and its line in what was written.
    fn tell_reply(
        &self,
        parties: &Parties,
        at: i64,
        answer: Answer,
        standing: Standing,
        automatic: bool,
        context: Option<serde_json::Value>,
    ) {
        let id = message_id(parties.from.as_deref().unwrap_or(&parties.user_id), true);
        let word = match answer {
            Answer::Temporary => "temporary",
            Answer::Permanent => "permanent",
            Answer::Decline => "decline",
        };
        let mut message = Message::new(id.clone(), at, Writer::Customer, "permission_reply", word);
        message.context = context.as_ref().and_then(|context| context["id"].as_str().map(str::to_owned));
        self.write(parties, |pair| pair.write(message));
        let content = permission_reply(answer, standing, automatic);
        let webhook = inbound(parties, &id, at, context, &content);
        self.post(&parties.user_id, "permission reply", &webhook);
    }

    /// Changes a pair and tells the pages.
    pub(super) fn write<Out>(&self, parties: &Parties, work: impl FnOnce(&mut Pair) -> Out) -> Out {
        let out = self.pairs(|pairs| pairs.with(&parties.number_id, &parties.user_id, work));
        self.tell_pages();
        out
    }

    /// A pair as it stands.
    pub(crate) fn pair_report(&self, number: &str, user: &str) -> PairReport {
        let now = self.clock.unix_seconds();
        let rules = self.rules(number);
        let pair = self.pairs(|pairs| pairs.read(number, user));
        let mut messages: Vec<Message> = pair.messages.iter().cloned().collect();
        for message in &mut messages {
            message.open = pair.book.is_open(now, &message.id, &rules);
        }
        PairReport {
            number: number.to_owned(),
            user_id: user.to_owned(),
            permission: pair.book.standing(now),
            not_taken_in_a_row: pair.book.not_taken_in_a_row(),
            open_request: pair.book.open_request(now, &rules).map(str::to_owned),
            window_until: pair.window_until(now),
            now,
            messages,
        }
    }
}
