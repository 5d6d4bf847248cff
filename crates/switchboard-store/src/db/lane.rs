//! Group commit. Callers queue in a lane; its task takes who is there, runs them in one transaction, commits, and
//! tells each of them. While it commits (the disk takes its time) the next group gathers, so nobody waits for a
//! group to fill, and a thousand callers cost a few commits instead of a thousand.
//!
//! Each caller's work runs in a savepoint of its own: a failing one does not take its neighbours with it.
//!
//! On SQLite everything shares one lane, and whoever waits for the answer to a webhook goes before what is written
//! behind the scenes.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DatabaseTransaction, TransactionTrait};
use switchboard_core::ids::CallId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Sight, WriteQueue};
use crate::dialect;
use crate::error::{Doing, Failure, StoreError};
use crate::stopwatch::Stopwatch;

/// Writes that may wait in one lane. Beyond it a caller is refused at once: a webhook is then answered 503 and repeated.
pub(crate) const QUEUE: usize = 2_048;
/// Rows in one transaction, at the most (a single write may bring more of its own).
const MAX_ROWS: usize = 500;
/// No more work is taken into a transaction that is open this long: with its commit it stays under 20 ms.
const MAX_OPEN: Duration = Duration::from_millis(10);
/// The same once it holds both, or somebody urgent waits for its end: he shares it with little of the others' work. They
/// have as much time again behind him, and one of them is in every transaction.
const MAX_OPEN_URGENT: Duration = Duration::from_millis(2);

/// The lanes of one database: a single one on SQLite; on PostgreSQL one for the inbox and some for everything else.
pub(super) struct Lanes {
    lanes: Vec<LaneHandle>,
}

impl Lanes {
    pub(super) fn start(writer: &DatabaseConnection, count: u32) -> Self {
        Self { lanes: (0..count.max(1)).map(|_| LaneHandle::start(writer.clone())).collect() }
    }

    pub(super) fn inbox(&self) -> &LaneHandle {
        &self.lanes[0]
    }

    pub(super) fn settings(&self) -> &LaneHandle {
        self.lanes.last().unwrap_or(&self.lanes[0])
    }

    pub(super) fn of_call(&self, call: CallId) -> &LaneHandle {
        match self.lanes.as_slice() {
            [only] => only,
            [_inbox, others @ ..] => {
                let spread = call.uuid().as_u128() % others.len() as u128;
                &others[usize::try_from(spread).unwrap_or(0)]
            }
            [] => self.inbox(),
        }
    }

    /// How many writes wait: the urgent ones of the inbox, and the fullest of the others.
    pub(super) fn queues(&self) -> Vec<WriteQueue> {
        let waiting = |urgent| self.lanes.iter().map(|lane| lane.waiting(urgent)).max().unwrap_or(0);
        let queue = |name, waiting| WriteQueue { name, waiting, limit: QUEUE };
        vec![queue("inbox", waiting(Urgency::Urgent)), queue("calls", waiting(Urgency::Ordinary))]
    }

    pub(super) fn are_open(&self) -> bool {
        self.lanes.iter().all(|lane| lane.sender(Urgency::Ordinary).is_some_and(|jobs| !jobs.is_closed()))
    }

    pub(super) async fn close(&self) {
        for lane in &self.lanes {
            lane.close().await;
        }
    }
}

/// Does somebody outside wait for it?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Urgency {
    /// A webhook, which is answered when it is on disk.
    Urgent,
    /// Everything else.
    Ordinary,
}

/// Where callers hand in their work.
pub(super) struct LaneHandle {
    open: Mutex<Option<Open>>,
}

struct Open {
    urgent: mpsc::Sender<Box<dyn Job>>,
    ordinary: mpsc::Sender<Box<dyn Job>>,
    task: JoinHandle<()>,
}

/// Who waits in a lane.
struct Waiting {
    urgent: mpsc::Receiver<Box<dyn Job>>,
    ordinary: mpsc::Receiver<Box<dyn Job>>,
}

impl Waiting {
    /// The next to come, the urgent first; none when nobody can come any more.
    async fn first(&mut self) -> Option<(Urgency, Box<dyn Job>)> {
        tokio::select! {
            biased;
            Some(job) = self.urgent.recv() => Some((Urgency::Urgent, job)),
            Some(job) = self.ordinary.recv() => Some((Urgency::Ordinary, job)),
            else => None,
        }
    }

    /// The next who is there.
    fn next(&mut self) -> Option<(Urgency, Box<dyn Job>)> {
        let urgent = self.urgent.try_recv().ok().map(|job| (Urgency::Urgent, job));
        urgent.or_else(|| self.next_ordinary())
    }

    fn next_ordinary(&mut self) -> Option<(Urgency, Box<dyn Job>)> {
        self.ordinary.try_recv().ok().map(|job| (Urgency::Ordinary, job))
    }

    fn is_empty(&self) -> bool {
        self.urgent.is_empty() && self.ordinary.is_empty()
    }
}

impl LaneHandle {
    fn start(writer: DatabaseConnection) -> Self {
        let (urgent, urgent_waiting) = mpsc::channel(QUEUE);
        let (ordinary, ordinary_waiting) = mpsc::channel(QUEUE);
        let mut waiting = Waiting { urgent: urgent_waiting, ordinary: ordinary_waiting };
        let task = tokio::spawn(async move {
            while let Some((urgency, first)) = waiting.first().await {
                commit_together(&writer, urgency, first, &mut waiting).await;
            }
        });
        Self { open: Mutex::new(Some(Open { urgent, ordinary, task })) }
    }

    fn waiting(&self, urgency: Urgency) -> usize {
        self.sender(urgency).map_or(0, |jobs| jobs.max_capacity().saturating_sub(jobs.capacity()))
    }

    /// Queues work; what is returned resolves after its commit.
    pub(super) fn submit<T, W>(
        &self,
        urgency: Urgency,
        sight: Sight,
        rows: usize,
        doing: Doing,
        work: W,
    ) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c DatabaseTransaction) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
    {
        let Some(jobs) = self.sender(urgency) else { return Err(StoreError::Stopped { doing }) };
        let (reply, committed) = oneshot::channel();
        let job = Box::new(Work { sight, rows, doing: doing.clone(), work: Some(work), done: None, reply });
        jobs.try_send(job).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => StoreError::Overloaded { doing, limit: QUEUE },
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped { doing },
        })?;
        Ok(committed)
    }

    fn sender(&self, urgency: Urgency) -> Option<mpsc::Sender<Box<dyn Job>>> {
        // A panic while holding this lock is impossible: nothing but moves and clones happens under it.
        let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.as_ref().map(|open| match urgency {
            Urgency::Urgent => open.urgent.clone(),
            Urgency::Ordinary => open.ordinary.clone(),
        })
    }

    async fn close(&self) {
        let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(Open { urgent, ordinary, task }) = open {
            drop((urgent, ordinary));
            if let Err(error) = task.await {
                tracing::error!(%error, "the writer of the database did not finish");
            }
        }
    }
}

/// One caller's work, whatever it returns.
trait Job: Send {
    /// Whose rows it may touch.
    fn sight(&self) -> &Sight;
    /// How much it adds to the transaction.
    fn rows(&self) -> usize;
    /// Nobody waits for it any more: it is not begun.
    fn is_abandoned(&self) -> bool;
    fn run<'c>(&'c mut self, transaction: &'c DatabaseTransaction) -> BoxFuture<'c, Result<(), Failure>>;
    fn committed(self: Box<Self>);
    fn failed(self: Box<Self>, failure: Failure);
}

struct Work<T, W> {
    sight: Sight,
    rows: usize,
    doing: Doing,
    work: Option<W>,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Work<T, W>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c DatabaseTransaction) -> BoxFuture<'c, Result<T, Failure>> + Send + 'static,
{
    fn sight(&self) -> &Sight {
        &self.sight
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    fn run<'c>(&'c mut self, transaction: &'c DatabaseTransaction) -> BoxFuture<'c, Result<(), Failure>> {
        Box::pin(async move {
            if let Some(work) = self.work.take() {
                self.done = Some(work(transaction).await?);
            }
            Ok(())
        })
    }

    fn committed(self: Box<Self>) {
        let Self { doing, done, reply, .. } = *self;
        // Whoever stopped waiting learns from the database.
        let _ = reply.send(done.ok_or(StoreError::Stopped { doing }));
    }

    fn failed(self: Box<Self>, failure: Failure) {
        let Self { doing, reply, .. } = *self;
        let _ = reply.send(Err(failure.while_doing(doing)));
    }
}

/// One transaction for the first caller and those who queued behind him.
async fn commit_together(
    writer: &DatabaseConnection,
    urgency: Urgency,
    first: Box<dyn Job>,
    waiting: &mut Waiting,
) {
    let stopwatch = Stopwatch::start();
    let transaction = match dialect::begin(writer).await {
        Ok(transaction) => transaction,
        Err(error) => {
            // The database is gone: everybody who waits hears it now instead of waiting for the next attempt.
            let others = std::iter::from_fn(|| waiting.next().map(|(_, job)| job)).take(2 * QUEUE);
            for job in std::iter::once(first).chain(others) {
                job.failed(error.clone().into());
            }
            return;
        }
    };
    if waiting.is_empty() {
        commit_alone(transaction, first).await;
        return measured(stopwatch, 1);
    }
    let open = Stopwatch::start();
    let mut group = Vec::new();
    let mut rows = 0;
    let mut seen = None;
    let mut taken = Taken::default();
    let mut next = Some((urgency, first));
    while let Some((urgency, mut job)) = next.take() {
        if !job.is_abandoned() {
            rows += job.rows();
            taken.add(urgency);
            match in_savepoint(&transaction, &mut seen, job.as_mut()).await {
                Ok(()) => group.push(job),
                Err(failure) => job.failed(failure),
            }
        }
        next = if rows < MAX_ROWS && open.is_within(taken.most_open(waiting)) {
            waiting.next()
        } else if !taken.ordinary || (rows < MAX_ROWS && open.is_within(2 * MAX_OPEN_URGENT)) {
            waiting.next_ordinary()
        } else {
            None
        };
    }
    let together = group.len();
    match transaction.commit().await {
        Ok(()) => group.into_iter().for_each(Job::committed),
        Err(error) => group.into_iter().for_each(|job| job.failed(error.clone().into())),
    }
    measured(stopwatch, together);
}

/// Whom a transaction has taken in.
#[derive(Debug, Default)]
struct Taken {
    urgent: bool,
    ordinary: bool,
}

impl Taken {
    const fn add(&mut self, urgency: Urgency) {
        match urgency {
            Urgency::Urgent => self.urgent = true,
            Urgency::Ordinary => self.ordinary = true,
        }
    }

    /// How long it may be open for whoever comes.
    fn most_open(&self, waiting: &Waiting) -> Duration {
        let urgent = self.urgent || !waiting.urgent.is_empty();
        let ordinary = self.ordinary || !waiting.ordinary.is_empty();
        if urgent && ordinary { MAX_OPEN_URGENT } else { MAX_OPEN }
    }
}

fn measured(stopwatch: Stopwatch, writes: usize) {
    metrics::histogram!("switchboard_database_transaction_seconds").record(stopwatch.seconds());
    metrics::histogram!("switchboard_database_transaction_writes").record(writes as f64);
}

/// Nobody else is there: no savepoint is needed, which spares the lone caller two round trips.
async fn commit_alone(transaction: DatabaseTransaction, mut job: Box<dyn Job>) {
    let done = match job.sight().clone().apply(&transaction, &mut None).await {
        Ok(()) => job.run(&transaction).await,
        Err(error) => Err(error.into()),
    };
    if let Err(failure) = done {
        if let Err(error) = transaction.rollback().await {
            tracing::warn!(%error, "roll back a refused write");
        }
        return job.failed(failure);
    }
    match transaction.commit().await {
        Ok(()) => job.committed(),
        Err(error) => job.failed(error.into()),
    }
}

/// `seen` is the sight of the job before: what is set outside of a savepoint stays when it is undone.
async fn in_savepoint(
    transaction: &DatabaseTransaction,
    seen: &mut Option<Sight>,
    job: &mut dyn Job,
) -> Result<(), Failure> {
    job.sight().apply(transaction, seen).await?;
    let savepoint = transaction.begin().await?;
    match job.run(&savepoint).await {
        Ok(()) => Ok(savepoint.commit().await?),
        Err(failure) => {
            savepoint.rollback().await?;
            Err(failure)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody who waits.
    struct Somebody;

    impl Job for Somebody {
        fn sight(&self) -> &Sight {
            &Sight::Installation
        }

        fn rows(&self) -> usize {
            1
        }

        fn is_abandoned(&self) -> bool {
            false
        }

        fn run<'c>(
            &'c mut self,
            _transaction: &'c DatabaseTransaction,
        ) -> BoxFuture<'c, Result<(), Failure>> {
            Box::pin(async { Ok(()) })
        }

        fn committed(self: Box<Self>) {}

        fn failed(self: Box<Self>, _failure: Failure) {}
    }

    fn lane(urgent: usize, ordinary: usize) -> Waiting {
        let queue = |count| {
            let (sender, receiver) = mpsc::channel::<Box<dyn Job>>(QUEUE);
            for _ in 0..count {
                assert!(sender.try_send(Box::new(Somebody)).is_ok(), "there is room");
            }
            receiver
        };
        Waiting { urgent: queue(urgent), ordinary: queue(ordinary) }
    }

    #[tokio::test]
    async fn whoever_waits_outside_goes_first() {
        let mut waiting = lane(2, 2);
        assert!(matches!(waiting.first().await, Some((Urgency::Urgent, _))));
        assert!(matches!(waiting.next(), Some((Urgency::Urgent, _))));
        assert!(matches!(waiting.next(), Some((Urgency::Ordinary, _))));
        assert!(matches!(waiting.first().await, Some((Urgency::Ordinary, _))));
        assert!(waiting.next().is_none() && waiting.is_empty());
        assert!(waiting.first().await.is_none(), "nobody can come any more");
    }

    #[test]
    fn a_transaction_stays_open_longer_when_only_one_kind_is_there() {
        let mut taken = Taken::default();
        taken.add(Urgency::Ordinary);
        assert_eq!(taken.most_open(&lane(0, 5)), MAX_OPEN);
        assert_eq!(taken.most_open(&lane(1, 5)), MAX_OPEN_URGENT, "somebody came meanwhile");
        let mut taken = Taken::default();
        taken.add(Urgency::Urgent);
        assert_eq!(taken.most_open(&lane(5, 0)), MAX_OPEN, "the inbox of PostgreSQL has a lane of its own");
        assert_eq!(taken.most_open(&lane(5, 1)), MAX_OPEN_URGENT);
    }
}
