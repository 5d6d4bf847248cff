//! Which packets have been seen. RFC 3711 §3.3.1 (index) and §3.3.2 (replay), window of 128.

const WINDOW: u64 = 128;

/// The highest index seen and the 128 below it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReplayWindow {
    highest: Option<u64>,
    seen: u128,
}

impl ReplayWindow {
    /// The full index of a packet that carries only its lower 16 bits. `None`: it would lie before the first.
    pub(crate) fn guess_index(&self, sequence: u16) -> Option<u64> {
        let Some(highest) = self.highest else { return Some(u64::from(sequence)) };
        let (roll_overs, last) = (highest >> 16, highest as u16);
        let roll_overs = if last < 0x8000 {
            if i32::from(sequence) - i32::from(last) > 0x8000 {
                roll_overs.checked_sub(1)?
            } else {
                roll_overs
            }
        } else if i32::from(last) - 0x8000 > i32::from(sequence) {
            roll_overs + 1
        } else {
            roll_overs
        };
        Some(roll_overs << 16 | u64::from(sequence))
    }

    /// Has this index never been seen, as far as the window tells?
    pub(crate) fn is_new(&self, index: u64) -> bool {
        match self.highest {
            None => true,
            Some(highest) if index > highest => true,
            Some(highest) => {
                let behind = highest - index;
                behind < WINDOW && self.seen & (1 << behind) == 0
            }
        }
    }

    /// Remembers an index that was checked and authentic.
    pub(crate) fn note(&mut self, index: u64) {
        match self.highest {
            Some(highest) if index <= highest => {
                let behind = highest - index;
                if behind < WINDOW {
                    self.seen |= 1 << behind;
                }
            }
            Some(highest) => {
                let ahead = index - highest;
                self.seen = if ahead < WINDOW { self.seen << ahead | 1 } else { 1 };
                self.highest = Some(index);
            }
            None => {
                self.highest = Some(index);
                self.seen = 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_of_the_window() {
        let mut window = ReplayWindow::default();
        window.note(1_000);
        assert!(!window.is_new(1_000));
        assert!(window.is_new(1_000 - 127));
        assert!(!window.is_new(1_000 - 128), "too old to tell");
        window.note(1_127);
        assert!(!window.is_new(1_000), "still remembered at the far edge");
        assert!(window.is_new(1_001));
    }

    proptest! {
        /// Against a plain set: an index is taken once at most, and always when it is new and inside the window.
        #[test]
        fn agrees_with_a_set(indexes in proptest::collection::vec(0_u64..600, 1..400)) {
            let mut window = ReplayWindow::default();
            let mut taken = std::collections::BTreeSet::new();
            for index in indexes {
                let highest = taken.last().copied();
                let expected = match highest {
                    None => true,
                    Some(highest) => index > highest || (highest - index < WINDOW && !taken.contains(&index)),
                };
                prop_assert_eq!(window.is_new(index), expected);
                if expected {
                    window.note(index);
                    taken.insert(index);
                }
            }
        }

        /// A sender that loses up to a few thousand packets in a row is followed for ever.
        #[test]
        fn follows_a_sender_through_gaps(steps in proptest::collection::vec(1_u64..20_000, 1..200)) {
            let mut window = ReplayWindow::default();
            let mut index = 40_000;
            window.note(index);
            for step in steps {
                index += step;
                prop_assert_eq!(window.guess_index(index as u16), Some(index));
                window.note(index);
            }
        }
    }
}
