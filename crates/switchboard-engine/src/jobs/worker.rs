//! Workers: they take what is due, do it within its time, and say what came of it.

use std::time::Duration;

use switchboard_core::retry::{AfterFailure, Failed};
use switchboard_store::StoreError;
use switchboard_store::jobs::{Claimer, Job, Next};
use tokio::task::JoinSet;

use super::kind::Crew;
use super::{JobKind, Owed};
use crate::Engine;
use crate::clock::chance;

/// How often workers look without being called: what became due, and what other nodes left.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The same while the database does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// A lease is longer than the longest attempt by this, so that nobody begins anew what is just being finished.
const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// How often old rows are taken away.
const TIDY_EVERY: Duration = Duration::from_secs(60 * 60);
/// Whoever stops the server waits this long for what is being done.
const FINISH_WITHIN: Duration = Duration::from_secs(5);
/// Batches of one tidying.
const SWEEPS: usize = 200;

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// Done.
    Done,
    /// It did not work this time.
    Failed(Trouble),
    /// It was not even begun; after this long.
    NotBegun(Duration),
    /// It will never work.
    Hopeless(String),
}

/// Why something did not work this time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// In words, without names, numbers and secrets: it is shown to people.
    pub what: String,
    /// The other side said how long to wait.
    pub wait: Option<Duration>,
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        Self::Failed(Trouble { what: error.to_string(), wait: None })
    }
}

impl Engine {
    pub(crate) fn spawn_job_workers(&self) {
        for crew in Crew::ALL {
            let engine = self.clone();
            tokio::spawn(async move { engine.work(crew).await });
        }
        let engine = self.clone();
        tokio::spawn(async move { engine.owe_tidying().await });
    }

    /// No more work is taken; what is being done is finished or left for the next start.
    pub async fn stop_job_workers(&self) {
        self.desk().stop.send_replace(true);
        // Every crew holds a receiver until it has finished.
        if tokio::time::timeout(FINISH_WITHIN, self.desk().stop.closed()).await.is_err() {
            tracing::info!("some of what is owed was not finished; the next start goes on with it");
        }
    }

    async fn work(self, crew: Crew) {
        let mut stop = self.desk().stop.subscribe();
        let kinds = crew.kinds();
        let now = self.clock().now();
        if let Err(error) = self.store().jobs().give_back(self.node(), self.epoch(), now).await {
            tracing::warn!(error = %error, "jobs of an earlier start become due when their lease is over");
        }
        let mut running = JoinSet::new();
        loop {
            let called = self.desk().due.notified();
            let wait = match self.take(crew, &kinds, &mut running).await {
                Ok(()) => LOOK_EVERY,
                Err(StoreError::Stopped { .. }) => break,
                Err(error) => {
                    tracing::warn!(error = %error, "what is owed could not be looked up");
                    LOOK_AGAIN
                }
            };
            tokio::select! {
                () = called => {}
                () = tokio::time::sleep(wait) => {}
                Some(_) = running.join_next() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// Takes as much as there are free hands.
    async fn take(
        &self,
        crew: Crew,
        kinds: &[&'static str],
        running: &mut JoinSet<()>,
    ) -> Result<(), StoreError> {
        while running.try_join_next().is_some() {}
        while running.len() < crew.size() && !*self.desk().stop.borrow() {
            let now = self.clock().now();
            if !self.store().jobs().any_due(kinds, now).await? {
                return Ok(());
            }
            let who =
                Claimer { node: self.node(), epoch: self.epoch(), now, lease: crew.longest() + LEASE_MARGIN };
            let jobs = self.store().jobs().claim(who, kinds, (crew.size() - running.len()) as u64).await?;
            if jobs.is_empty() {
                return Ok(());
            }
            for job in jobs {
                let engine = self.clone();
                running.spawn(async move { engine.see_to(job).await });
            }
        }
        Ok(())
    }

    async fn see_to(&self, job: Job) {
        let Some(kind) = JobKind::from_word(&job.kind) else {
            // Nobody claims kinds he does not know; a later version's job waits for that version.
            return;
        };
        let plan = kind.patience();
        let attempt = if job.attempts > plan.most_attempts {
            Attempt::Hopeless(
                "it was begun too often and never ended: the server stopped each time".to_owned(),
            )
        } else {
            let (engine, job) = (self.clone(), job.clone());
            // In a task of its own: a panic is the end of this attempt only.
            let task = tokio::spawn(async move {
                tokio::time::timeout(kind.longest(), Box::pin(engine.carry_out(&job))).await
            });
            match task.await {
                Ok(Ok(attempt)) => attempt,
                Ok(Err(_elapsed)) => failed(format!("it was not done within {:?}", kind.longest())),
                Err(_panic) => failed("it broke; the log has the place".to_owned()),
            }
        };
        let now = self.clock().now();
        let (outcome, result) = match attempt {
            Attempt::Done => ("done", self.store().jobs().done(&job, now).await),
            Attempt::NotBegun(wait) => {
                // Up to half of it more, so that those who wait together do not come together.
                let at = now.plus(wait + wait.mul_f64(f64::from(chance()) / f64::from(u16::MAX) / 2.0));
                ("later", self.store().jobs().failed(&job, Next::NotBegun(at), "", now).await)
            }
            Attempt::Hopeless(why) => ("dead", self.give_up(&job, &why).await),
            Attempt::Failed(trouble) => {
                let failed = Failed {
                    now,
                    owed_since: job.created_at,
                    attempts: job.attempts,
                    asked_to_wait: trouble.wait,
                    chance: chance(),
                };
                match plan.after(failed) {
                    AfterFailure::Again(at) => {
                        tracing::debug!(job.id = %job.id, kind = kind.as_str(), attempts = job.attempts, why = trouble.what, "a job did not work and is tried again");
                        ("again", self.store().jobs().failed(&job, Next::Again(at), &trouble.what, now).await)
                    }
                    AfterFailure::GiveUp => ("dead", self.give_up(&job, &trouble.what).await),
                }
            }
        };
        ::metrics::counter!("switchboard_jobs_total", "kind" => kind.as_str(), "outcome" => outcome)
            .increment(1);
        match result {
            Ok(()) | Err(StoreError::Stopped { .. }) => {}
            Err(StoreError::Fenced { .. }) => {
                tracing::debug!(job.id = %job.id, "a job took longer than its lease; somebody else has it");
            }
            Err(error) => {
                tracing::warn!(job.id = %job.id, error = %error, "what came of a job could not be written; it is done once more");
            }
        }
    }

    async fn give_up(&self, job: &Job, why: &str) -> Result<(), StoreError> {
        tracing::warn!(job.id = %job.id, kind = job.kind, attempts = job.attempts, why, "a job was given up; an admin may try it again or discard it");
        self.store().jobs().failed(job, Next::Dead, why, self.clock().now()).await
    }

    /// Every kind has its arm here.
    async fn carry_out(&self, job: &Job) -> Attempt {
        let owed = match &job.payload {
            Ok(payload) => Owed::from_payload(payload),
            Err(error) => return error.clone().into(),
        };
        let Some(owed) = owed else {
            return Attempt::Hopeless("this version cannot read what it was about".to_owned());
        };
        match owed {
            Owed::Relay => self.relay(job).await,
            Owed::Mail(mail) => self.send_mail(job, &mail).await,
            Owed::OutOfHours { call } => self.write_out_of_hours(job, &call).await,
            Owed::ReadNumber { number } => self.carry_out_reading(&number).await,
            Owed::Import { id } => self.carry_import(job.tenant, &id).await,
            Owed::Tidy => self.tidy().await,
            Owed::Peaks { recording } => self.draw_recording(job, &recording).await,
        }
    }

    async fn tidy(&self) -> Attempt {
        for _ in 0..SWEEPS {
            match self.store().safeguards().sweep(self.clock().now()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return error.into(),
            }
        }
        for _ in 0..SWEEPS {
            match self.store().jobs().sweep(self.clock().now()).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => return error.into(),
            }
        }
        Attempt::Done
    }

    async fn owe_tidying(&self) {
        let mut stop = self.desk().stop.subscribe();
        loop {
            let mut job = self.job(None, &Owed::Tidy);
            job.once_key = Some("tidy".to_owned());
            if let Err(error) = self.owe(vec![job]).await {
                tracing::debug!(error = %error, "tidying is owed at its next round");
            }
            tokio::select! {
                () = tokio::time::sleep(TIDY_EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }
}

fn failed(what: String) -> Attempt {
    Attempt::Failed(Trouble { what, wait: None })
}
