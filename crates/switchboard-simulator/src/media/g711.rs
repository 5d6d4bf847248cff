//! G.711 as a table of what each byte means; a sample is written as the byte that means what is nearest to it.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Law {
    /// µ-law, payload number 0.
    Pcmu,
    /// A-law, payload number 8.
    Pcma,
}

impl Law {
    /// The payload number (RFC 3551 §6).
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The name in SDP.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU/8000",
            Self::Pcma => "PCMA/8000",
        }
    }

    /// The law of a payload number.
    pub(crate) const fn of(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// What a byte means.
    pub(crate) fn sample(self, byte: u8) -> i16 {
        self.table()[usize::from(byte)]
    }

    /// The byte for a sample.
    pub(crate) fn byte(self, sample: i16) -> u8 {
        let distance = |byte: u8| (i32::from(self.sample(byte)) - i32::from(sample)).abs();
        (0..=u8::MAX).min_by_key(|byte| distance(*byte)).unwrap_or_default()
    }

    fn table(self) -> &'static [i16; 256] {
        static MU: OnceLock<[i16; 256]> = OnceLock::new();
        static A: OnceLock<[i16; 256]> = OnceLock::new();
        match self {
            Self::Pcmu => MU.get_or_init(|| std::array::from_fn(|byte| mu_law(byte as u8))),
            Self::Pcma => A.get_or_init(|| std::array::from_fn(|byte| a_law(byte as u8))),
        }
    }
}

/// ITU-T G.711, table 2: the bits are inverted; chord n begins at 33 · 2^n - 33 of 8,159, here times four.
fn mu_law(byte: u8) -> i16 {
    let bits = !byte;
    let (chord, step) = (u32::from(bits >> 4 & 7), i32::from(bits & 15));
    let value = ((2 * step + 33) * (1 << chord) - 33) * 4;
    (if bits & 0x80 == 0 { value } else { -value }) as i16
}

/// ITU-T G.711, table 1: every other bit is inverted; 4,096 steps, here times eight.
fn a_law(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let (chord, step) = (u32::from(bits >> 4 & 7), i32::from(bits & 15));
    let value = if chord == 0 { 2 * step + 1 } else { (2 * step + 33) << (chord - 1) } * 8;
    (if bits & 0x80 == 0 { -value } else { value }) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_tables_are_those_of_the_recommendation() {
        assert_eq!(
            (Law::Pcmu.sample(0x80), Law::Pcmu.sample(0x00), Law::Pcmu.sample(0xFF)),
            (32_124, -32_124, 0)
        );
        assert_eq!(
            (Law::Pcma.sample(0xAA), Law::Pcma.sample(0x2A), Law::Pcma.sample(0xD5)),
            (32_256, -32_256, 8)
        );
        for law in [Law::Pcmu, Law::Pcma] {
            for sample in (-30_000..30_000_i16).step_by(1_000) {
                let back = law.sample(law.byte(sample));
                assert!((back - sample).abs() <= 16 + sample.abs() / 24, "{law:?} {sample} {back}");
            }
        }
    }
}
