//! The thread that writes all recordings: ten times a second it empties every ring and writes the places whose time
//! has come. A recording that breaks ends alone.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::file::StereoFile;
use super::tap::{self, Shared, Side, Tap, Tapped};
use super::track::{HOLD, Track};
use super::{FRAME, PAGES_WAITING, RecordingFault, RecordingOutput, RecordingSummary};
use crate::chance;
use crate::clock::Clock;

/// Between two looks at the rings.
const TURN: Duration = Duration::from_millis(100);
/// Recordings that may wait to be begun.
const BEGINNING: usize = 4_096;

/// The handle: begins recordings.
#[derive(Debug)]
pub(crate) struct Writer {
    begin: Sender<Box<Recording>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(clock: Clock) -> io::Result<Self> {
        let (begin, beginning) = crossbeam_channel::bounded(BEGINNING);
        let thread =
            std::thread::Builder::new().name("recordings".into()).spawn(move || run(clock, &beginning))?;
        Ok(Self { begin, thread: Some(thread) })
    }

    /// A recording whose tap is still to be put onto its call. None: the thread is gone or hangs.
    pub(crate) fn begin(&self) -> Option<(Tap, RecordingOutput)> {
        let (tap, ring, shared) = tap::pair();
        let (pages, output) = mpsc::channel(PAGES_WAITING);
        let (end, ended) = oneshot::channel();
        let recording = Recording::new(ring, shared, pages, end).ok()?;
        self.begin.try_send(Box::new(recording)).ok()?;
        Some((tap, RecordingOutput { pages: output, ended }))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends when nobody can begin a recording any more and all that ran are finished.
        let (nobody, _) = crossbeam_channel::bounded(0);
        self.begin = nobody;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes recordings had panicked");
        }
    }
}

fn run(clock: Clock, beginning: &Receiver<Box<Recording>>) {
    let mut running: Vec<Box<Recording>> = Vec::new();
    let mut closing = false;
    loop {
        if running.is_empty() {
            match beginning.recv() {
                Ok(recording) => running.push(recording),
                Err(_) => return,
            }
        } else if closing {
            std::thread::sleep(TURN);
        } else {
            let until = clock.now() + TURN;
            loop {
                match beginning.recv_deadline(until) {
                    Ok(recording) => running.push(recording),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => {
                        closing = true;
                        break;
                    }
                }
            }
        }
        let now = clock.now();
        running.retain_mut(|recording| {
            let verdict = catch_unwind(AssertUnwindSafe(|| recording.turn(now)));
            match verdict.unwrap_or(Some(Err(RecordingFault::Broken))) {
                None => true,
                Some(end) => {
                    recording.end(end);
                    false
                }
            }
        });
    }
}

/// One recording.
struct Recording {
    ring: Receiver<Tapped>,
    shared: Arc<Shared>,
    pages: mpsc::Sender<Bytes>,
    ended: Option<oneshot::Sender<Result<RecordingSummary, RecordingFault>>>,
    file: StereoFile,
    left: Track,
    right: Track,
    started: Option<Instant>,
    stopped: Option<Instant>,
    written: u64,
    /// Places of silence; the last one may still be open.
    pauses: Vec<(u64, Option<u64>)>,
}

impl Recording {
    fn new(
        ring: Receiver<Tapped>,
        shared: Arc<Shared>,
        pages: mpsc::Sender<Bytes>,
        ended: oneshot::Sender<Result<RecordingSummary, RecordingFault>>,
    ) -> io::Result<Self> {
        Ok(Self {
            ring,
            shared,
            pages,
            ended: Some(ended),
            file: StereoFile::begin(chance::word())?,
            left: Track::new(),
            right: Track::new(),
            started: None,
            stopped: None,
            written: 0,
            pauses: Vec::new(),
        })
    }

    /// Writes what is due. Something: it is over.
    fn turn(&mut self, now: Instant) -> Option<Result<RecordingSummary, RecordingFault>> {
        loop {
            match self.ring.try_recv() {
                Ok(tapped) => self.take(tapped),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    // The tap went without a word: its leg was given up. What was kept until now stays.
                    self.stopped = self.stopped.or(Some(now));
                    break;
                }
            }
        }
        let due = match (self.started, self.stopped) {
            (Some(started), Some(stopped)) => places(started, stopped),
            (Some(started), None) => places(started, now).saturating_sub(HOLD),
            (None, _) => 0,
        };
        while self.written < due {
            let silent = self.is_silent(self.written);
            let (left, right) = (self.left.next(silent), self.right.next(silent));
            if self.file.push(&left, &right).is_err() {
                return Some(Err(RecordingFault::Broken));
            }
            self.written += 1;
        }
        if self.stopped.is_some() && self.file.finish().is_err() {
            return Some(Err(RecordingFault::Broken));
        }
        if let Some(pages) = self.file.pages() {
            match self.pages.try_send(pages) {
                Ok(()) => {}
                Err(TrySendError::Full(_)) => return Some(Err(RecordingFault::TooSlow)),
                Err(TrySendError::Closed(_)) => return Some(Err(RecordingFault::Abandoned)),
            }
        }
        self.stopped.is_some().then(|| Ok(self.summary()))
    }

    fn take(&mut self, tapped: Tapped) {
        if let Tapped::Start(at) = tapped {
            self.started = self.started.or(Some(at));
        }
        let Some(started) = self.started else { return };
        match tapped {
            Tapped::Start(_) => {}
            Tapped::Sound { side, at, timestamp, payload } => {
                let track = match side {
                    Side::Left => &mut self.left,
                    Side::Right => &mut self.right,
                };
                track.take(at.saturating_duration_since(started), timestamp, &payload);
            }
            // A pause covers every place it touches: nothing said in it is kept.
            Tapped::Pause(at) => self.pauses.push((places(started, at), None)),
            Tapped::Resume(at) => {
                if let Some((_, to @ None)) = self.pauses.last_mut() {
                    *to = Some(places(started, at) + 1);
                }
            }
            Tapped::Stop(at) => self.stopped = Some(at),
        }
    }

    fn is_silent(&self, place: u64) -> bool {
        let near = self.pauses.iter().rev().take_while(|(_, to)| to.is_none_or(|to| to > place));
        near.into_iter().any(|(from, _)| *from <= place)
    }

    fn summary(&self) -> RecordingSummary {
        let length = |places: u64| FRAME * u32::try_from(places.min(self.written)).unwrap_or(u32::MAX);
        RecordingSummary {
            duration: length(self.written),
            pauses: self
                .pauses
                .iter()
                .map(|(from, to)| (length(*from), length(to.unwrap_or(self.written))))
                .collect(),
            lost: self.shared.overflow.load(Ordering::Relaxed) + self.left.lost + self.right.lost,
        }
    }

    fn end(&mut self, end: Result<RecordingSummary, RecordingFault>) {
        self.shared.given_up.store(true, Ordering::Relaxed);
        if let Some(ended) = self.ended.take() {
            // Whoever kept the pages may be gone.
            let _ = ended.send(end);
        }
    }
}

/// Whole places between two moments.
fn places(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_millis() / FRAME.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "writer/tests.rs"]
mod tests;
