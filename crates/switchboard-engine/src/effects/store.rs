//! Writing a call down: row and story together, one write in flight, what comes meanwhile joins the next.

use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, EventRow, OwnerFence};
use switchboard_store::jobs::NewJob;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::spawn_with_span;
use crate::Engine;

/// How long a call waits before it tries again to be written; each failure in a row adds as much, up to the longest.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Entries of a story that wait for a database that is away. A call has a few dozen of them in its life; the flight
/// record of one that has more is cut, what became of it is not.
const MOST_WAITING: usize = 1_000;
/// A write that the database refuses for its content is not tried more often than this.
const REFUSED_AT_MOST: u32 = 10;

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saved {
    /// It is in the database.
    Written,
    /// The database did not take it; it is tried again.
    Later,
    /// Another node owns the call.
    Fenced,
}

/// The writer of one call.
#[derive(Debug)]
pub(crate) struct Saver {
    engine: Engine,
    scope: Scope,
    fence: OwnerFence,
    created: bool,
    /// The row as it stands in the database, where that is certain.
    written: Option<CallRow>,
    seq: i32,
    waiting: Vec<EventRow>,
    processed: Vec<Uuid>,
    owed: Vec<NewJob>,
    touched: bool,
    failures: u32,
    in_flight: Option<InFlight>,
    newest: Option<(String, Timestamp)>,
    ended_seen: bool,
}

#[derive(Debug)]
struct InFlight {
    job: JoinHandle<Result<(), StoreError>>,
    row: CallRow,
    events: Vec<EventRow>,
    processed: Vec<Uuid>,
    owed: Vec<NewJob>,
}

impl Saver {
    pub(crate) fn new(engine: Engine, scope: Scope, row: &CallRow, created: bool, seq: i32) -> Self {
        Self {
            engine,
            scope,
            fence: OwnerFence { node: row.owner_node, epoch: row.owner_epoch },
            created,
            written: None,
            seq,
            waiting: Vec::new(),
            processed: Vec::new(),
            owed: Vec::new(),
            touched: false,
            failures: 0,
            in_flight: None,
            newest: None,
            ended_seen: row.facts().ending.is_some(),
        }
    }

    /// The entry that was written last, before there was a writer.
    pub(crate) fn after(mut self, written: Option<EventRow>) -> Self {
        self.newest = written.map(|event| (event.kind, event.at));
        self
    }

    /// One more entry of the story. Several people rung (or not rung any more) for the same reason at the same moment
    /// are one entry.
    pub(crate) fn add(&mut self, mut event: EventRow) {
        if let Some(last) = self.waiting.last_mut()
            && last.kind == event.kind
            && last.at == event.at
            && last.data["why"] == event.data["why"]
            && let (Some(users), Some(more)) =
                (last.data["users"].as_array_mut(), event.data["users"].as_array_mut())
        {
            users.append(more);
            return;
        }
        if self.waiting.len() >= MOST_WAITING && !event.kind.starts_with("call.") {
            metrics::counter!("switchboard_story_entries_dropped_total").increment(1);
            return;
        }
        self.seq += 1;
        event.seq = self.seq;
        self.waiting.push(event);
    }

    /// An inbox entry is done when what it did to the call is written.
    pub(crate) fn owe_inbox(&mut self, inbox: Uuid) {
        self.processed.push(inbox);
        self.touched = true;
    }

    /// What follows from the call is owed in the transaction that writes it.
    pub(crate) fn owe(&mut self, job: NewJob) {
        self.owed.push(job);
        self.touched = true;
    }

    /// Something is to be written.
    pub(crate) fn is_dirty(&self) -> bool {
        self.touched || !self.waiting.is_empty()
    }

    /// Nothing to write and nothing being written.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_dirty() && self.in_flight.is_none()
    }

    /// True once, when asked first after the end.
    pub(crate) fn just_ended(&mut self) -> bool {
        !std::mem::replace(&mut self.ended_seen, true)
    }

    /// The newest entry that is written, once.
    pub(crate) fn newest_written(&mut self) -> Option<(String, Timestamp)> {
        self.newest.take()
    }

    /// Starts a write if there is something to write and none is under way.
    pub(crate) fn start_if_needed(&mut self, row: &CallRow) {
        if self.in_flight.is_some() || !self.is_dirty() {
            return;
        }
        self.touched = false;
        let events = std::mem::take(&mut self.waiting);
        let processed = std::mem::take(&mut self.processed);
        let owed = std::mem::take(&mut self.owed);
        let mut row = row.clone();
        row.owner_node = self.engine.node();
        row.owner_epoch = self.engine.epoch();
        row.updated_at = self.engine.clock().now();
        let (engine, scope, fence, created) =
            (self.engine.clone(), self.scope.clone(), self.fence, self.created);
        let before = self.written.take();
        let (now, story, jobs) = (row.clone(), events.clone(), owed.clone());
        let wait = (TRY_AGAIN * self.failures).min(LONGEST_WAIT);
        let job = spawn_with_span(async move {
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let place = Place { fence, created, before };
            write(&engine, &scope, &row, Written { story, jobs }, place).await
        });
        self.in_flight = Some(InFlight { job, row: now, events, processed, owed });
    }

    /// Waits for the write under way; for ever when there is none.
    pub(crate) async fn finished(&mut self) -> Saved {
        let Some(in_flight) = self.in_flight.as_mut() else { return std::future::pending().await };
        let result = (&mut in_flight.job).await;
        let Some(done) = self.in_flight.take() else { return Saved::Later };
        match result {
            Ok(Ok(())) => {
                self.created = true;
                self.written = Some(done.row);
                self.failures = 0;
                self.fence = OwnerFence { node: self.engine.node(), epoch: self.engine.epoch() };
                if let Some(last) = done.events.last() {
                    self.newest = Some((last.kind.clone(), last.at));
                }
                self.engine.inbox_done(done.processed);
                if !done.owed.is_empty() {
                    self.engine.jobs_are_due();
                }
                Saved::Written
            }
            Ok(Err(StoreError::Fenced { .. })) => Saved::Fenced,
            Ok(Err(error)) if is_about_the_content(&error) && self.failures >= REFUSED_AT_MOST => {
                tracing::error!(error = %error, entries = done.events.len(), "a call cannot be written as it is; these entries of its story are given up");
                self.failures = 0;
                self.engine.inbox_done(done.processed);
                Saved::Later
            }
            Ok(Err(error)) => {
                tracing::warn!(error = %error, "a call could not be written; it goes on and is written again soon");
                self.put_back(done);
                Saved::Later
            }
            Err(panic) => {
                tracing::error!(error = %panic, "writing a call broke; it is written again soon");
                self.put_back(done);
                Saved::Later
            }
        }
    }

    fn put_back(&mut self, failed: InFlight) {
        let InFlight { job: _, row: _, mut events, mut processed, mut owed } = failed;
        events.append(&mut self.waiting);
        self.waiting = events;
        processed.append(&mut self.processed);
        self.processed = processed;
        owed.append(&mut self.owed);
        self.owed = owed;
        self.touched = true;
        self.failures += 1;
    }
}

/// Would the same write be refused again, however well the database is?
const fn is_about_the_content(error: &StoreError) -> bool {
    match error {
        StoreError::Dangling { .. }
        | StoreError::OutOfScope { .. }
        | StoreError::Query { .. }
        | StoreError::Unreadable { .. }
        | StoreError::NotFound { .. }
        | StoreError::AlreadyThere { .. } => true,
        StoreError::DatabaseUrl { .. }
        | StoreError::DataKeys { .. }
        | StoreError::Migrate { .. }
        | StoreError::FromALaterVersion { .. }
        | StoreError::Unavailable { .. }
        | StoreError::TimedOut { .. }
        | StoreError::Overloaded { .. }
        | StoreError::Stopped { .. }
        | StoreError::Fenced { .. } => false,
    }
}

/// What is written beside the row.
struct Written {
    story: Vec<EventRow>,
    jobs: Vec<NewJob>,
}

/// Where a write finds its row: who owns it, whether it is there, and how it stands there.
struct Place {
    fence: OwnerFence,
    created: bool,
    before: Option<CallRow>,
}

/// Writes row and story. An attempt whose answer was lost may have been written all the same: then the
/// entries that are there already are left out, and what is new is written.
async fn write(
    engine: &Engine,
    scope: &Scope,
    row: &CallRow,
    written: Written,
    place: Place,
) -> Result<(), StoreError> {
    let calls = engine.store().calls();
    let Place { fence, created, before } = place;
    let Written { mut story, jobs } = written;
    let first = if created {
        calls.save_changes(scope, before.as_ref(), row, &story, jobs.clone(), fence).await
    } else {
        calls.create_owing(scope, row, &story, jobs.clone()).await
    };
    let own = OwnerFence { node: row.owner_node, epoch: row.owner_epoch };
    match first {
        Err(StoreError::AlreadyThere { .. }) => {}
        // A call taken over from an earlier start: the attempt before may have made it ours.
        Err(StoreError::Fenced { .. }) if fence != own => {}
        Ok(()) | Err(_) => return first,
    }
    let known = calls.events_of(scope, row.id).await?.last().map_or(0, |event| event.seq);
    story.retain(|event| event.seq > known);
    // A job that is there already is not written twice.
    calls.save_owing(scope, row, &story, jobs, own).await
}
