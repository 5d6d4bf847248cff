//! The life of a call: its webhooks, its deadlines, and its one end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::Exchange;
use super::permitting::Followed;
use crate::call::{Letter, NewCall, Wish};
use crate::clock::now;
use crate::customer::EndedBy;
use crate::media::leg::LegNews;
use crate::webhooks::Delivery;
use crate::webhooks::body::{self, EndFacts};

/// What the user's app says when it hears nothing (real capture, Oct 2025).
const NO_MEDIA: (i64, &str) = (
    138_021,
    "WhatsApp client terminated the call due to not receiving any media for a long time. Please try again",
);

const SETUP_FAILED: (i64, &str) = (138_019, "WhatsApp client failed to set up the call");
const NO_RELAY: (i64, &str) = (138_020, "WhatsApp client was unable to connect to the relay");

/// When something happens by itself in a call.
#[derive(Debug)]
pub(super) struct Deadlines {
    pub(super) began: Instant,
    pub(super) ring_out: Option<Instant>,
    pub(super) hang_up: Option<Instant>,
    pub(super) hang_up_after_answer: Option<Duration>,
    /// The business calls: the phone begins to ring, is picked up, or declines.
    pub(super) rings: Option<Instant>,
    pub(super) takes: Option<Instant>,
    pub(super) declines: Option<Instant>,
}

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

    /// A call's life after its beginning: news of its media, wishes of the control API, and deadlines.
    pub(super) async fn live(
        self: Arc<Self>,
        ordinal: u64,
        wanted: NewCall,
        mut wishes: mpsc::Receiver<Wish>,
        mut news: mpsc::Receiver<LegNews>,
    ) {
        let began = now();
        let after = |millis: Option<u64>| millis.map(Duration::from_millis);
        let mut deadlines = Deadlines {
            began,
            ring_out: Some(began + self.limits.ring_time),
            hang_up: after(wanted.hang_up_after_ms).map(|span| began + span),
            hang_up_after_answer: after(wanted.hang_up_after_answer_ms),
            rings: None,
            takes: None,
            declines: None,
        };
        if self.with_call(ordinal, |call| call.plan.terminate_first).unwrap_or(false) {
            deadlines.hang_up = Some(began);
        }
        while self.step(ordinal, &mut deadlines, &mut wishes, &mut news).await {}
    }

    /// One step of a call; false when it is over.
    pub(super) async fn step(
        self: &Arc<Self>,
        ordinal: u64,
        deadlines: &mut Deadlines,
        wishes: &mut mpsc::Receiver<Wish>,
        news: &mut mpsc::Receiver<LegNews>,
    ) -> bool {
        let far = deadlines.began + Duration::from_secs(86_400);
        let wish = tokio::select! {
            () = self.stop.cancelled() => Wish::HangUp(EndedBy::Shutdown),
            () = sleep_until(deadlines.ring_out.unwrap_or(far)) => Wish::HangUp(EndedBy::RingTimeout),
            () = sleep_until(deadlines.hang_up.unwrap_or(far)) => Wish::HangUp(EndedBy::Customer),
            () = sleep_until(deadlines.rings.unwrap_or(far)) => Wish::Rings,
            () = sleep_until(deadlines.takes.unwrap_or(far)) => Wish::PickUp,
            () = sleep_until(deadlines.declines.unwrap_or(far)) => Wish::Decline,
            Some(wish) = wishes.recv() => wish,
            Some(news) = news.recv() => Wish::Leg(news),
        };
        match wish {
            Wish::HangUp(by) => {
                self.finish(ordinal, by);
                return false;
            }
            Wish::Over => return false,
            Wish::Rings => return self.reaches_the_phone(ordinal, deadlines),
            Wish::PickUp => {
                self.pick_up(ordinal);
            }
            Wish::Decline => {
                self.decline(ordinal);
                return false;
            }
            Wish::Accepted => {
                deadlines.ring_out = None;
                deadlines.takes = None;
                deadlines.declines = None;
                if let Some(span) = deadlines.hang_up_after_answer {
                    deadlines.hang_up = Some(deadlines.hang_up.unwrap_or(far).min(now() + span));
                }
            }
            Wish::Leg(LegNews::TooSilent) => {
                self.note(ordinal, "the customer's app heard nothing for too long");
                self.finish(ordinal, EndedBy::MediaTimeout);
                return false;
            }
            Wish::Leg(LegNews::Connected) => self.note(ordinal, "media connected (ICE and DTLS)"),
            Wish::Leg(LegNews::Heard) => self.note(ordinal, "first packet heard"),
            Wish::Leg(LegNews::Failed(why)) => self.note(ordinal, format!("media: {why}")),
        }
        true
    }

    /// The customer hangs up: over at once, so that the same customer can call again.
    pub(crate) fn hang_up(&self, ordinal: u64) {
        self.finish(ordinal, EndedBy::Customer);
        let _ = self.with_call(ordinal, |call| call.wishes.try_send(Wish::Over));
    }

    /// Ends a call from the customer's side, once.
    pub(super) fn finish(&self, ordinal: u64, by: EndedBy) {
        if self.with_call(ordinal, |call| call.customer.end(by)) == Some(true) {
            self.ended(ordinal, by);
        }
    }

    /// What follows every end: the media goes, the terminate webhook is sent.
    pub(super) fn ended(&self, ordinal: u64, by: EndedBy) {
        let at = self.clock.unix_seconds();
        let followed = self.with_call(ordinal, |call| {
            call.ended_at = Some(now());
            if let Some(leg) = call.leg.take() {
                self.media.remove(leg);
            }
            let error = match by {
                EndedBy::MediaTimeout => Some(NO_MEDIA),
                EndedBy::SetupFailed => Some(SETUP_FAILED),
                EndedBy::RelayUnreachable => Some(NO_RELAY),
                EndedBy::Customer
                | EndedBy::Business
                | EndedBy::Rejected
                | EndedBy::Declined
                | EndedBy::RingTimeout
                | EndedBy::Shutdown => None,
            };
            for (what, bytes) in call.all_held() {
                call.write(what, bytes, Duration::ZERO);
            }
            let end = EndFacts {
                at,
                started: call.customer.started,
                error,
                callback_data: call.customer.callback_data.clone(),
            };
            let terminate = body::terminate(&call.parties, &call.wacid, &end);
            let terminate =
                if call.in_batches { body::in_a_batch(terminate, &call.parties, at) } else { terminate };
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
            Followed::of(call)
        });
        self.note(ordinal, format!("over: {}", name_of(by)));
        if let Some(followed) = followed {
            self.after_the_end(&followed);
        }
    }
}

fn name_of(by: EndedBy) -> &'static str {
    match by {
        EndedBy::Customer => "the customer hung up",
        EndedBy::Business => "the business hung up",
        EndedBy::Rejected => "the business rejected",
        EndedBy::Declined => "the customer declined",
        EndedBy::SetupFailed => "the customer's app failed (138019)",
        EndedBy::RelayUnreachable => "the customer's app did not reach the relay (138020)",
        EndedBy::RingTimeout => "nobody answered",
        EndedBy::MediaTimeout => "no media (138021)",
        EndedBy::Shutdown => "the simulator stops",
    }
}

async fn sleep_until(moment: Instant) {
    tokio::time::sleep_until(tokio::time::Instant::from_std(moment)).await;
}
