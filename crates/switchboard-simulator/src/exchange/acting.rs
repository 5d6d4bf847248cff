//! What the business does with a call: the actions of `POST /{number}/calls`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Exchange;
use crate::call::Wish;
use crate::clock::now;
use crate::customer::{CallState, EndedBy, Session};
use crate::faults::GraphFault;
use crate::locked;
use crate::rules::Refusal;

/// What an action of the business needs to know about the answer it gets.
pub(crate) enum Action {
    PreAccept,
    Accept,
    Reject,
    Terminate,
}

impl Action {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Terminate => "terminate",
        }
    }
}

impl Exchange {
    /// An action of the business on a call, as `POST /{number}/calls` carries it.
    pub(crate) fn act(
        &self,
        number: &str,
        wacid: &str,
        action: &Action,
        session: Option<&Session>,
        callback_data: Option<String>,
    ) -> Result<(), Refusal> {
        let ordinal = self.find(number, wacid).ok_or_else(|| Refusal::call("Unknown call_id"))?;
        let moment = now();
        let at = self.clock.unix_seconds();
        let done = self.with_call(ordinal, |call| {
            let customer = &mut call.customer;
            let answer = match action {
                Action::PreAccept => customer.pre_accept(moment, session)?,
                Action::Accept => {
                    let answer = customer.accept(moment, at, session)?;
                    if callback_data.is_some() {
                        customer.callback_data = callback_data;
                    }
                    answer
                }
                Action::Reject => {
                    customer.reject()?;
                    None
                }
                Action::Terminate => {
                    customer.terminate()?;
                    None
                }
            };
            let accepted = matches!(action, Action::Accept);
            if accepted {
                call.facts.gate_open.store(true, Ordering::Release);
            }
            if let Some(leg) = call.leg {
                // A dead customer never learns the answer: its port stays silent to every check.
                if let Some(answer) = answer.filter(|_| !call.dead) {
                    self.media.answered(leg, answer);
                }
                if accepted {
                    self.media.accepted(leg);
                }
            }
            let over = call.customer.state() == CallState::Ended;
            if accepted {
                let _ = call.wishes.try_send(Wish::Accepted);
            }
            if over {
                let _ = call.wishes.try_send(Wish::Over);
            }
            Ok(over)
        });
        let result = done.unwrap_or_else(|| Err(Refusal::call("Unknown call_id")));
        self.note(
            ordinal,
            match &result {
                Ok(_) => format!("{} taken", action.name()),
                Err(refusal) => format!("{} refused with {}", action.name(), refusal.code),
            },
        );
        let over = result?;
        if matches!(action, Action::Accept) {
            self.connected(ordinal);
        }
        if over {
            let by = if matches!(action, Action::Reject) { EndedBy::Rejected } else { EndedBy::Business };
            self.ended(ordinal, by);
        }
        Ok(())
    }

    /// The delay and refusal the faults hold for this request.
    pub(crate) fn graph_mishap(&self, wacid: Option<&str>, action: &str) -> (Duration, Option<GraphFault>) {
        let mut book = locked(&self.book);
        let ordinal = wacid.and_then(|wacid| book.by_wacid.get(wacid).copied()).unwrap_or(0);
        let since = book.faults_since;
        let mut own = None;
        let mut attempt = 0;
        if wacid.is_none() {
            attempt = book.requests;
            book.requests += 1;
        }
        if let Some(call) = book.calls.get_mut(&ordinal) {
            attempt = call.graph_requests;
            call.graph_requests += 1;
            own = call.faults.clone();
        }
        let (faults, number) = match &own {
            Some(own) => (own, 1),
            None => (&book.faults, ordinal.saturating_sub(since)),
        };
        let delay = Duration::from_millis(faults.graph_delay_ms);
        (delay, faults.graph_fault(number, action, attempt).cloned())
    }
}
