//! The provider's end: it has its own truth, and tells it by webhooks that cannot be relied on.

use std::time::Duration;

use switchboard_core::call::input::{CallInput, ProviderAnswer, ProviderEnded, ProviderFault};
use switchboard_core::time::Timestamp;

use super::{AtProvider, World, fault};

impl World {
    pub(super) fn provider_does(&mut self, what: AtProvider) {
        self.trace.line(self.start, self.now, &format!("   at the provider: {what:?}"));
        match what {
            AtProvider::DialArrives { reported } => self.dial_arrives(reported),
            AtProvider::CustomerPicksUp => self.customer_picks_up(),
            AtProvider::CustomerDeclines => self.customer_declines(),
            AtProvider::PreAcceptArrives { reported } => {
                let first = !self.provider.pre_accepted;
                let done = !self.provider.ended;
                self.provider.pre_accepted |= done;
                self.report(reported, done, CallInput::PreAcceptAnswered);
                if done && first && self.random.percent(90) {
                    self.media_connected = true;
                    let after = self.random.ms(30, 3_000);
                    self.inside(after, CallInput::CustomerConnected);
                    if self.random.percent(2) {
                        let broken = self.random.ms(100, 60_000);
                        self.inside(broken, CallInput::CustomerLegFailed);
                    }
                }
            }
            AtProvider::AcceptArrives { reported } => {
                let done = !self.provider.ended && self.provider.accepted_at.is_none();
                if done {
                    self.provider.accepted_at = Some(self.now);
                }
                self.report(reported, done, CallInput::AcceptAnswered);
                if done && self.media_connected {
                    let after = self.random.ms(20, 400);
                    self.inside(after, CallInput::CustomerHeard);
                    if self.random.percent(4) {
                        // He walks into a lift.
                        let silent = self.random.ms(30_000, 90_000);
                        self.inside(silent, CallInput::CustomerSilent);
                    }
                }
            }
            AtProvider::OurEndArrives | AtProvider::CustomerHangsUp => self.provider_ends(None),
            AtProvider::WindowOver if self.provider.accepted_at.is_none() => self.provider_ends(None),
            AtProvider::WindowOver => {}
            AtProvider::Breaks => self.provider_ends(Some(fault())),
        }
    }

    fn report(&mut self, reported: bool, done: bool, answered: impl Fn(ProviderAnswer) -> CallInput) {
        if reported {
            let after = self.random.ms(5, 100);
            let answer = if done { ProviderAnswer::Done } else { ProviderAnswer::Refused(fault()) };
            self.inside(after, answered(answer));
        }
    }

    pub(super) fn provider_ends(&mut self, error: Option<ProviderFault>) {
        if std::mem::replace(&mut self.provider.ended, true) {
            return;
        }
        let started_at = self.provider.accepted_at.map(whole_second);
        let ended_at = started_at.map(|_| whole_second(self.now));
        self.webhook(CallInput::ProviderEnded(ProviderEnded {
            at: whole_second(self.now),
            failed: error.is_some(),
            started_at,
            ended_at,
            duration: started_at.map(|started| self.now.since(started)),
            error,
        }));
        if self.media_connected {
            self.inside(Duration::from_secs(30), CallInput::CustomerSilent);
        }
    }
}

/// The provider stamps its webhooks with whole seconds.
const fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_seconds(moment.seconds())
}
