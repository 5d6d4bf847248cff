//! Requests to the provider. `pre_accept` and `accept` leave once and report; `reject` and `terminate` are owed and
//! repeated until the provider has answered or it is of no use any more.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use switchboard_core::call::input::{CallInput, DialAnswer, DialRefusal, ProviderAnswer, ProviderFault};
use switchboard_provider::error::{GraphError, Retry};
use switchboard_provider::meta::graph::{Callee, GraphClient, to_answer, to_dial_answer};
use switchboard_provider::secret::AccessToken;

use super::spawn_with_span;
use crate::call_task::CallTask;

/// One attempt of an owed request.
const OWED_TIMEOUT: Duration = Duration::from_secs(5);
/// So long a `terminate` is of use: a customer without sound is let go by Meta after half of it (M8).
const TERMINATE_FOR: Duration = Duration::from_secs(60);
/// So long after its offer a `reject` is of use: then the longest of Meta's windows is over (30 to 60 s).
const REJECT_FOR: Duration = Duration::from_secs(60);
/// An owed request is repeated for so long at least, however late it is: clocks differ.
const OWED_AT_LEAST: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
enum Owed {
    Reject,
    Terminate,
}

impl CallTask {
    pub(crate) fn pre_accept(&mut self, within: Duration) {
        self.answer_offer(within, false);
    }

    pub(crate) fn accept(&mut self, within: Duration) {
        self.answer_offer(within, true);
    }

    fn answer_offer(&mut self, within: Duration, accept: bool) {
        let wrap = if accept { CallInput::AcceptAnswered } else { CallInput::PreAcceptAnswered };
        let (engine, results, answer) = (self.engine.clone(), self.results.clone(), self.answer.clone());
        let (number, call) = (self.number.provider_number_id.clone(), self.provider_call.clone());
        if !accept && self.row.sdp_answer.is_none() {
            self.row.sdp_answer = answer.get().cloned();
        }
        spawn_with_span(async move {
            let outcome = match (engine.token(&number), answer.get(), &call) {
                (Some(token), Some(sdp), Some(call)) => {
                    let graph = engine.graph();
                    let sent = if accept {
                        graph.accept(&number, token, call, sdp, within).await
                    } else {
                        graph.pre_accept(&number, token, call, sdp, within).await
                    };
                    to_answer(sent)
                }
                (None, _, _) => no_token(),
                (_, None, _) | (_, _, None) => {
                    ProviderAnswer::Unknown { detail: "there is no SDP answer to send".to_owned() }
                }
            };
            let _ = results.send(wrap(outcome)).await;
        });
    }

    /// Calls the customer, once. Our own id goes along, so that what the provider says of the call can be told whose
    /// it is before this is answered.
    pub(crate) fn dial(&mut self, within: Duration) {
        let (engine, results, offer) = (self.engine.clone(), self.results.clone(), self.answer.clone());
        let (number, id, named) = (self.number.provider_number_id.clone(), self.id, self.named.clone());
        let of = self.number.clone();
        let callee =
            Callee { phone: self.row.caller.phone.clone(), user_id: self.row.caller.user_id.clone() };
        self.row.sdp_offer = offer.get().cloned();
        spawn_with_span(async move {
            let (answer, call) = match (engine.token(&number), offer.get()) {
                (Some(token), Some(sdp)) => {
                    let graph = engine.graph();
                    let mark = id.to_string();
                    to_dial_answer(graph.connect(&number, token, &callee, sdp, &mark, within).await)
                }
                (None, _) => {
                    (DialAnswer::Refused { why: DialRefusal::NotSetUp, fault: token_missing() }, None)
                }
                (_, None) => {
                    (DialAnswer::Unknown { detail: "there is no SDP offer to send".to_owned() }, None)
                }
            };
            if let DialAnswer::Refused { why, .. } = &answer {
                engine.learn_from_refusal(&of, &callee, *why);
            }
            if let Some(call) = call {
                // Asked once per call, so it is named once.
                let _ = named.set(call);
            }
            let _ = results.send(CallInput::DialAnswered(answer)).await;
        });
    }

    /// `rings_for`: how long ago it was offered.
    pub(crate) fn reject(&mut self, rings_for: Duration) {
        self.owe(Owed::Reject, REJECT_FOR.saturating_sub(rings_for).max(OWED_AT_LEAST));
    }

    pub(crate) fn terminate(&mut self) {
        self.owe(Owed::Terminate, TERMINATE_FOR);
    }

    fn owe(&mut self, what: Owed, within: Duration) {
        let (engine, results) = (self.engine.clone(), self.results.clone());
        let (number, call) = (self.number.provider_number_id.clone(), self.provider_call.clone());
        spawn_with_span(async move {
            let outcome = match (engine.token(&number), &call) {
                (Some(token), Some(call)) => {
                    let attempt = || one_attempt(engine.graph(), what, &number, token, call);
                    let backoff = ExponentialBuilder::default()
                        .with_min_delay(Duration::from_millis(250))
                        .with_max_delay(Duration::from_secs(8))
                        .without_max_times()
                        .with_total_delay(Some(within))
                        .with_jitter();
                    to_answer(
                        attempt.retry(backoff).when(|error: &GraphError| error.retry != Retry::Never).await,
                    )
                }
                (None, _) => no_token(),
                // The machine asks for this only once the provider has named the call.
                (_, None) => ProviderAnswer::Unknown { detail: "the provider has not named it".to_owned() },
            };
            let _ = results
                .send(match what {
                    Owed::Reject => CallInput::RejectAnswered(outcome),
                    Owed::Terminate => CallInput::TerminateAnswered(outcome),
                })
                .await;
        });
    }
}

async fn one_attempt(
    graph: &GraphClient,
    what: Owed,
    number: &str,
    token: &AccessToken,
    call: &switchboard_core::ids::ProviderCallId,
) -> Result<(), GraphError> {
    match what {
        Owed::Reject => graph.reject(number, token, call, OWED_TIMEOUT).await,
        Owed::Terminate => graph.terminate(number, token, call, OWED_TIMEOUT).await,
    }
}

fn no_token() -> ProviderAnswer {
    ProviderAnswer::Refused(token_missing())
}

fn token_missing() -> ProviderFault {
    ProviderFault {
        code: 190,
        message: "no access token is configured for this number (META_ACCESS_TOKEN)".to_owned(),
    }
}
