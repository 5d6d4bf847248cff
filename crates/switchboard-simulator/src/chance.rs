//! Where chance comes from: the operating system for credentials, a seed for faults.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Random bytes for ids and credentials.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system generator does not fail on the systems we run on; zeros would only make ids collide.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}

/// A random 32-bit number, never zero.
pub(crate) fn number() -> u32 {
    u32::from_be_bytes(bytes::<4>()).max(1)
}

/// `N` random letters, as in the `ice-ufrag` of Meta's offers.
pub(crate) fn letters<const N: usize>() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    bytes::<N>().iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect()
}

/// 16 random octets as base64 with padding: 24 characters that end in `==`, as in Meta's real `ice-pwd`.
pub(crate) fn padded_password() -> String {
    STANDARD.encode(bytes::<16>())
}

/// A random UUID-shaped text (version 4).
pub(crate) fn uuid() -> String {
    let mut bytes = bytes::<16>();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Seeded chance (SplitMix64): the same seed throws the same numbers on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice for one question: the seed of the run, the ordinal of the call, and what is asked.
    pub(crate) fn new(seed: u64, call: u64, question: u64) -> Self {
        let mut dice = Self(
            seed ^ call.wrapping_mul(0xa076_1d64_78bd_642f) ^ question.wrapping_mul(0xe703_7ed1_a0b4_28db),
        );
        dice.throw();
        dice
    }

    fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True with this probability.
    pub(crate) fn happens(&mut self, probability: f32) -> bool {
        let share = (self.throw() >> 40) as f32 / (1_u64 << 24) as f32;
        share < probability
    }

    /// A number between the two, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        if high <= low { low } else { low + self.throw() % (high - low + 1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_numbers() {
        let throws = |seed| (0..8).map(|call| Dice::new(seed, call, 1).between(0, 1_000)).collect::<Vec<_>>();
        assert_eq!(throws(7), throws(7));
        assert_ne!(throws(7), throws(8));
    }

    #[test]
    fn a_probability_is_roughly_kept() {
        let hits = (0..10_000).filter(|call| Dice::new(1, *call, 2).happens(0.25)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
    }

    #[test]
    fn passwords_look_like_metas() {
        let password = padded_password();
        assert_eq!(password.len(), 24);
        assert!(password.ends_with("=="));
        assert_eq!(letters::<16>().len(), 16);
    }
}
