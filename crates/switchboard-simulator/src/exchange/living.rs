//! The life of a call: its webhooks, its deadlines, and its one end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Exchange;
use crate::call::{Letter, NewCall, Wish};
use crate::clock::{now, unix_seconds};
use crate::customer::EndedBy;
use crate::media::leg::LegNews;
use crate::webhooks::Delivery;
use crate::webhooks::body::{self, EndFacts};

/// What the user's app says when it hears nothing (real capture, Oct 2025).
const NO_MEDIA: (i64, &str) = (
    138_021,
    "WhatsApp client terminated the call due to not receiving any media for a long time. Please try again",
);

impl Exchange {
    /// Delivers the webhooks of a call in their order; repeats do not hold up the next one.
    pub(super) async fn deliver(self: Arc<Self>, ordinal: u64, mut letters: mpsc::Receiver<Letter>) {
        while let Some(letter) = letters.recv().await {
            if !letter.delay.is_zero() {
                tokio::time::sleep(letter.delay).await;
            }
            let delivery = self.postman.attempt(&letter.bytes).await;
            self.delivered(ordinal, letter.what, 1, delivery);
            if delivery.status != Some(200) {
                let exchange = Arc::clone(&self);
                let what = letter.what;
                self.postman.retry(letter.bytes, move |attempt, delivery| {
                    exchange.delivered(ordinal, what, attempt, delivery);
                });
            }
        }
    }

    fn delivered(&self, ordinal: u64, what: &'static str, attempt: u32, delivery: Delivery) {
        let ok = delivery.status == Some(200);
        let _ = self.with_call(ordinal, |call| {
            call.webhooks.attempts += 1;
            call.webhooks.failures += u32::from(!ok);
            call.webhooks.terminates_delivered += u32::from(ok && what == "terminate");
            if what == "connect" && call.connect_took.is_none() && ok {
                call.connect_sent_at = Some(delivery.sent_at);
                call.connect_took = Some(delivery.took);
            }
        });
        let answer = delivery.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let again = if attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
        self.note(ordinal, format!("webhook {what}{again}: {answer} after {} ms", delivery.took.as_millis()));
    }

    /// A call's life: news of its media, wishes of the control API, and deadlines.
    pub(super) async fn live(
        self: Arc<Self>,
        ordinal: u64,
        wanted: NewCall,
        mut wishes: mpsc::Receiver<Wish>,
        mut news: mpsc::Receiver<LegNews>,
    ) {
        let began = now();
        let after = |millis: Option<u64>| millis.map(Duration::from_millis);
        let mut ring_out: Option<Instant> = Some(began + self.limits.ring_time);
        let mut hang_up = after(wanted.hang_up_after_ms).map(|span| began + span);
        if self.with_call(ordinal, |call| call.plan.terminate_first).unwrap_or(false) {
            hang_up = Some(began);
        }
        loop {
            let far = began + Duration::from_secs(86_400);
            let wish = tokio::select! {
                () = self.stop.cancelled() => Wish::HangUp(EndedBy::Shutdown),
                () = sleep_until(ring_out.unwrap_or(far)) => Wish::HangUp(EndedBy::RingTimeout),
                () = sleep_until(hang_up.unwrap_or(far)) => Wish::HangUp(EndedBy::Customer),
                Some(wish) = wishes.recv() => wish,
                Some(news) = news.recv() => Wish::Leg(news),
            };
            match wish {
                Wish::HangUp(by) => {
                    self.finish(ordinal, by);
                    return;
                }
                Wish::Over => return,
                Wish::Accepted => {
                    ring_out = None;
                    if let Some(span) = after(wanted.hang_up_after_answer_ms) {
                        hang_up = Some(hang_up.unwrap_or(far).min(now() + span));
                    }
                }
                Wish::Leg(LegNews::TooSilent) => {
                    self.note(ordinal, "the customer's app heard nothing for too long");
                    self.finish(ordinal, EndedBy::MediaTimeout);
                    return;
                }
                Wish::Leg(LegNews::Connected) => self.note(ordinal, "media connected (ICE and DTLS)"),
                Wish::Leg(LegNews::Heard) => self.note(ordinal, "first packet heard"),
                Wish::Leg(LegNews::Failed(why)) => self.note(ordinal, format!("media: {why}")),
            }
        }
    }

    /// The customer hangs up: over at once, so that the same customer can call again.
    pub(crate) fn hang_up(&self, ordinal: u64) {
        self.finish(ordinal, EndedBy::Customer);
        let _ = self.with_call(ordinal, |call| call.wishes.try_send(Wish::Over));
    }

    /// Ends a call from the customer's side, once.
    fn finish(&self, ordinal: u64, by: EndedBy) {
        if self.with_call(ordinal, |call| call.customer.end(by)) == Some(true) {
            self.ended(ordinal, by);
        }
    }

    /// What follows every end: the media goes, the terminate webhook is sent.
    pub(super) fn ended(&self, ordinal: u64, by: EndedBy) {
        let _ = self.with_call(ordinal, |call| {
            call.ended_at = Some(now());
            if let Some(leg) = call.leg.take() {
                self.media.remove(leg);
            }
            let error = (by == EndedBy::MediaTimeout).then_some(NO_MEDIA);
            let end = EndFacts {
                at: unix_seconds(),
                started: call.customer.started,
                error,
                callback_data: call.customer.callback_data.clone(),
            };
            let terminate = body::terminate(&call.parties, &call.wacid, &end);
            let terminate =
                if call.in_batches { body::in_a_batch(terminate, &call.parties) } else { terminate };
            let bytes = body::bytes(&terminate);
            if call.plan.drop_terminate {
                call.note("the terminate webhook is lost");
            } else {
                for _ in 0..if call.plan.duplicate_terminate { 2 } else { 1 } {
                    let delay = call.plan.terminate_delay;
                    call.write("terminate", bytes.clone(), delay);
                }
            }
            if (call.plan.connect_again_after_terminate || call.plan.terminate_first)
                && !call.plan.drop_connect
            {
                let delay = call.plan.connect_delay;
                call.write("connect", call.connect_bytes.clone(), delay);
            }
            call.close_letters();
        });
        self.note(ordinal, format!("over: {}", name_of(by)));
    }
}

fn name_of(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Customer => "the customer hung up",
        EndedBy::Business => "the business hung up",
        EndedBy::Rejected => "the business rejected",
        EndedBy::RingTimeout => "nobody answered",
        EndedBy::MediaTimeout => "no media (138021)",
        EndedBy::Shutdown => "the simulator stops",
    }
}

async fn sleep_until(moment: Instant) {
    tokio::time::sleep_until(tokio::time::Instant::from_std(moment)).await;
}
