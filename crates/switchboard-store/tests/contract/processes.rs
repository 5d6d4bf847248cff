//! Several processes on one SQLite file, and one that is killed in the middle of its work.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use switchboard_store::inbox::NewInboxRow;
use switchboard_store::{Store, StoreOptions};

use super::harness::Database;
use super::world::NOON;

const URL: &str = "SWITCHBOARD_TEST_WRITER_URL";
const KEYS: &str = "SWITCHBOARD_TEST_WRITER_KEYS";
const NAME: &str = "SWITCHBOARD_TEST_WRITER_NAME";
const ROWS: &str = "SWITCHBOARD_TEST_WRITER_ROWS";

/// Not a story: the other process. It prints each key after the store says that it is kept.
#[tokio::test]
#[ignore = "started by the stories below"]
async fn writer_process() {
    let (Ok(url), Ok(name)) = (std::env::var(URL), std::env::var(NAME)) else { return };
    let rows: usize = std::env::var(ROWS).expect("how many").parse().expect("a number");
    let mut options = StoreOptions::default();
    options.data_key_file = std::env::var(KEYS).ok().map(Into::into);
    let store = Store::open(&url, options).await.expect("it opens");
    for n in 0..rows {
        let key = format!("{name} {n}");
        store.inbox().keep(vec![arrival(&key)]).await.expect("kept");
        let mut out = std::io::stdout().lock();
        writeln!(out, "kept:{key}").and_then(|()| out.flush()).expect("somebody reads");
    }
}

fn arrival(key: &str) -> NewInboxRow {
    NewInboxRow {
        tenant: None,
        number: None,
        provider: "meta".to_owned(),
        dedupe_key: key.to_owned(),
        provider_call_id: None,
        kind: "connect".to_owned(),
        foreign: false,
        payload: "{}".to_owned(),
        received_at: NOON,
    }
}

fn start_writer(database: &Database, name: &str, rows: usize) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--ignored", "--exact", "contract::processes::writer_process", "--nocapture"])
        .env(URL, &database.url)
        .env(KEYS, database.key_file())
        .env(NAME, name)
        .env(ROWS, rows.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("another process");
    let out = BufReader::new(child.stdout.take().expect("its output"));
    (child, out)
}

fn kept(line: &str) -> Option<String> {
    line.split_once("kept:").map(|(_, key)| key.to_owned())
}

#[tokio::test]
async fn what_was_kept_survives_kill_9() {
    let database = Database::sqlite();
    let (mut child, out) = start_writer(&database, "killed", usize::MAX);
    let mut told = Vec::new();
    for line in out.lines() {
        told.extend(kept(&line.expect("a line")));
        if told.len() == 100 {
            child.kill().expect("SIGKILL");
        }
    }
    child.wait().expect("it is gone");
    assert!(told.len() >= 100);

    let store = database.open().await;
    let again: Vec<_> = told.iter().map(|key| arrival(key)).collect();
    let again = store.inbox().keep(again).await.expect("kept");
    assert!(again.iter().all(|kept| !kept.new), "something that was answered 200 is lost");
}

#[tokio::test]
async fn two_processes_share_a_file_without_harm() {
    let database = Database::sqlite();
    let store = database.open().await;
    let writers = [start_writer(&database, "one", 60), start_writer(&database, "two", 60)];
    for n in 0..60 {
        store.inbox().keep(vec![arrival(&format!("three {n}"))]).await.expect("kept");
    }
    for (mut child, out) in writers {
        assert_eq!(out.lines().map_while(Result::ok).filter_map(|line| kept(&line)).count(), 60);
        assert!(child.wait().expect("it ends").success());
    }
    let mut raw = database.raw().await;
    assert_eq!(raw.count("inbox").await, 180);
    assert_eq!(raw.count("pragma_integrity_check() WHERE integrity_check = 'ok'").await, 1);
}
