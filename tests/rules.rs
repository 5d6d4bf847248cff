//! Rules of the core against the simulator's own books: two judges who share nothing must not contradict each other.

mod wallet;
