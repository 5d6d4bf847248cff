//! The customer leg is made beside the call's task, so that the call goes on hearing meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use switchboard_core::call::input::{CallInput, MediaRefusal};

use switchboard_media::MediaCommand;

use crate::call_task::CallTask;

/// Making a leg takes about a millisecond; a media thread that has not answered by then is in trouble.
const LEG_TIMEOUT: Duration = Duration::from_secs(2);

impl CallTask {
    pub(crate) fn prepare_media(&mut self) {
        let Some(offer) = self.row.sdp_offer.clone() else {
            self.refuse_media("the provider's offer carried no SDP");
            return;
        };
        let (engine, call, results) = (self.engine.clone(), self.id, self.results.clone());
        let (answer, released) = (self.answer.clone(), self.released.clone());
        tokio::spawn(async move {
            let leg = tokio::time::timeout(LEG_TIMEOUT, engine.media().open_customer(call, &offer)).await;
            let input = match leg {
                Ok(Ok(sdp)) => {
                    // Set once per call: the same answer goes out with pre_accept and accept.
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
        tokio::spawn(async move {
            let _ = results.send(input).await;
        });
    }
}
