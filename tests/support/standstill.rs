//! How long this machine itself stood still: the longest time a thread that asked for 5 ms of sleep got more. A gap in
//! the sound that is not longer than that is the machine's, not the exchange's.

#![expect(clippy::disallowed_methods, reason = "real time is what is measured here")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(5);

/// Watches from its making on.
pub(crate) struct Standstill {
    longest_us: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Standstill {
    /// One thread for each of the cores the exchange and the simulator may run on.
    pub(crate) fn watch() -> Self {
        let (longest_us, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let threads = (0..2)
            .map(|_| {
                let (longest, stop) = (Arc::clone(&longest_us), Arc::clone(&stop));
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let asleep = Instant::now();
                        std::thread::sleep(NAP);
                        let late = asleep.elapsed().saturating_sub(NAP).as_micros();
                        longest.fetch_max(u64::try_from(late).unwrap_or(u64::MAX), Ordering::Relaxed);
                    }
                })
            })
            .collect();
        Self { longest_us, stop, threads }
    }

    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.longest_us.load(Ordering::Relaxed))
    }
}

impl Drop for Standstill {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
