//! The media of the pretend world: one operating-system thread with one event loop for all legs, so that some
//! hundred customers and agents fit on one core beside the server they test.
//!
//! Every leg has a UDP port of its own. Meta's relay answers all calls on one fixed port (3478 to 3484) of many
//! addresses; on the single loopback address of a test machine two calls would then share one pair of addresses.

pub(crate) mod audio;
pub(crate) mod browser;
pub(crate) mod g711;
pub(crate) mod hearing;
pub(crate) mod leg;
pub(crate) mod sdp;
pub(crate) mod srtp;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use crate::clock::now;
use crate::media::leg::{DATAGRAM, Leg, Passed, Voice};
use crate::media::sdp::Answer;

/// The token of the waker; legs use their own number.
const WAKE: Token = Token(0);
/// Commands that may wait for the thread.
const MOST_COMMANDS: usize = 4_096;
/// Datagrams read from one leg before the next leg has its turn.
const MOST_READS: usize = 32;
/// The thread looks at its commands at least this often.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);

/// What the media thread is asked to do.
#[derive(Debug)]
enum Command {
    Add(u64, Box<Leg>),
    Answered(u64, Answer),
    Accepted(u64),
    Voice(u64, Voice),
    Mute(u64, bool),
    Keys(u64, String),
    /// What either hears the other says.
    Join(u64, u64),
    Remove(u64),
    Stop,
}

/// The handle to the media thread.
#[derive(Debug)]
pub(crate) struct Media {
    commands: crossbeam_channel::Sender<Command>,
    waker: Arc<Waker>,
    next: AtomicU64,
}

impl Media {
    /// Starts the thread. It ends when the handle is dropped.
    pub(crate) fn start() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let (commands, inbox) = crossbeam_channel::bounded(MOST_COMMANDS);
        std::thread::Builder::new()
            .name("simulator-media".into())
            .spawn(move || Loop::new(poll, inbox).run())?;
        Ok(Self { commands, waker, next: AtomicU64::new(1) })
    }

    fn send(&self, command: Command) {
        // The queue is emptied within microseconds; it fills only if the thread is gone.
        if self.commands.send_timeout(command, Duration::from_secs(1)).is_ok() {
            let _ = self.waker.wake();
        } else {
            tracing::error!("the simulator's media thread does not take commands");
        }
    }

    /// Takes a leg over and gives its number.
    pub(crate) fn add(&self, leg: Leg) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.send(Command::Add(id, Box::new(leg)));
        id
    }

    pub(crate) fn answered(&self, leg: u64, answer: Answer) {
        self.send(Command::Answered(leg, answer));
    }

    pub(crate) fn accepted(&self, leg: u64) {
        self.send(Command::Accepted(leg));
    }

    /// From now on the leg says this.
    pub(crate) fn voice(&self, leg: u64, voice: Voice) {
        self.send(Command::Voice(leg, voice));
    }

    pub(crate) fn mute(&self, leg: u64, on: bool) {
        self.send(Command::Mute(leg, on));
    }

    pub(crate) fn keys(&self, leg: u64, keys: String) {
        self.send(Command::Keys(leg, keys));
    }

    pub(crate) fn join(&self, one: u64, other: u64) {
        self.send(Command::Join(one, other));
    }

    pub(crate) fn remove(&self, leg: u64) {
        self.send(Command::Remove(leg));
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.send(Command::Stop);
    }
}

struct Loop {
    poll: Poll,
    inbox: crossbeam_channel::Receiver<Command>,
    legs: HashMap<u64, Box<Leg>>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    passed: Vec<Passed>,
    /// Legs that had more to read than their turn allowed.
    unread: Vec<u64>,
}

impl Loop {
    fn new(poll: Poll, inbox: crossbeam_channel::Receiver<Command>) -> Self {
        Self {
            poll,
            inbox,
            legs: HashMap::new(),
            due: BinaryHeap::new(),
            passed: Vec::new(),
            unread: Vec::new(),
        }
    }

    fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = [0_u8; DATAGRAM];
        loop {
            let sleep =
                if self.unread.is_empty() && self.passed.is_empty() { self.sleep() } else { Duration::ZERO };
            if let Err(error) = self.poll.poll(&mut events, Some(sleep))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "the simulator's media thread cannot wait for datagrams");
                return;
            }
            while let Ok(command) = self.inbox.try_recv() {
                if matches!(command, Command::Stop) {
                    return;
                }
                self.carry_out(command);
            }
            let mut readable = std::mem::take(&mut self.unread);
            readable.extend(
                events.iter().filter(|event| event.token() != WAKE).map(|event| event.token().0 as u64),
            );
            for id in readable {
                self.read(id, &mut buffer);
            }
            self.on_time();
            self.pass_on();
        }
    }

    fn sleep(&self) -> Duration {
        let next =
            self.due.peek().map_or(LONGEST_SLEEP, |Reverse((at, _))| at.saturating_duration_since(now()));
        // epoll counts whole milliseconds; a frame that leaves half a millisecond late is no loss.
        next.min(LONGEST_SLEEP)
    }

    fn carry_out(&mut self, command: Command) {
        match command {
            Command::Add(id, mut leg) => {
                let token = Token(usize::try_from(id).unwrap_or(usize::MAX));
                if let Err(error) = self.poll.registry().register(&mut leg.socket, token, Interest::READABLE)
                {
                    tracing::error!(%error, "register a simulated peer's port");
                    return;
                }
                self.legs.insert(id, leg);
                self.after(id);
            }
            Command::Answered(id, answer) => self.with(id, |leg| {
                if let Err(error) = leg.answered(now(), &answer) {
                    tracing::warn!(%error, "apply an answer to a simulated customer");
                }
            }),
            Command::Accepted(id) => self.with(id, |leg| leg.accepted(now())),
            Command::Voice(id, voice) => self.with(id, |leg| leg.set_voice(voice)),
            Command::Mute(id, on) => self.with(id, |leg| leg.set_muted(on)),
            Command::Keys(id, keys) => self.with(id, |leg| leg.type_keys(&keys)),
            Command::Join(one, other) => {
                self.with(one, |leg| leg.partner = Some(other));
                self.with(other, |leg| leg.partner = Some(one));
            }
            Command::Remove(id) => {
                if let Some(mut leg) = self.legs.remove(&id) {
                    let _ = self.poll.registry().deregister(&mut leg.socket);
                }
            }
            Command::Stop => {}
        }
    }

    fn with(&mut self, id: u64, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.legs.get_mut(&id) {
            change(leg);
            self.after(id);
        }
    }

    fn read(&mut self, id: u64, buffer: &mut [u8; DATAGRAM]) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut reads = 0;
        while leg.read(now(), buffer, &mut self.passed) {
            reads += 1;
            if reads == MOST_READS {
                self.unread.push(id);
                break;
            }
        }
        self.after(id);
    }

    fn on_time(&mut self) {
        let moment = now();
        while let Some(Reverse((at, id))) = self.due.peek().copied()
            && at <= moment
        {
            self.due.pop();
            let Some(leg) = self.legs.get_mut(&id) else { continue };
            // An entry that was overtaken by an earlier one is stale.
            if leg.scheduled != Some(at) {
                continue;
            }
            leg.scheduled = None;
            leg.on_time(moment, &mut self.passed);
            // str0m may ask for this very moment again; a millisecond later keeps the loop turning.
            let due = leg.due().max(moment + Duration::from_millis(1));
            leg.scheduled = Some(due);
            self.due.push(Reverse((due, id)));
        }
    }

    fn pass_on(&mut self) {
        // A packet that is passed on can make its leg hear something, never the other way round without end:
        // what is heard while passing on waits for the next turn.
        for packet in std::mem::take(&mut self.passed) {
            let id = packet.to;
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.pass_on(now(), packet, &mut self.passed);
                self.after(id);
            }
        }
    }

    /// Notes when a leg that was touched wants to be called again.
    fn after(&mut self, id: u64) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let due = leg.due();
        if leg.scheduled.is_none_or(|scheduled| due < scheduled) {
            leg.scheduled = Some(due);
            self.due.push(Reverse((due, id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::locked;
    use crate::media::browser::{Offering, answer_phone};
    use crate::media::leg::{LegFacts, LegNews};

    /// Set it to 200 to see what 400 legs cost on one thread.
    fn pairs() -> usize {
        std::env::var("SIMULATOR_PAIRS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
    }

    #[tokio::test]
    async fn many_legs_share_one_thread_without_losing_a_packet() {
        let media = Media::start().expect("a thread");
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let voice = Voice::Frames(audio::tone(440).expect("a tone"));
        let mut all = Vec::new();
        let mut inboxes = Vec::new();
        for _ in 0..pairs() {
            let (one, other) = (LegFacts::new(false), LegFacts::new(false));
            let (news, mut inbox) = tokio::sync::mpsc::channel(16);
            let offering = Offering::new(ip).expect("an offer");
            let (phone, answer) =
                answer_phone(ip, &offering.offer, Arc::clone(&one), news.clone()).expect("an answer");
            let agent = offering.answered(&answer, voice.clone(), Arc::clone(&other), news).expect("a leg");
            media.add(phone);
            media.add(agent);
            while !matches!(inbox.recv().await.expect("news"), LegNews::Heard) {}
            all.extend([one, other]);
            inboxes.push(inbox);
        }
        let before = busy_ns();
        let (began, heard) = (now(), packets(&all));
        tokio::time::timeout(Duration::from_secs(3), std::future::pending::<()>())
            .await
            .expect_err("a pause");
        let length = now().saturating_duration_since(began);
        let heard = packets(&all) - heard;
        let expected = length.as_secs_f64() * 50.0 * pairs() as f64;
        assert!(heard as f64 > expected * 0.97, "{heard} of {expected}");
        assert!(all.iter().all(|facts| locked(&facts.hearing).heard(None).lost == 0));
        if let (Some(before), Some(after)) = (before, busy_ns()) {
            let share = (after - before) as f64 / length.as_nanos() as f64;
            let each = (after - before) as f64 / 1e3 / heard as f64;
            eprintln!(
                "{} legs: {:.1} % of a core, {each:.1} us per packet sent and heard",
                all.len(),
                share * 100.0
            );
        }
    }

    fn packets(all: &[Arc<LegFacts>]) -> u64 {
        all.iter().map(|facts| locked(&facts.hearing).packets()).sum()
    }

    /// Processor time of the media thread.
    fn busy_ns() -> Option<u64> {
        let tasks = std::fs::read_dir("/proc/self/task").ok()?;
        tasks.flatten().find_map(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            name.starts_with("simulator-medi").then(|| text.split_whitespace().next()?.parse().ok()).flatten()
        })
    }
}
