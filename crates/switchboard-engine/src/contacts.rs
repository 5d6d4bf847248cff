//! The books of customers after a call: when it is over, its contact learns of it, the window opens, and the counts of
//! the permission go on. What is owed stands in the call's row and is marked in the transaction that pays it, so each
//! call counts once, also over a restart.

mod import;

use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::call::input::Direction;
use switchboard_core::permission::WalletInput;
use switchboard_store::StoreError;
use switchboard_store::audit::Author;
use switchboard_store::book::{Change, Page, Standing};
use switchboard_store::calls::{CallRow, ToCount};
use switchboard_store::contacts::Identity;
use tokio::sync::Notify;

use crate::Engine;
use crate::conversations::heard;
use crate::permissions::changed;

pub use import::{FileRefused, MAX_FILE, MAX_LINES, ReadFile};

/// What no word of an ended call brings, a look does.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A node that counts counts sooner: what lies for so long is counted by any other.
const LEFT_LYING: Duration = Duration::from_secs(60);
/// Calls of one look.
const AT_ONCE: u64 = 100;

/// Who is told that a call is to be counted.
#[derive(Debug, Default)]
pub(crate) struct Books {
    ended: Notify,
}

impl Engine {
    /// A call's end is written.
    pub(crate) fn call_is_over(&self) {
        self.books().ended.notify_one();
    }

    pub(crate) fn spawn_books(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                match engine.count_calls().await {
                    Ok(()) => {}
                    Err(StoreError::Stopped { .. }) => return,
                    Err(error) => {
                        tracing::warn!(error = %error, "calls that ended are counted at the next look");
                    }
                }
                tokio::select! {
                    () = engine.books().ended.notified() => {}
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                }
            }
        });
    }

    /// Counts what waits to be counted. One call that cannot be counted keeps back no other.
    pub(crate) async fn count_calls(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let left_since = self.clock().now().minus(LEFT_LYING);
            let book = self.store().book();
            let waiting = book.calls_to_count(self.node(), left_since, after, AT_ONCE).await?;
            let is_last = (waiting.len() as u64) < AT_ONCE;
            after = waiting.last().map(|waiting| waiting.id);
            for waiting in waiting {
                let id = waiting.id;
                self.count_or_leave(waiting).await?;
                self.registry().is_counted(id);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    async fn count_or_leave(&self, waiting: ToCount) -> Result<(), StoreError> {
        let ToCount { id, tenant, call } = waiting;
        let counted = match call {
            Ok(call) => self.count_call(&call).await,
            Err(error) => Err(error),
        };
        match counted {
            Err(error) if error.is_of_the_database() => Err(error),
            // It will not be readable at the next look either.
            Err(error @ StoreError::Unreadable { .. }) => {
                tracing::warn!(call.id = %id, %error, "a call that ended is in no book: something cannot be read");
                let scope = Scope::of_the_exchange(tenant);
                self.store().book().leave_out(&scope, id, self.clock().now()).await
            }
            Err(error) => {
                tracing::warn!(call.id = %id, %error, "a call that ended is counted at the next look");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn count_call(&self, call: &CallRow) -> Result<(), StoreError> {
        let scope = Scope::of_the_exchange(call.tenant);
        let who = customer_of(call);
        let now = self.clock().now();
        let number = self.numbers_of_the_installation().into_iter().find(|number| number.id == call.number);
        let Some(number) = number.filter(|_| who.is_somebody()) else {
            return self.store().book().leave_out(&scope, call.id, now).await;
        };
        let page = Page::EndOf { who, branch: call.branch.or(number.branch), call: call.id };
        let decide = move |standing: &Standing| {
            let Some(call) = &standing.call else { return (Change::default(), Default::default()) };
            let mut wallet = standing.wallet.clone();
            let events = counted(call).map(|input| wallet.handle(now, input)).unwrap_or_default();
            let (change, answer) = changed(wallet, &events, now);
            let at = call.facts.offered_at.unwrap_or(call.created_at).min(now);
            let base = if opens_window(call) { heard(at) } else { Change::default() };
            let change =
                Change { heard: base.heard, uncallable: base.uncallable, called_at: Some(at), ..change };
            (change, answer)
        };
        let author = Author::exchange(now);
        let written = self.store().book().write(&scope, page, call.number, &author, decide).await?;
        if let Some(written) = written.filter(|written| written.answer.told) {
            self.tell_permission(&number, &written.contact, now).await?;
        }
        Ok(())
    }
}

/// Whose call it was.
pub(crate) fn customer_of(call: &CallRow) -> Identity {
    Identity {
        phone: call.caller.phone.clone(),
        user_id: call.caller.user_id.clone(),
        username: call.caller.username.clone(),
        profile_name: call.caller.name.clone(),
    }
}

/// What a call was for the permission.
fn counted(call: &CallRow) -> Option<WalletInput> {
    let facts = &call.facts;
    if let Some(at) = facts.accepted_at {
        let business_initiated = call.direction == Direction::Outgoing;
        return Some(WalletInput::CallConnected { at, business_initiated });
    }
    facts.rang_in_vain().map(|at| WalletInput::CallNotTaken { at })
}

/// A customer's call opens the window, taken or not; a call of ours does when he takes it.
fn opens_window(call: &CallRow) -> bool {
    match call.direction {
        Direction::Incoming => call.facts.offered,
        Direction::Outgoing => call.facts.accepted_at.is_some(),
    }
}
