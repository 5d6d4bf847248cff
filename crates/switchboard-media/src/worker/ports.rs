//! The UDP ports of customer legs: one each, because Meta sends every call from one fixed port, so two calls on one of
//! ours would share a 5-tuple. The range lies inside Linux's ephemeral range: other processes may hold some of it.

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::engine::PortUsage;

/// A port found held by somebody else is tried again after this.
const HELD_RETRY: Duration = Duration::from_secs(60);

/// The pool's counters: written by the media thread, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct PortCounters {
    total: AtomicU32,
    in_use: AtomicU32,
    held_by_others: AtomicU32,
}

impl PortCounters {
    pub(crate) fn read(&self) -> PortUsage {
        PortUsage {
            total: self.total.load(Ordering::Relaxed),
            in_use: self.in_use.load(Ordering::Relaxed),
            held_by_others: self.held_by_others.load(Ordering::Relaxed),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Free,
    InUse,
    /// Given back at this time; not used again at once, so that late packets of the old call find nobody.
    Resting(Instant),
    /// Somebody else's, when last tried: at this time, by this search.
    Held {
        since: Instant,
        search: u64,
    },
}

/// The pool.
pub(crate) struct PortPool {
    first: u16,
    ports: Vec<Port>,
    next: usize,
    searches: u64,
    quarantine: Duration,
    counters: Arc<PortCounters>,
}

impl PortPool {
    pub(crate) fn new(range: RangeInclusive<u16>, quarantine: Duration) -> Self {
        let ports = vec![Port::Free; range.len()];
        let pool =
            Self { first: *range.start(), ports, next: 0, searches: 0, quarantine, counters: Arc::default() };
        pool.count();
        pool
    }

    pub(crate) fn counters(&self) -> Arc<PortCounters> {
        Arc::clone(&self.counters)
    }

    /// Takes a port that `bind` can have. Rested ports first, then those still resting, then those held by others
    /// when last tried. `Ok(None)`: the pool is used up. An error of `bind` other than "held" ends the search.
    pub(crate) fn take<S>(
        &mut self,
        now: Instant,
        mut bind: impl FnMut(u16) -> io::Result<S>,
    ) -> io::Result<Option<(u16, S)>> {
        let quarantine = self.quarantine;
        let rested = |port: Port| match port {
            Port::Free => true,
            Port::Resting(since) => now.saturating_duration_since(since) >= quarantine,
            Port::Held { since, .. } => now.saturating_duration_since(since) >= HELD_RETRY,
            Port::InUse => false,
        };
        let resting = |port: Port| matches!(port, Port::Resting(_));
        // By search, not by moment: two searches of one turn of the media thread share a moment.
        self.searches += 1;
        let this = self.searches;
        let held = |port: Port| matches!(port, Port::Held { search, .. } if search != this);
        let rounds: [&dyn Fn(Port) -> bool; 3] = [&rested, &resting, &held];
        let mut outcome = Ok(None);
        'search: for wanted in rounds {
            for _ in 0..self.ports.len() {
                let at = self.next;
                self.next = (self.next + 1) % self.ports.len();
                if !wanted(self.ports[at]) {
                    continue;
                }
                let number = self.first + at as u16;
                match bind(number) {
                    Ok(socket) => {
                        self.ports[at] = Port::InUse;
                        outcome = Ok(Some((number, socket)));
                        break 'search;
                    }
                    Err(error)
                        if matches!(
                            error.kind(),
                            io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                        ) =>
                    {
                        self.ports[at] = Port::Held { since: now, search: this };
                    }
                    Err(error) => {
                        outcome = Err(error);
                        break 'search;
                    }
                }
            }
        }
        self.count();
        outcome
    }

    /// Gives a port back.
    pub(crate) fn give_back(&mut self, now: Instant, number: u16) {
        if let Some(port) = self.ports.get_mut(usize::from(number.wrapping_sub(self.first))) {
            *port = Port::Resting(now);
        }
        self.count();
    }

    fn count(&self) {
        let (mut in_use, mut held) = (0, 0);
        for port in &self.ports {
            match port {
                Port::InUse => in_use += 1,
                Port::Held { .. } => held += 1,
                Port::Free | Port::Resting(_) => {}
            }
        }
        self.counters.total.store(self.ports.len() as u32, Ordering::Relaxed);
        self.counters.in_use.store(in_use, Ordering::Relaxed);
        self.counters.held_by_others.store(held, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a start for made-up times")]
mod tests {
    use super::*;

    fn anybody(number: u16) -> io::Result<u16> {
        Ok(number)
    }

    #[test]
    fn the_pool_runs_dry_and_recovers() {
        let now = Instant::now();
        let mut pool = PortPool::new(50_000..=50_001, Duration::from_secs(5));
        let first = pool.take(now, anybody).expect("no error").expect("a port").0;
        let second = pool.take(now, anybody).expect("no error").expect("a port").0;
        assert_ne!(first, second);
        assert!(pool.take(now, anybody).expect("no error").is_none());
        pool.give_back(now, first);
        assert_eq!(pool.take(now, anybody).expect("no error").expect("a port").0, first);
        assert_eq!(pool.counters().read(), PortUsage { total: 2, in_use: 2, held_by_others: 0 });
    }

    #[test]
    fn a_resting_port_waits_while_another_is_rested() {
        let now = Instant::now();
        let mut pool = PortPool::new(50_000..=50_002, Duration::from_secs(5));
        let first = pool.take(now, anybody).expect("no error").expect("a port").0;
        pool.give_back(now, first);
        let mut taken = Vec::new();
        for _ in 0..2 {
            taken.push(pool.take(now, anybody).expect("no error").expect("a port").0);
        }
        assert!(!taken.contains(&first));
        let later = now + Duration::from_secs(5);
        assert_eq!(pool.take(later, anybody).expect("no error").expect("a port").0, first);
    }

    #[test]
    fn a_port_of_another_process_is_skipped_counted_and_tried_again_later() {
        let now = Instant::now();
        let mut pool = PortPool::new(50_000..=50_001, Duration::ZERO);
        let held = |number| {
            if number == 50_000 { Err(io::Error::from(io::ErrorKind::AddrInUse)) } else { Ok(number) }
        };
        assert_eq!(pool.take(now, held).expect("no error").expect("a port").0, 50_001);
        assert_eq!(pool.counters().read(), PortUsage { total: 2, in_use: 1, held_by_others: 1 });
        assert!(pool.take(now, held).expect("no error").is_none());
        let later = now + HELD_RETRY;
        assert_eq!(pool.take(later, anybody).expect("no error").expect("a port").0, 50_000);
        assert_eq!(pool.counters().read().held_by_others, 0);
    }

    #[test]
    fn a_port_let_go_by_others_is_found_within_the_same_turn_of_the_thread() {
        let now = Instant::now();
        let mut pool = PortPool::new(50_000..=50_001, Duration::ZERO);
        let held = |number| {
            if number == 50_000 { Err(io::Error::from(io::ErrorKind::AddrInUse)) } else { Ok(number) }
        };
        assert_eq!(pool.take(now, held).expect("no error").expect("a port").0, 50_001);
        assert_eq!(pool.take(now, anybody).expect("no error").expect("a port").0, 50_000);
    }

    #[test]
    fn an_error_that_is_nobodys_port_is_told() {
        let now = Instant::now();
        let mut pool = PortPool::new(50_000..=50_001, Duration::ZERO);
        let result = pool.take(now, |_| Err::<u16, _>(io::Error::other("too many open files")));
        assert!(result.is_err());
        assert_eq!(pool.counters().read().in_use, 0);
    }
}
