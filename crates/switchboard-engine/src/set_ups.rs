//! Customer legs are made in the order of arrival and no faster than the media thread can bear.
//!
//! A set-up costs the media thread about 3 ms of ICE, DTLS and SDP, and that time is taken from the sound of live
//! calls. Twenty a second are a sixteenth of it; two hundred at once would be half a second of silence for everybody.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use governor::{Quota, RateLimiter};
use tokio::sync::{mpsc, oneshot};

/// Set-ups that begin at once after a quiet moment: 15 ms of the media thread, less than a packet's length.
const BURST: NonZeroU32 = NonZeroU32::new(5).expect("not zero");
/// Calls that wait for their set-up. At 20 a second the last one waits 28 s, as long as a call may be answered; one
/// more would wait in vain, and is turned away at once.
pub(crate) const WAITING: usize = 560;
/// How many set-ups a second one media thread is given, unless told otherwise.
pub const SET_UPS_PER_SECOND: NonZeroU32 = NonZeroU32::new(20).expect("not zero");

/// Its turn would come too late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLate;

/// Who waits for a set-up.
#[derive(Debug)]
pub(crate) struct SetUps {
    waiting: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// The call is over: its turn goes to the next one.
    released: Arc<AtomicBool>,
    turn: oneshot::Sender<()>,
}

impl SetUps {
    /// Opens the desk.
    pub(crate) fn start(per_second: NonZeroU32) -> Self {
        let (waiting, line) = mpsc::channel(WAITING);
        tokio::spawn(call_up(line, per_second));
        Self { waiting }
    }

    /// Waits for a turn, for so long at the most.
    pub(crate) async fn turn(&self, within: Duration, released: Arc<AtomicBool>) -> Result<(), TooLate> {
        let (turn, called) = oneshot::channel();
        self.waiting.try_send(Waiting { released, turn }).map_err(|_| TooLate)?;
        match tokio::time::timeout(within, called).await {
            Ok(Ok(())) => Ok(()),
            // Called off because the call is over: whoever waits for it sees that himself.
            Ok(Err(_)) => Err(TooLate),
            Err(_elapsed) => Err(TooLate),
        }
    }
}

async fn call_up(mut line: mpsc::Receiver<Waiting>, per_second: NonZeroU32) {
    let pace = RateLimiter::direct(Quota::per_second(per_second).allow_burst(BURST.min(per_second)));
    let a_second = usize::try_from(per_second.get()).unwrap_or(usize::MAX);
    let mut flooded = false;
    while let Some(next) = line.recv().await {
        metrics::gauge!("switchboard_set_ups_waiting").set(line.len() as f64);
        if !flooded && line.len() >= a_second {
            flooded = true;
            tracing::warn!("more calls come than can be set up at once; they wait their turn");
        } else if flooded && line.is_empty() {
            flooded = false;
            tracing::info!("no call waits for its set-up any more");
        }
        // Who left does not use up a turn.
        if next.turn.is_closed() || next.released.load(Ordering::Acquire) {
            continue;
        }
        pace.until_ready().await;
        // He may have left this very moment; the next one is not late by it.
        let _ = next.turn.send(());
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests measure time")]
mod tests {
    use std::time::Instant;

    use super::*;

    fn rate(per_second: u32) -> NonZeroU32 {
        NonZeroU32::new(per_second).expect("not zero")
    }

    fn live() -> Arc<AtomicBool> {
        Arc::default()
    }

    #[tokio::test]
    async fn a_burst_goes_at_once_and_the_rest_in_order_and_paced() {
        let desk = Arc::new(SetUps::start(rate(50)));
        let began = Instant::now();
        let mut turns = Vec::new();
        for n in 0..15 {
            let desk = Arc::clone(&desk);
            turns.push(tokio::spawn(async move {
                desk.turn(Duration::from_secs(5), live()).await.map(|()| (n, Instant::now()))
            }));
            // Each stands in line before the next one comes.
            tokio::task::yield_now().await;
        }
        let mut came = Vec::new();
        for turn in turns {
            came.push(turn.await.expect("no panic").expect("in time"));
        }
        assert!(came.windows(2).all(|two| two[0].1 <= two[1].1), "not in the order of arrival: {came:?}");
        // Fifteen, of which five at once: the last one is not before ten fiftieths of a second.
        assert!(began.elapsed() >= Duration::from_millis(190), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn who_cannot_be_served_in_time_is_told_when_his_time_is_over() {
        let desk = Arc::new(SetUps::start(rate(1)));
        desk.turn(Duration::from_secs(5), live()).await.expect("the burst of one");
        let refused = desk.turn(Duration::from_millis(50), live()).await;
        assert_eq!(refused, Err(TooLate));
    }

    #[tokio::test]
    async fn a_call_that_is_over_uses_up_nobodys_turn() {
        let desk = Arc::new(SetUps::start(rate(1)));
        desk.turn(Duration::from_secs(5), live()).await.expect("the burst of one");
        let gone: Vec<_> = (0..100)
            .map(|_| {
                let desk = Arc::clone(&desk);
                let released = Arc::new(AtomicBool::new(true));
                tokio::spawn(async move { desk.turn(Duration::from_secs(60), released).await })
            })
            .collect();
        for one in gone {
            assert_eq!(one.await.expect("no panic"), Err(TooLate));
        }
        desk.turn(Duration::from_secs(3), live()).await.expect("the next second is his");
    }

    #[tokio::test]
    async fn more_than_can_be_served_in_time_are_turned_away_at_once() {
        let desk = Arc::new(SetUps::start(rate(1)));
        let waiting: Vec<_> = (0..WAITING + 10)
            .map(|_| {
                let desk = Arc::clone(&desk);
                tokio::spawn(async move { desk.turn(Duration::from_secs(60), live()).await })
            })
            .collect();
        let mut turned_away = 0;
        for one in waiting {
            if one.is_finished() || turned_away < 8 {
                if let Ok(Ok(Err(TooLate))) = tokio::time::timeout(Duration::from_millis(20), one).await {
                    turned_away += 1;
                }
            } else {
                one.abort();
            }
        }
        assert!(turned_away >= 8, "{turned_away}");
    }
}
