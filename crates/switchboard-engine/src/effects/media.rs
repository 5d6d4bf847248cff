//! The customer leg is made beside the call's task, so that the call goes on hearing meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use switchboard_core::call::input::{CallInput, MediaRefusal};

use switchboard_media::MediaCommand;

use super::spawn_with_span;
use crate::call_task::CallTask;

/// Making a leg takes about a millisecond; a media thread that has not answered by then is in trouble.
const LEG_TIMEOUT: Duration = Duration::from_secs(2);

impl CallTask {
    /// `within`: how long a leg is still of use.
    pub(crate) fn prepare_media(&mut self, within: Duration) {
        let Some(offer) = self.row.sdp_offer.clone() else {
            self.refuse_media("the provider's offer carried no SDP");
            return;
        };
        let (engine, call) = (self.engine.clone(), self.id);
        let terms = self.number.media_terms();
        self.set_up(within, async move { engine.media().open_customer(call, &offer, terms).await });
    }

    /// The same for a call of ours: what we write is the offer.
    pub(crate) fn prepare_offer(&mut self, within: Duration) {
        let (engine, call) = (self.engine.clone(), self.id);
        let terms = self.number.media_terms();
        self.set_up(within, async move { engine.media().offer_customer(call, terms).await });
    }

    /// Hands the customer's media answer to his leg.
    pub(crate) fn apply_answer(&mut self) {
        let Some(answer) = self.row.sdp_answer.clone() else {
            self.refuse_media("the provider's answer carried no SDP");
            return;
        };
        let (engine, call, results) = (self.engine.clone(), self.id, self.results.clone());
        let terms = self.number.media_terms();
        spawn_with_span(async move {
            if let Err(refusal) = engine.media().customer_answered(call, &answer, terms).await {
                let _ = results.send(CallInput::MediaRefused(refusal)).await;
            }
        });
    }

    /// Makes a leg when its turn has come; what it wrote is kept for the provider.
    fn set_up(
        &self,
        within: Duration,
        making: impl Future<Output = Result<String, MediaRefusal>> + Send + 'static,
    ) {
        let (engine, call, results) = (self.engine.clone(), self.id, self.results.clone());
        let (answer, released) = (self.answer.clone(), self.released.clone());
        spawn_with_span(async move {
            if engine.set_ups().turn(within, Arc::clone(&released)).await.is_err() {
                // Over in the meantime: nobody asks any more.
                if !released.load(Ordering::Acquire) {
                    metrics::counter!("switchboard_calls_flooded_total").increment(1);
                    let _ = results.send(CallInput::MediaRefused(MediaRefusal::Flooded)).await;
                }
                return;
            }
            let leg = tokio::time::timeout(LEG_TIMEOUT, making).await;
            let input = match leg {
                Ok(Ok(sdp)) => {
                    // Set once per call: the same answer goes out with pre_accept and accept, an offer once.
                    let _ = answer.set(sdp);
                    CallInput::MediaPrepared
                }
                Ok(Err(refusal)) => CallInput::MediaRefused(refusal),
                Err(_) => CallInput::MediaRefused(MediaRefusal::Unavailable),
            };
            if released.load(Ordering::Acquire) {
                // The call ended while its leg was being made, so the order to close it may have come too early.
                engine.media().command(MediaCommand::CloseCustomer { call });
            }
            // The call's task may be gone by now; then nobody waits for this.
            let _ = results.send(input).await;
        });
    }

    fn refuse_media(&self, why: &str) {
        let input = CallInput::MediaRefused(MediaRefusal::BadOffer(why.to_owned()));
        let results = self.results.clone();
        spawn_with_span(async move {
            let _ = results.send(input).await;
        });
    }
}
