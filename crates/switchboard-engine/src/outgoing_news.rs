//! News of calls of ours: to the call, by the provider's id or by the mark we sent along.
//!
//! They may be faster than the answer to our own request, which tells the provider's id: then the mark (our id of the
//! call) names it. They may come when the call is over and its task is gone, or after a restart: then its row does.

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::ids::CallId;
use switchboard_store::StoreError;
use switchboard_store::calls::CallRow;
use switchboard_store::numbers::Number;
use tracing::Instrument as _;

use crate::Engine;
use crate::call_registry::{CallMessage, LiveCall, Undelivered};
use crate::call_task::{Begin, CallTask};
use crate::inbox::CallNews;
use crate::mark::call_of;

/// News without our mark wait so long for the answer to a request that is on its way: longer than it may take.
const UNNAMED_FOR: Duration = Duration::from_secs(15);
/// Between two looks for it.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Engine {
    pub(crate) fn dispatch_to_ours(&self, number: Arc<Number>, mark: Option<&str>, news: CallNews) {
        let mark = call_of(mark);
        let (provider_call, inbox) = (news.provider_call.clone(), news.inbox);
        let message = CallMessage::News(Box::new(news));
        match self.registry().deliver_to_ours(number.id, &provider_call, mark, message) {
            Ok(()) => {}
            Err(Undelivered::Full) => {
                tracing::warn!(number.id = %number.id, "a call does not keep up with its news; they wait in the inbox");
            }
            Err(Undelivered::Unknown(message)) => {
                let engine = self.clone();
                let work = async move {
                    match engine.find_ours(&number, mark, *message).await {
                        Ok(true) => {}
                        Ok(false) => {
                            tracing::info!(number.id = %number.id, "news of a call that this exchange did not place");
                            engine.inbox_done(inbox.into_iter().collect());
                        }
                        Err(error) => {
                            tracing::warn!(error = %error, "a call of ours could not be looked up; its news wait in the inbox");
                        }
                    }
                };
                tokio::spawn(work.in_current_span());
            }
        }
    }

    /// Looks where the call can be that is not live here. False: nowhere.
    async fn find_ours(
        &self,
        number: &Arc<Number>,
        mark: Option<CallId>,
        message: CallMessage,
    ) -> Result<bool, StoreError> {
        let CallMessage::News(news) = &message else { return Ok(false) };
        let provider_call = news.provider_call.clone();
        let scope = Scope::of_the_exchange(number.tenant);
        let calls = self.store().calls();
        let mut row = calls.by_provider_call(&scope, number.id, &provider_call).await?;
        if let (None, Some(mark)) = (&row, mark) {
            row = calls.by_id(&scope, mark).await?.filter(|row| row.number == number.id);
        }
        if let Some(row) = row {
            return Ok(self.take_up_ours(number, row, message));
        }
        let mut message = message;
        // Nobody but a request on its way can still name it.
        let mut left = UNNAMED_FOR;
        while mark.is_none() && !left.is_zero() && self.registry().any_unnamed(number.id) {
            tokio::time::sleep(LOOK_EVERY).await;
            left = left.saturating_sub(LOOK_EVERY);
            match self.registry().deliver_to_ours(number.id, &provider_call, None, message) {
                Ok(()) | Err(Undelivered::Full) => return Ok(true),
                Err(Undelivered::Unknown(back)) => message = *back,
            }
        }
        Ok(false)
    }

    /// A task for a call that has none, with these news as its first.
    fn take_up_ours(&self, number: &Arc<Number>, row: CallRow, message: CallMessage) -> bool {
        let CallMessage::News(news) = &message else { return false };
        let provider_call = news.provider_call.clone();
        let live = LiveCall::new(row.tenant, row.branch);
        if let Some(birth) = self.registry().adopt(row.number, row.provider_call_id.as_ref(), row.id, live) {
            CallTask::start(self.clone(), Arc::clone(number), Begin::Kept(row.id), birth);
        }
        match self.registry().deliver_to_ours(number.id, &provider_call, Some(row.id), message) {
            // Full: the entry waits in the inbox.
            Ok(()) | Err(Undelivered::Full) => true,
            Err(Undelivered::Unknown(_)) => false,
        }
    }
}
