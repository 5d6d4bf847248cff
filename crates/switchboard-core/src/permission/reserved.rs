//! A request takes its place in the counts before it is sent, so that two at once never exceed a limit. Until Meta has
//! named the message it stands under a name of ours; then it gets Meta's, or gives its place back.

use crate::ids::ProviderMessageId;
use crate::permission::{RequestState, Wallet, WalletEvent, WalletFacts, WalletInput};
use crate::time::Timestamp;

impl Wallet {
    /// Takes the place of a request that is about to be sent, under a name of ours. Whoever asks has looked at
    /// [`may_request`](Wallet::may_request) before, and nobody has changed the wallet since.
    pub fn reserve_request(&mut self, now: Timestamp, ours: ProviderMessageId) {
        // What follows from it is told when the request is on its way.
        let _ = self.handle(now, WalletInput::RequestSent { at: now, message_id: ours });
    }

    /// Meta took it and named it. Its answer may have been faster.
    pub fn request_taken(
        &mut self,
        now: Timestamp,
        ours: &ProviderMessageId,
        theirs: ProviderMessageId,
    ) -> Vec<WalletEvent> {
        if self.request(&theirs).is_none()
            && let Some(place) = self.request(ours)
        {
            place.message_id = theirs;
            return vec![WalletEvent::Requested];
        }
        self.withdraw(ours);
        self.stop_waiting();
        self.handle(now, WalletInput::RequestSent { at: now, message_id: theirs })
    }

    /// Meta refused it: nobody was asked, and nothing counts.
    pub fn request_refused(&mut self, ours: &ProviderMessageId) {
        self.withdraw(ours);
        self.stop_waiting();
    }

    fn withdraw(&mut self, ours: &ProviderMessageId) {
        self.facts.requests.retain(|request| request.message_id != *ours);
    }

    /// Two wallets of one person that were kept apart: what was decided last holds, and everything counts that was done
    /// in either.
    #[must_use]
    pub fn joined(one: Self, other: Self) -> Self {
        let (newer, older) = if one.facts.newest_change_at >= other.facts.newest_change_at {
            (one.facts, other.facts)
        } else {
            (other.facts, one.facts)
        };
        let mut facts = WalletFacts { ..newer };
        for request in older.requests {
            if facts.requests.iter().all(|known| known.message_id != request.message_id) {
                facts.requests.push(request);
            }
        }
        facts.requests.sort_by_key(|request| request.at);
        facts.counters_reset_at = facts.counters_reset_at.max(older.counters_reset_at);
        facts.revoked_by_meta_at = facts.revoked_by_meta_at.max(older.revoked_by_meta_at);
        for (moments, more) in
            [(&mut facts.connected, older.connected), (&mut facts.not_taken, older.not_taken)]
        {
            moments.extend(more);
            moments.sort_unstable();
            moments.dedup();
        }
        let began_anew = facts.counters_reset_at.max(facts.revoked_by_meta_at);
        facts.not_taken.retain(|at| began_anew.is_none_or(|since| since <= *at));
        let asked = |report: &Option<crate::permission::Report>| report.as_ref().map(|report| report.at);
        if asked(&older.reported) > asked(&facts.reported) {
            facts.reported = older.reported;
        }
        let waits = facts.requests.iter().any(|request| request.state == RequestState::Open);
        if waits && !facts.status.is_granted() {
            facts.status = crate::permission::PermissionStatus::Requested;
        }
        Self { facts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::{Answers, PermissionRules, PermissionStatus, ReplyVerdict};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn id(text: &str) -> ProviderMessageId {
        ProviderMessageId::new(text)
    }

    fn later(seconds: u64) -> Timestamp {
        NOW.plus(std::time::Duration::from_secs(seconds))
    }

    #[test]
    fn a_place_is_taken_before_the_request_is_sent_and_given_back_when_it_is_refused() {
        let rules = PermissionRules::default();
        let mut wallet = Wallet::default();
        wallet.reserve_request(NOW, id("msg_1"));
        assert!(wallet.may_request(NOW, &rules).is_err(), "one a day");
        wallet.request_refused(&id("msg_1"));
        assert_eq!(wallet.facts().status, PermissionStatus::None);
        assert!(wallet.may_request(NOW, &rules).is_ok());
    }

    #[test]
    fn a_request_that_was_taken_counts_once() {
        let rules = PermissionRules::default();
        let mut wallet = Wallet::default();
        wallet.reserve_request(NOW, id("msg_1"));
        let told = wallet.request_taken(later(1), &id("msg_1"), id("wamid.1"));
        assert_eq!(told, [WalletEvent::Requested]);
        assert_eq!(wallet.requests(later(1), &rules).0.used, 1);
    }

    #[test]
    fn an_answer_that_is_faster_than_the_response_finds_its_request() {
        let mut wallet = Wallet::default();
        wallet.reserve_request(NOW, id("msg_1"));
        let yes = WalletInput::Replied {
            at: NOW,
            verdict: ReplyVerdict::GrantedForGood,
            automatic: false,
            answers: Answers::Request(id("wamid.1")),
        };
        wallet.handle(NOW, yes);
        wallet.request_taken(later(1), &id("msg_1"), id("wamid.1"));
        assert_eq!(wallet.facts().status, PermissionStatus::Permanent);
        assert_eq!(wallet.facts().requests.len(), 1);
        assert_eq!(wallet.facts().requests[0].state, RequestState::Answered);
    }

    #[test]
    fn two_wallets_of_one_person_count_together() {
        let rules = PermissionRules::default();
        let mut by_number = Wallet::default();
        by_number.handle(NOW, WalletInput::RequestSent { at: NOW, message_id: id("wamid.1") });
        let mut by_id = Wallet::default();
        let yes = WalletInput::Replied {
            at: later(5),
            verdict: ReplyVerdict::GrantedForGood,
            automatic: false,
            answers: Answers::Nothing,
        };
        by_id.handle(later(5), yes);
        let joined = Wallet::joined(by_number.clone(), by_id.clone());
        assert_eq!(joined, Wallet::joined(by_id, by_number));
        assert_eq!(joined.facts().status, PermissionStatus::Permanent);
        assert_eq!(joined.requests(later(6), &rules).0.used, 1);
    }
}
