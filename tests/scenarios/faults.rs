//! What breaks around the exchange while people talk: the disk, the database, Graph, strangers at its ports, a flood of
//! calls. Each trial says four things: live calls keep their sound, webhooks are answered truthfully, the trouble can be
//! seen, and service returns by itself.
//!
//! The trials take seconds here; `cargo xtask faults` runs them in full length and prints what was measured.

#![expect(clippy::disallowed_methods, reason = "real time is what is measured here")]

use std::io::Write;
use std::net::UdpSocket;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use reqwest::StatusCode;
use sqlx::{Connection, Executor};
use switchboard_core::call::state::EndReason;
use switchboard_simulator::agent::{AgentHabits, AgentLogin, Claims, SimulatedAgent};
use switchboard_simulator::{CallReport, CallState, EndedBy, Faults, GraphFault, NewCall, Sound};
use url::Url;

use crate::support::patience::{eventually, within};
use crate::support::postgres::Schema;
use crate::support::process::{Outside, Process};
use crate::support::standstill::Standstill;
use crate::support::stoppable::Stoppable;
use crate::support::world::{EMAIL, PASSWORD};

/// The longest silence a live call may have, beside what the machine itself stood still: where nothing else runs.
const LONGEST_GAP: Duration = Duration::from_millis(100);
/// The same beside hundreds of other stories, which share the machine's cores: sound that stopped stays away for longer.
const LONGEST_GAP_IN_COMPANY: Duration = Duration::from_millis(500);
/// Service is back so soon after the trouble is over.
const BACK_WITHIN: Duration = Duration::from_secs(20);
/// Calls that hear themselves, beside the one of the agent.
const ECHOES: usize = 4;

/// Seconds here, longer in `cargo xtask faults`.
fn lasts(short: u64, full: u64) -> Duration {
    Duration::from_secs(if how().is_some_and(|word| word == "full") { full } else { short })
}

/// `cargo xtask test` and `cargo xtask faults` run one trial after the other, with nothing beside it.
fn alone() -> bool {
    how().is_some_and(|word| word == "alone" || word == "full")
}

fn how() -> Option<String> {
    std::env::var("SWITCHBOARD_FAULTS").ok()
}

/// An exchange with live calls, watched.
struct Trial {
    name: &'static str,
    outside: Outside,
    process: Process,
    agent: SimulatedAgent,
    agent_talks: bool,
    live: Vec<CallReport>,
    standstill: Standstill,
    began: Instant,
    seen: Vec<String>,
}

impl Trial {
    /// One customer talks with an agent, some with themselves.
    async fn begin(name: &'static str, outside: Outside) -> Self {
        let process = outside.start().await;
        let login = AgentLogin {
            base_url: Url::parse(&format!("http://{}/", outside.address)).expect("a URL"),
            email: EMAIL.to_owned(),
            password: switchboard_simulator::Secret::new(PASSWORD),
        };
        let habits =
            AgentHabits { answers: Some(Claims::default()), counts_only: true, ..AgentHabits::default() };
        let agent =
            SimulatedAgent::sign_in(&outside.simulator, login, habits).await.expect("the agent signs in");
        let talks = NewCall { counts_only: true, ..NewCall::default() };
        let place = || outside.simulator.place_call(&talks).expect("the call is placed");
        outside.route_to("agents").await;
        let mut live = vec![place()];
        accepted(&outside, &live[0]).await;
        outside.route_to("echo").await;
        for _ in 0..ECHOES {
            let call = place();
            accepted(&outside, &call).await;
            live.push(call);
        }
        for call in &live {
            eventually("both hear something", || async {
                let call = outside.simulator.call(&call.id)?;
                (call.heard.packets > 25 && agent.heard().packets > 25).then_some(())
            })
            .await;
        }
        for call in &live {
            outside.simulator.listen_anew(&call.id);
        }
        agent.listen_anew();
        let standstill = Standstill::watch();
        Self {
            name,
            outside,
            process,
            agent,
            agent_talks: true,
            live,
            standstill,
            began: Instant::now(),
            seen: Vec::new(),
        }
    }

    fn saw(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    /// Waits until `/readyz` names this check.
    async fn shows(&mut self, check: &str, word: &str) {
        let outside = &self.outside;
        within(Duration::from_secs(30), &format!("/readyz says {check}: {word}"), || async {
            let (status, body) = outside.try_get("/readyz").await?;
            (status == StatusCode::SERVICE_UNAVAILABLE && body["checks"][check] == word).then_some(())
        })
        .await;
        self.saw(format!("/readyz {check}: {word}"));
    }

    /// Service is back by itself: ready, webhooks kept, a new call taken.
    async fn is_back(&mut self) {
        let since = Instant::now();
        let outside = &self.outside;
        within(BACK_WITHIN, "the exchange is ready again", || async {
            outside.try_get("/readyz").await.filter(|(status, _)| status.is_success())
        })
        .await;
        within(BACK_WITHIN, "webhooks are kept again", || async {
            (outside.send_message("after").await == Some(StatusCode::OK)).then_some(())
        })
        .await;
        let quiet = NewCall { counts_only: true, ..NewCall::default() };
        let call = within(BACK_WITHIN, "a new call is taken again", || async {
            let call = outside.simulator.place_call(&quiet).ok()?;
            let taken = async { accepted(outside, &call).await };
            tokio::time::timeout(Duration::from_secs(10), taken).await.ok().map(|()| call)
        })
        .await;
        outside.simulator.hang_up(&call.id);
        let took = since.elapsed();
        self.saw(format!("back after {:.1} s", took.as_secs_f64()));
    }

    /// Live calls kept their sound, at both ends.
    fn sound_was_kept(&mut self) {
        let mut longest = Duration::ZERO;
        for call in &self.live {
            let now = self.outside.simulator.call(&call.id).expect("the call");
            assert_eq!(now.state, CallState::Accepted, "{}: a live call was cut", self.name);
            longest = longest.max(millis(now.heard.longest_gap_ms));
        }
        if self.agent_talks {
            longest = longest.max(millis(self.agent.heard().longest_gap_ms));
        }
        let machine = self.standstill.longest();
        self.seen.insert(
            0,
            format!(
                "longest gap {} ms (this machine stood still for {} ms)",
                longest.as_millis(),
                machine.as_millis()
            ),
        );
        let allowed = if alone() { LONGEST_GAP } else { LONGEST_GAP_IN_COMPANY };
        assert!(
            longest <= allowed + machine,
            "{}: {longest:?} of silence, and the machine stood still for {machine:?}",
            self.name
        );
    }

    /// Nothing in the log is an error, and the trial's row is written for `cargo xtask faults`.
    async fn end(mut self) {
        for call in std::mem::take(&mut self.live) {
            self.outside.simulator.hang_up(&call.id);
            let row = self.outside.ended(&self.outside.store().await, &call.wacid).await;
            assert_eq!(row.facts().ending.expect("over").reason, EndReason::CustomerHungUp);
        }
        self.end_without_rows();
    }

    fn end_without_rows(self) {
        let row = format!(
            "{} | {:.0} s | {}\n",
            self.name,
            self.began.elapsed().as_secs_f64(),
            self.seen.join("; ")
        );
        if let Ok(report) = std::env::var("SWITCHBOARD_FAULTS_REPORT") {
            let mut report = std::fs::File::options()
                .create(true)
                .append(true)
                .open(report)
                .expect("the report can be written");
            report.write_all(row.as_bytes()).expect("the report can be written");
        }
        let log = self.process.log();
        let errors: Vec<_> = log.lines().filter(|line| line.contains("ERROR")).take(5).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", self.name);
    }
}

fn millis(ms: f64) -> Duration {
    Duration::from_secs_f64(ms.max(0.0) / 1_000.0)
}

async fn accepted(outside: &Outside, call: &CallReport) {
    eventually("the call is accepted", || async {
        outside.simulator.call(&call.id).filter(|call| call.state == CallState::Accepted)
    })
    .await;
}

/// Asks for webhooks to be kept while there is trouble. Gives how many were refused; none may be answered with anything
/// but 200 and 503.
async fn mail_during(outside: &Outside, how_long: Duration) -> (usize, usize) {
    let (until, mut kept, mut refused) = (Instant::now() + how_long, 0, 0);
    let mut number = 0;
    while Instant::now() < until {
        number += 1;
        match outside.send_message(&format!("during.{number}")).await {
            Some(StatusCode::OK) => kept += 1,
            Some(StatusCode::SERVICE_UNAVAILABLE) => refused += 1,
            other => panic!("a webhook was answered with {other:?}"),
        }
    }
    (kept, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_webhooks_cuts_nobody_and_is_over_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=128m", "tmpfs"]).arg(folder.path()).output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        // Straight to the terminal: what a passing test prints is captured.
        let _ =
            writeln!(std::io::stderr(), "full disk not tested: no tmpfs can be mounted here (needs root)");
        return;
    }
    let mount = folder.path().to_owned();
    struct Unmount(std::path::PathBuf);
    impl Drop for Unmount {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(&self.0).status();
            let _ = std::fs::remove_dir(&self.0);
        }
    }
    let _unmount = Unmount(mount.clone());
    let mut trial = Trial::begin("full disk", Outside::in_folder(folder, "echo", 64).await).await;

    let filler = mount.join("filler");
    let mut file = std::fs::File::create(&filler).expect("a file");
    let block = vec![0_u8; 64 * 1024];
    while file.write_all(&block).is_ok() {}
    while file.write_all(&block[..512]).is_ok() {}
    drop(file);
    trial.shows("disk", "full").await;
    let (_, refused) = mail_during(&trial.outside, lasts(4, 30)).await;
    assert!(refused > 0, "a webhook cannot be kept on a full disk");
    trial.saw(format!("{refused} webhooks got 503"));
    std::fs::remove_file(&filler).expect("room again");
    trial.is_back().await;
    trial.sound_was_kept();
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_refuses_webhooks_and_live_calls_go_on_without_it() {
    let mut trial = Trial::begin("database away", Outside::new("echo", 64).await).await;
    let path = trial.outside.folder.path().join("switchboard.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut raw = sqlx::SqliteConnection::connect_with(&options).await.expect("a second connection");
    raw.execute("BEGIN IMMEDIATE").await.expect("the lock is taken");

    // A customer hangs up meanwhile: nobody can write that down, and all the same his agent is free.
    let agents_call = trial.live.remove(0);
    let (_, refused) = mail_during(&trial.outside, lasts(4, 25)).await;
    assert!(refused > 0, "nothing can be kept while another holds the database");
    trial.saw(format!("{refused} webhooks got 503"));
    trial.shows("database", "not_writing").await;
    trial.sound_was_kept();
    trial.agent_talks = false;
    trial.outside.simulator.hang_up(&agents_call.id);
    let agent = &trial.agent;
    eventually("the agent is free although nothing can be written", || async {
        agent.shown().borrow().my_call.is_none().then_some(())
    })
    .await;
    trial.saw("an end without the database frees the agent at once");
    raw.execute("ROLLBACK").await.expect("the lock is given back");

    trial.is_back().await;
    trial.sound_was_kept();
    let store = trial.outside.store().await;
    let ending = trial.outside.ended(&store, &agents_call.wacid).await.facts().ending.expect("over");
    assert_eq!(ending.reason, EndReason::CustomerHungUp, "what happened meanwhile is written");
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_hangs_refuses_webhooks_and_live_calls_go_on_without_it() {
    let Some(schema) = Schema::make().await else { return };
    let mut url = Url::parse(&schema.url()).expect("a URL");
    let server = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(5_432));
    let way = Stoppable::before(server).await;
    url.set_host(Some("127.0.0.1")).expect("a host");
    url.set_port(Some(way.address.port())).expect("a port");
    let mut outside = Outside::new("echo", 64).await;
    outside.set("SWITCHBOARD_DATABASE_URL", String::from(url));
    let mut trial = Trial::begin("PostgreSQL hangs", outside).await;
    way.stop();
    let (_, refused) = mail_during(&trial.outside, lasts(5, 30)).await;
    assert!(refused > 0, "nothing can be kept");
    trial.saw(format!("{refused} webhooks got 503"));
    trial.shows("database", "down").await;
    way.go_on();
    trial.is_back().await;
    trial.sound_was_kept();
    trial.end_without_rows();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_graph_that_fails_for_a_while_leaves_no_call_behind() {
    let mut trial = Trial::begin("Graph answers 500", Outside::new("echo", 64).await).await;
    let fault =
        GraphFault { code: 131_000, http_status: 500, action: None, probability: 1.0, carried_out: false };
    trial.outside.simulator.set_faults(Faults { graph_error: Some(fault), ..Faults::default() });
    let quiet = NewCall { counts_only: true, ..NewCall::default() };
    let during: Vec<_> =
        (0..5).map(|_| trial.outside.simulator.place_call(&quiet).expect("the call is placed")).collect();
    let (kept, refused) = mail_during(&trial.outside, lasts(6, 60)).await;
    assert_eq!(refused, 0, "webhooks are kept whatever Graph does");
    trial.saw(format!("{kept} webhooks kept"));
    trial.outside.simulator.set_faults(Faults::default());
    trial.is_back().await;
    for call in &during {
        let outside = &trial.outside;
        let ended = within(Duration::from_secs(70), "no call of that time is left behind", || async {
            let call = outside.simulator.call(&call.id)?;
            if call.state == CallState::Accepted {
                outside.simulator.hang_up(&call.id);
            }
            (call.state == CallState::Ended).then_some(call)
        })
        .await;
        assert!(
            matches!(
                ended.ended_by,
                Some(EndedBy::Business | EndedBy::Rejected | EndedBy::Customer | EndedBy::RingTimeout)
            ),
            "{:?}",
            ended.ended_by
        );
        trial.outside.ended(&trial.outside.store().await, &call.wacid).await;
    }
    trial.sound_was_kept();
    trial.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_junk_packets_a_second_are_not_heard() {
    const PER_SECOND: u32 = 10_000;
    let mut outside = Outside::new("echo", 16).await;
    let agent_port = UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    outside.set("SWITCHBOARD_MEDIA_AGENT_PORT", agent_port.to_string());
    let pool = outside
        .settings
        .iter()
        .find(|(name, _)| *name == "SWITCHBOARD_MEDIA_PORTS")
        .expect("a pool")
        .1
        .clone();
    let (first, last) = pool.split_once('-').expect("a range");
    let (first, last): (u16, u16) = (first.parse().expect("a port"), last.parse().expect("a port"));
    let mut trial = Trial::begin("10,000 junk packets a second", outside).await;

    let stop = std::sync::Arc::new(AtomicBool::new(false));
    let told = std::sync::Arc::clone(&stop);
    let thrower = std::thread::spawn(move || {
        let sockets: Vec<_> = (0..4).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a socket")).collect();
        let mut dice = StdRng::seed_from_u64(7);
        let (began, mut sent) = (Instant::now(), 0_u64);
        while !told.load(Ordering::Relaxed) {
            let due = (began.elapsed().as_secs_f64() * f64::from(PER_SECOND)) as u64;
            while sent < due {
                let port = if sent % 2 == 0 { agent_port } else { dice.random_range(first..=last) };
                // A port nobody listens on answers with an error at the next send: that is not what is tested.
                let _ = sockets[(sent % 4) as usize].send_to(&junk(&mut dice, sent), ("127.0.0.1", port));
                sent += 1;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        (sent, began.elapsed())
    });
    let (_, refused) = mail_during(&trial.outside, lasts(4, 30)).await;
    stop.store(true, Ordering::Relaxed);
    let (sent, took) = thrower.join().expect("no panic");
    assert_eq!(refused, 0);
    trial.saw(format!("{:.0} packets a second", sent as f64 / took.as_secs_f64()));
    trial.is_back().await;
    trial.sound_was_kept();
    assert!(trial.process.log().len() < 1_000_000, "strangers wrote the log full");
    trial.end().await;
}

/// Nonsense, and what looks like STUN, DTLS and RTP at first sight.
fn junk(dice: &mut StdRng, number: u64) -> Vec<u8> {
    let mut packet = vec![0_u8; dice.random_range(20..200)];
    dice.fill_bytes(&mut packet);
    match number % 4 {
        0 => {}
        1 => packet[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]),
        2 => packet[..3].copy_from_slice(&[22, 254, 253]),
        _ => packet[..2].copy_from_slice(&[0x80, 111]),
    }
    packet
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_waits_its_turn_and_live_calls_do_not_hear_it() {
    const PER_SECOND: u32 = 200;
    let mut trial = Trial::begin("200 connects a second", Outside::new("echo", 600).await).await;
    let memory_before = memory_kb(trial.process.id());
    // Quiet customers who soon give up: what is tested is the exchange, not the machine's hundredth echo.
    let wanted = NewCall {
        sound: Sound::None(true),
        counts_only: true,
        hang_up_after_ms: Some(3_000),
        ..NewCall::default()
    };
    let how_long = lasts(3, 30);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / PER_SECOND);
    let (began, mut flood) = (Instant::now(), Vec::new());
    while began.elapsed() < how_long {
        tick.tick().await;
        flood.push(trial.outside.simulator.place_call(&wanted).expect("the call is placed").id);
    }
    let peak = memory_kb(trial.process.id());
    let outside = &trial.outside;
    within(Duration::from_secs(90), "every call of the flood is over", || async {
        flood
            .iter()
            .all(|id| outside.simulator.call(id).is_none_or(|call| call.state == CallState::Ended))
            .then_some(())
    })
    .await;
    let mut took: Vec<f64> =
        flood.iter().filter_map(|id| trial.outside.simulator.call(id)?.timings.connect_to_200_ms).collect();
    took.sort_by(f64::total_cmp);
    let p99 = took[took.len() * 99 / 100];
    trial.saw(format!(
        "{} calls, webhooks p99 {p99:.0} ms, memory +{} MB",
        flood.len(),
        (peak.saturating_sub(memory_before)) / 1_024
    ));
    assert!(p99 < 3_000.0, "webhooks were answered slowly: {p99} ms");
    assert!(peak.saturating_sub(memory_before) < 600 * 1_024, "{memory_before} kB became {peak} kB");
    trial.is_back().await;
    trial.sound_was_kept();
    trial.end().await;
}

fn memory_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
