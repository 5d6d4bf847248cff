//! Requests to the provider. `pre_accept` and `accept` leave once and report; `reject` and `terminate` are owed and
//! repeated until the provider has answered or the attempts are used up.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use switchboard_core::call::input::{CallInput, ProviderAnswer, ProviderFault};
use switchboard_provider::error::{GraphError, Retry};
use switchboard_provider::meta::graph::{GraphClient, to_answer};
use switchboard_provider::secret::AccessToken;

use crate::call_task::CallTask;

/// One attempt of an owed request.
const OWED_TIMEOUT: Duration = Duration::from_secs(5);
/// Attempts of an owed request: over about half a minute, after which Meta's own time-outs have ended the call.
const OWED_ATTEMPTS: usize = 6;

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
        tokio::spawn(async move {
            let outcome = match (engine.token(&number), answer.get()) {
                (Some(token), Some(sdp)) => {
                    let graph = engine.graph();
                    let sent = if accept {
                        graph.accept(&number, token, &call, sdp, within).await
                    } else {
                        graph.pre_accept(&number, token, &call, sdp, within).await
                    };
                    to_answer(sent)
                }
                (None, _) => no_token(),
                (_, None) => ProviderAnswer::Unknown { detail: "there is no SDP answer to send".to_owned() },
            };
            let _ = results.send(wrap(outcome)).await;
        });
    }

    pub(crate) fn reject(&mut self) {
        self.owe(Owed::Reject);
    }

    pub(crate) fn terminate(&mut self) {
        self.owe(Owed::Terminate);
    }

    fn owe(&mut self, what: Owed) {
        let (engine, results) = (self.engine.clone(), self.results.clone());
        let (number, call) = (self.number.provider_number_id.clone(), self.provider_call.clone());
        tokio::spawn(async move {
            let outcome = match engine.token(&number) {
                Some(token) => {
                    let attempt = || one_attempt(engine.graph(), what, &number, token, &call);
                    let backoff = ExponentialBuilder::default()
                        .with_min_delay(Duration::from_millis(250))
                        .with_max_delay(Duration::from_secs(8))
                        .with_max_times(OWED_ATTEMPTS - 1)
                        .with_jitter();
                    to_answer(
                        attempt.retry(backoff).when(|error: &GraphError| error.retry != Retry::Never).await,
                    )
                }
                None => no_token(),
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
    ProviderAnswer::Refused(ProviderFault {
        code: 190,
        message: "no access token is configured for this number (META_ACCESS_TOKEN)".to_owned(),
    })
}
