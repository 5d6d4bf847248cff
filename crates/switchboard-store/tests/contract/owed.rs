//! What is owed is done once, in its order, and never forgotten.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::{JobId, NodeId};
use switchboard_core::time::Timestamp;
use switchboard_store::audit::Author;
use switchboard_store::jobs::{Claimer, DEAD_IS_KEPT, DONE_IS_KEPT, Job, JobFilter, JobState, NewJob, Next};
use switchboard_store::{Store, StoreError};
use uuid::Uuid;

use super::harness::{Database, fresh};
use super::world::{FENCE, NODE, NOON, World, done_to, event};

const LEASE: Duration = Duration::from_secs(60);
const KINDS: [&str; 1] = ["test"];

fn owed(world: &World) -> NewJob {
    NewJob {
        id: JobId::from_uuid(Uuid::from_u128(fresh())),
        tenant: Some(world.ours.tenant),
        kind: "test",
        payload: "what".to_owned(),
        order_keys: Vec::new(),
        once_key: None,
        delivery: None,
        run_at: NOON,
        created_at: NOON,
    }
}

fn in_order(world: &World, keys: &[&str]) -> NewJob {
    NewJob { order_keys: keys.iter().map(|key| (*key).to_owned()).collect(), ..owed(world) }
}

const fn at(now: Timestamp) -> Claimer {
    Claimer { node: NODE, epoch: 1, now, lease: LEASE }
}

async fn claim(store: &Store, now: Timestamp) -> Vec<Job> {
    store.jobs().claim(at(now), &KINDS, 100).await.expect("claimed")
}

async fn state(world: &World, id: JobId) -> JobState {
    world.store.jobs().by_id(&world.ours, id).await.expect("an answer").expect("the job").state
}

fn later(seconds: u64) -> Timestamp {
    NOON.plus(Duration::from_secs(seconds))
}

async fn eight_workers_do_two_thousand_jobs_once_each(database: Database) {
    let world = World::new(database).await;
    world.store.jobs().add((0..2_000).map(|_| owed(&world)).collect()).await.expect("owed");
    let mut workers = Vec::new();
    for n in 0..8_u128 {
        // Every second worker is another process: with its own connections and its own queue.
        let store = if n % 2 == 0 { world.database.open().await } else { world.store.clone() };
        workers.push(tokio::spawn(async move {
            let who = Claimer { node: NodeId::from_uuid(Uuid::from_u128(100 + n)), ..at(NOON) };
            let mut mine = Vec::new();
            loop {
                let jobs = store.jobs().claim(who, &KINDS, 25).await.expect("claimed");
                if jobs.is_empty() && !store.jobs().any_due(&KINDS, NOON).await.expect("an answer") {
                    return mine;
                }
                for job in jobs {
                    store.jobs().done(&job, NOON).await.expect("done");
                    mine.push(job.id);
                }
            }
        }));
    }
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await.expect("no panic"));
    }
    assert_eq!(done.len(), 2_000);
    assert_eq!(done.iter().collect::<HashSet<_>>().len(), 2_000, "nothing was done twice");
}

async fn jobs_that_share_a_key_go_in_order_and_others_pass_them_by(database: Database) {
    let world = World::new(database).await;
    let keys = ["a", "b", "c"];
    let jobs: Vec<_> = (0..300).map(|n| in_order(&world, &[keys[n % 3]])).collect();
    let order: HashMap<JobId, usize> = jobs.iter().enumerate().map(|(n, job)| (job.id, n)).collect();
    world.store.jobs().add(jobs).await.expect("owed");
    let (done, mut told) = tokio::sync::mpsc::channel(300);
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let (store, done) = (world.store.clone(), done.clone());
            tokio::spawn(async move {
                while store.jobs().any_due(&KINDS, NOON).await.expect("an answer") {
                    for job in store.jobs().claim(at(NOON), &KINDS, 3).await.expect("claimed") {
                        // Told before it is marked: whoever comes next on the key comes after this.
                        done.send(job.id).await.expect("told");
                        store.jobs().done(&job, NOON).await.expect("done");
                    }
                }
            })
        })
        .collect();
    drop(done);
    let mut last = HashMap::new();
    let mut count = 0;
    while let Some(id) = told.recv().await {
        let n = order[&id];
        assert!(last.insert(n % 3, n).is_none_or(|before| before < n), "out of order");
        count += 1;
    }
    for worker in workers {
        worker.await.expect("no panic");
    }
    // A worker stops when nothing is due at that moment: what was blocked then is still there.
    for _ in count..300 {
        let job = claim(&world.store, NOON).await.into_iter().next().expect("one is due");
        world.store.jobs().done(&job, NOON).await.expect("done");
    }
    assert!(claim(&world.store, NOON).await.is_empty());
}

async fn a_key_that_fails_holds_up_only_its_own(database: Database) {
    let world = World::new(database).await;
    let (first, behind, both, other) = (
        in_order(&world, &["a"]),
        in_order(&world, &["a"]),
        in_order(&world, &["a", "b"]),
        in_order(&world, &["b"]),
    );
    let ids = [first.id, behind.id, both.id, other.id];
    world.store.jobs().add(vec![first, behind, both, other]).await.expect("owed");
    let due = claim(&world.store, NOON).await;
    assert_eq!(due.iter().map(|job| job.id).collect::<Vec<_>>(), [ids[0]], "b waits for what is about both");
    let again = Next::Again(later(100));
    world.store.jobs().failed(&due[0], again, "500", NOON).await.expect("put off");
    assert!(claim(&world.store, later(99)).await.is_empty());

    let due = claim(&world.store, later(100)).await;
    assert_eq!((due[0].id, due[0].attempts), (ids[0], 2));
    assert_eq!(due[0].last_error.as_deref(), Some("500"));
    world.store.jobs().failed(&due[0], Next::Dead, "never", later(100)).await.expect("given up");
    // A dead one makes room.
    for expected in &ids[1..] {
        let due = claim(&world.store, later(100)).await;
        assert_eq!(due.iter().map(|job| job.id).collect::<Vec<_>>(), [*expected]);
        world.store.jobs().done(&due[0], later(100)).await.expect("done");
    }
}

async fn what_a_dead_worker_held_is_given_back_and_its_late_word_is_not_heard(database: Database) {
    let world = World::new(database).await;
    let job = owed(&world);
    world.store.jobs().add(vec![job.clone()]).await.expect("owed");
    let lost = claim(&world.store, NOON).await.remove(0);
    assert!(claim(&world.store, later(59)).await.is_empty(), "the lease holds");
    // Another node finds it when the lease is over.
    let other = Claimer { node: NodeId::from_uuid(Uuid::from_u128(0xB)), ..at(later(60)) };
    let found = world.store.jobs().claim(other, &KINDS, 10).await.expect("claimed").remove(0);
    assert_eq!((found.id, found.attempts), (job.id, 2));
    let late = world.store.jobs().done(&lost, later(61)).await;
    assert!(matches!(late, Err(StoreError::Fenced { .. })), "{late:?}");
    assert_eq!(state(&world, job.id).await, JobState::Running);
    world.store.jobs().done(&found, later(61)).await.expect("done");
    let twice = world.store.jobs().done(&found, later(61)).await;
    assert!(matches!(twice, Err(StoreError::Fenced { .. })), "{twice:?}");
}

async fn a_node_that_starts_anew_finds_its_jobs_at_once(database: Database) {
    let world = World::new(database).await;
    world.store.jobs().add(vec![owed(&world), owed(&world)]).await.expect("owed");
    assert_eq!(claim(&world.store, NOON).await.len(), 2);
    let jobs = world.store.jobs();
    let give_back = |epoch| jobs.give_back(NODE, epoch, later(1));
    assert_eq!(give_back(1).await.expect("an answer"), 0, "they are this start's own");
    assert_eq!(give_back(2).await.expect("an answer"), 2);
    assert_eq!(claim(&world.store, later(1)).await.len(), 2);
}

async fn what_is_owed_twice_is_owed_once(database: Database) {
    let world = World::new(database).await;
    let job = in_order(&world, &["a", "a"]);
    let once = || NewJob { once_key: Some("tidy".to_owned()), ..owed(&world) };
    let jobs = || vec![job.clone(), once()];
    world.store.jobs().add(jobs()).await.expect("owed");
    world.store.jobs().add(jobs()).await.expect("owed again");
    let due = claim(&world.store, NOON).await;
    assert_eq!(due.len(), 2);
    for job in &due {
        world.store.jobs().done(job, NOON).await.expect("done");
    }
    world.store.jobs().add(jobs()).await.expect("owed once more");
    assert_eq!(claim(&world.store, NOON).await.len(), 1, "the word is free again, the id is not");
}

async fn a_job_that_was_not_begun_has_not_been_tried(database: Database) {
    let world = World::new(database).await;
    world.store.jobs().add(vec![owed(&world)]).await.expect("owed");
    let job = claim(&world.store, NOON).await.remove(0);
    world.store.jobs().failed(&job, Next::NotBegun(later(1)), "", NOON).await.expect("put off");
    let job = claim(&world.store, later(1)).await.remove(0);
    assert_eq!((job.attempts, job.last_error), (1, None));
}

async fn a_call_and_what_it_owes_are_written_together_or_not_at_all(database: Database) {
    let world = World::new(database).await;
    let call = world.kept_call().await;
    let (kept, lost) = (owed(&world), owed(&world));
    let save = |seq, job: &NewJob, fence| {
        let (store, events, job) = (world.store.clone(), [event(&call, seq, "x")], job.clone());
        let (scope, call) = (world.ours.clone(), call.clone());
        async move { store.calls().save_owing(&scope, &call, &events, vec![job], fence).await }
    };
    save(2, &kept, FENCE).await.expect("saved");
    let fenced = save(3, &lost, switchboard_store::calls::OwnerFence { epoch: 9, ..FENCE }).await;
    assert!(matches!(fenced, Err(StoreError::Fenced { .. })), "{fenced:?}");
    let twice = save(2, &lost, FENCE).await;
    assert!(matches!(twice, Err(StoreError::AlreadyThere { .. })), "{twice:?}");
    let due = claim(&world.store, NOON).await;
    assert_eq!(due.iter().map(|job| job.id).collect::<Vec<_>>(), [kept.id]);
}

async fn people_see_and_decide_only_about_their_own(database: Database) {
    let world = World::new(database).await;
    let machine = NewJob { tenant: None, ..owed(&world) };
    let ours: Vec<_> = (0..3).map(|_| owed(&world)).collect();
    world.store.jobs().add(ours.iter().cloned().chain([machine]).collect()).await.expect("owed");
    let jobs = world.store.jobs();
    let page = jobs.list(&world.ours, &JobFilter::default(), None, 2).await.expect("a page");
    assert_eq!(page.items.iter().map(|job| job.id).collect::<Vec<_>>(), [ours[2].id, ours[1].id]);
    let page = jobs.list(&world.ours, &JobFilter::default(), page.next, 2).await.expect("a page");
    assert_eq!((page.items.len(), page.items[0].id, page.next), (1, ours[0].id, None));
    assert!(jobs.list(&world.theirs, &JobFilter::default(), None, 9).await.expect("a page").items.is_empty());

    for job in claim(&world.store, NOON).await {
        jobs.failed(&job, Next::Dead, "no", NOON).await.expect("given up");
    }
    let author = |seconds| Author::exchange(later(seconds));
    let foreign = jobs.retry(&world.theirs, ours[0].id, &author(0)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");
    let foreign = jobs.discard(&world.theirs, ours[0].id, &author(0)).await;
    assert!(matches!(foreign, Err(StoreError::NotFound { .. })), "{foreign:?}");

    let again = jobs.retry(&world.ours, ours[0].id, &author(1)).await.expect("tried again");
    assert_eq!((again.state, again.attempts), (JobState::Waiting, 0));
    assert_eq!(again.payload.expect("it opens"), "what");
    jobs.discard(&world.ours, ours[1].id, &author(0)).await.expect("discarded");
    let twice = jobs.discard(&world.ours, ours[1].id, &author(0)).await;
    assert!(matches!(twice, Err(StoreError::NotFound { .. })), "{twice:?}");
    assert_eq!(done_to(&world, &ours[0].id.to_string()).await, [AuditWhat::JobRetried]);
    assert_eq!(done_to(&world, &ours[1].id.to_string()).await, [AuditWhat::JobDiscarded]);
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let dead = jobs.list(&world.ours, &dead, None, 9).await.expect("a page");
    assert_eq!(dead.items.iter().map(|job| job.id).collect::<Vec<_>>(), [ours[2].id]);
}

async fn what_is_over_is_taken_away_in_time(database: Database) {
    let world = World::new(database).await;
    world.store.jobs().add((0..3).map(|_| owed(&world)).collect()).await.expect("owed");
    let due = claim(&world.store, NOON).await;
    world.store.jobs().done(&due[0], NOON).await.expect("done");
    world.store.jobs().failed(&due[1], Next::Dead, "no", NOON).await.expect("given up");
    let count = async || world.database.raw().await.count("jobs").await;
    world.store.jobs().sweep(NOON.plus(DONE_IS_KEPT)).await.expect("swept");
    assert_eq!(count().await, 3);
    world.store.jobs().sweep(NOON.plus(DONE_IS_KEPT * 2)).await.expect("swept");
    assert_eq!(count().await, 2);
    world.store.jobs().sweep(NOON.plus(DEAD_IS_KEPT * 2)).await.expect("swept");
    assert_eq!(count().await, 1, "what is not over stays for ever");
    let backlog = world.store.jobs().backlog().await.expect("counts");
    assert_eq!((backlog.open.len(), backlog.open[0].state, backlog.open[0].rows), (1, JobState::Running, 1));
    assert_eq!((backlog.first_due, backlog.bodies), (None, 0), "nothing waits");
    world.store.jobs().add(vec![owed(&world)]).await.expect("owed");
    let backlog = world.store.jobs().backlog().await.expect("counts");
    assert_eq!((backlog.open.len(), backlog.first_due), (2, Some(NOON)));
}

on_both_databases!(
    eight_workers_do_two_thousand_jobs_once_each,
    jobs_that_share_a_key_go_in_order_and_others_pass_them_by,
    a_key_that_fails_holds_up_only_its_own,
    what_a_dead_worker_held_is_given_back_and_its_late_word_is_not_heard,
    a_node_that_starts_anew_finds_its_jobs_at_once,
    what_is_owed_twice_is_owed_once,
    a_job_that_was_not_begun_has_not_been_tried,
    a_call_and_what_it_owes_are_written_together_or_not_at_all,
    people_see_and_decide_only_about_their_own,
    what_is_over_is_taken_away_in_time,
);
