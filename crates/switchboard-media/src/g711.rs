//! G.711 (ITU-T, 1988): eight bits a sample, 8,000 samples a second.

use switchboard_core::media_terms::AdditionalCodec;

const MU_BIAS: i32 = 0x84;
const MU_CLIP: i32 = 32_635;

/// The byte of silence: the smallest positive value.
pub(crate) const fn silence(codec: AdditionalCodec) -> u8 {
    match codec {
        AdditionalCodec::Pcmu => 0xFF,
        AdditionalCodec::Pcma => 0xD5,
    }
}

pub(crate) fn encode(codec: AdditionalCodec, sample: i16) -> u8 {
    match codec {
        AdditionalCodec::Pcmu => mu_law(sample),
        AdditionalCodec::Pcma => a_law(sample),
    }
}

pub(crate) fn decode(codec: AdditionalCodec, byte: u8) -> i16 {
    match codec {
        AdditionalCodec::Pcmu => from_mu_law(byte),
        AdditionalCodec::Pcma => from_a_law(byte),
    }
}

fn mu_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(MU_CLIP) + MU_BIAS;
    // The bias sets bit 7 at least.
    let exponent = 24 - magnitude.leading_zeros();
    let mantissa = (magnitude >> (exponent + 3)) & 0x0F;
    !(sign | (exponent as u8) << 4 | mantissa as u8)
}

fn from_mu_law(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = ((i32::from(byte & 0x0F) << 3) + MU_BIAS) << ((byte >> 4) & 7);
    let magnitude = (magnitude - MU_BIAS) as i16;
    if byte & 0x80 == 0 { magnitude } else { -magnitude }
}

fn a_law(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let magnitude = if sample < 0 { !i32::from(sample) } else { i32::from(sample) };
    let byte = if magnitude < 256 {
        magnitude >> 4
    } else {
        let exponent = (24 - magnitude.leading_zeros()) as i32;
        exponent << 4 | ((magnitude >> (exponent + 3)) & 0x0F)
    };
    (sign | byte as u8) ^ 0x55
}

fn from_a_law(byte: u8) -> i16 {
    let byte = byte ^ 0x55;
    let (exponent, mantissa) = (i32::from(byte >> 4 & 7), i32::from(byte & 0x0F));
    let magnitude = match exponent {
        0 => (mantissa << 4) + 8,
        _ => ((mantissa << 4) + 0x108) << (exponent - 1),
    };
    let magnitude = magnitude as i16;
    if byte & 0x80 == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_the_recommendation() {
        use AdditionalCodec::{Pcma, Pcmu};
        for (codec, sample, byte) in [
            (Pcmu, 0, 0xFF),
            (Pcmu, 32_124, 0x80),
            (Pcmu, -32_124, 0x00),
            (Pcmu, i16::MAX, 0x80),
            (Pcmu, i16::MIN, 0x00),
            (Pcmu, 1_000, 0xCE),
            (Pcma, 8, 0xD5),
            (Pcma, -8, 0x55),
            (Pcma, 32_256, 0xAA),
            (Pcma, i16::MIN, 0x2A),
        ] {
            assert_eq!(encode(codec, sample), byte, "{codec:?} {sample}");
        }
    }

    #[test]
    fn every_byte_comes_back_and_every_sample_comes_near() {
        for codec in AdditionalCodec::ALL.iter().copied() {
            assert!(decode(codec, silence(codec)).unsigned_abs() <= 8);
            for byte in 0..=u8::MAX {
                let sample = decode(codec, byte);
                // µ-law has two zeros.
                assert!(encode(codec, sample) == byte || sample == 0, "{codec:?} {byte:#x}");
            }
            for sample in i16::MIN..=i16::MAX {
                let back = decode(codec, encode(codec, sample));
                let error = (i32::from(back) - i32::from(sample)).abs();
                assert!(error <= 16 + i32::from(sample).abs() / 24, "{codec:?} {sample}: {back}");
            }
        }
    }
}
