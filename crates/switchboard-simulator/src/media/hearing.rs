//! What a simulated person hears: packets counted, losses seen in the sequence numbers, and sound decoded.

use std::collections::BTreeSet;
use std::f32::consts::TAU;
use std::io::Cursor;
use std::time::{Duration, Instant};

use ropus::{Channels, DecodeMode, Decoder};
use serde::Serialize;

use crate::clock::millis;
use crate::media::g711::Law;

/// 16 kHz is all that WhatsApp's `maxplaybackrate=16000` carries.
const RATE: u32 = 16_000;
/// The longest sound kept for `heard.wav`: two minutes, 3.8 MB.
const LONGEST: usize = RATE as usize * 120;
/// Frequency and level are those of the last half second.
const WINDOW: usize = RATE as usize / 2;
/// Quieter than this is silence, without a frequency.
const SILENT_DBFS: f32 = -55.0;
/// Opus frames of silence are shorter than this; a frame with sound is longer.
const SOUND_OCTETS: usize = 10;

/// What was heard on one leg.
#[derive(Debug, Default)]
pub(crate) struct Hearing {
    packets: u64,
    ssrcs: BTreeSet<u32>,
    span: Option<(u64, u64)>,
    late_ssrc: Option<u32>,
    lost_before: u64,
    span_packets: u64,
    first_at: Option<Instant>,
    first_sound_at: Option<Instant>,
    last_at: Option<Instant>,
    longest_gap: Duration,
    digits: String,
    last_event: Option<u32>,
    ear: Option<Box<Ear>>,
}

/// What was heard, as the control API tells it.
#[derive(Debug, Clone, Serialize)]
pub struct Heard {
    /// RTP packets that passed authentication.
    pub packets: u64,
    /// Holes in their sequence numbers.
    pub lost: u64,
    /// First packet after `accept`, in milliseconds.
    pub first_at_ms_after_accept: Option<f64>,
    /// The longest wait between two packets, in milliseconds.
    pub longest_gap_ms: f64,
    /// The strongest frequency of the last half second; nothing when silent or not decoded.
    pub dominant_hz: Option<u32>,
    /// The level of the last half second; nothing when not decoded.
    pub level_dbfs: Option<f32>,
    /// Every SSRC that was used towards this peer. Meta wants exactly one.
    pub ssrcs: Vec<u32>,
    /// Keys heard as RFC 4733 events.
    pub keys: String,
}

impl Hearing {
    /// Ears that only count, or that also listen.
    pub(crate) fn new(listens: bool) -> Self {
        Self { ear: if listens { Ear::new().map(Box::new) } else { None }, ..Self::default() }
    }

    /// An audio packet arrived. `sequence` is extended over its 16 bits.
    pub(crate) fn packet(
        &mut self,
        now: Instant,
        ssrc: u32,
        sequence: u64,
        law: Option<Law>,
        payload: &[u8],
    ) {
        self.count(now, ssrc, sequence);
        if payload.len() >= SOUND_OCTETS && self.first_sound_at.is_none() {
            self.first_sound_at = Some(now);
        }
        if let Some(ear) = &mut self.ear {
            match law {
                None => ear.hear(payload),
                Some(law) => ear.hear_g711(law, payload),
            }
        }
    }

    /// A telephone event arrived (RFC 4733); the same timestamp is the same key.
    pub(crate) fn event(&mut self, now: Instant, ssrc: u32, sequence: u64, timestamp: u32, payload: &[u8]) {
        self.count(now, ssrc, sequence);
        if self.last_event == Some(timestamp) {
            return;
        }
        self.last_event = Some(timestamp);
        if let Some(key) = payload.first().and_then(|code| b"0123456789*#ABCD".get(usize::from(*code))) {
            self.digits.push(char::from(*key));
        }
    }

    fn count(&mut self, now: Instant, ssrc: u32, sequence: u64) {
        self.packets += 1;
        self.ssrcs.insert(ssrc);
        if let Some(last) = self.last_at {
            self.longest_gap = self.longest_gap.max(now.saturating_duration_since(last));
        }
        self.last_at = Some(now);
        self.first_at.get_or_insert(now);
        // A new SSRC starts a new row of numbers; what the old row lost stays lost.
        if self.late_ssrc != Some(ssrc) {
            self.lost_before = self.lost();
            self.span = None;
            self.span_packets = 0;
            self.late_ssrc = Some(ssrc);
        }
        self.span_packets += 1;
        self.span = Some(match self.span {
            Some((low, high)) => (low.min(sequence), high.max(sequence)),
            None => (sequence, sequence),
        });
    }

    fn lost(&self) -> u64 {
        let expected = self.span.map_or(0, |(low, high)| high - low + 1);
        self.lost_before + expected.saturating_sub(self.span_packets)
    }

    /// Gaps are counted from now on.
    pub(crate) fn listen_anew(&mut self) {
        self.longest_gap = Duration::ZERO;
    }

    /// When the first packet with sound in it (not an encoded silence) arrived.
    pub(crate) fn first_sound_at(&self) -> Option<Instant> {
        self.first_sound_at
    }

    /// Packets so far.
    pub(crate) fn packets(&self) -> u64 {
        self.packets
    }

    /// A report; `accepted_at` is when the call was accepted.
    pub(crate) fn heard(&self, accepted_at: Option<Instant>) -> Heard {
        let after = accepted_at
            .zip(self.first_at)
            .map(|(accepted, first)| millis(first.saturating_duration_since(accepted)));
        Heard {
            packets: self.packets,
            lost: self.lost(),
            first_at_ms_after_accept: after,
            longest_gap_ms: millis(self.longest_gap),
            dominant_hz: self.ear.as_ref().and_then(|ear| ear.dominant_hertz()),
            level_dbfs: self.ear.as_ref().map(|ear| ear.level_dbfs()),
            ssrcs: self.ssrcs.iter().copied().collect(),
            keys: self.digits.clone(),
        }
    }

    /// The decoded sound as a WAV file; nothing when this leg does not listen.
    pub(crate) fn wav(&self) -> Option<Vec<u8>> {
        self.ear.as_ref().and_then(|ear| ear.wav())
    }
}

/// A decoder and the sound it made.
pub(crate) struct Ear {
    decoder: Decoder,
    sound: Vec<i16>,
}

impl std::fmt::Debug for Ear {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ear").field("samples", &self.sound.len()).finish()
    }
}

impl Ear {
    /// A new ear; nothing when the codec cannot be had.
    pub(crate) fn new() -> Option<Self> {
        Decoder::new(RATE, Channels::Mono).ok().map(|decoder| Self { decoder, sound: Vec::new() })
    }

    /// Decodes one packet and remembers its sound.
    pub(crate) fn hear(&mut self, payload: &[u8]) {
        let mut pcm = [0; RATE as usize * 120 / 1_000];
        if let Ok(count) = self.decoder.decode(payload, &mut pcm, DecodeMode::Normal) {
            if self.sound.len() + count > LONGEST {
                self.sound.drain(..LONGEST / 2);
            }
            self.sound.extend_from_slice(&pcm[..count]);
        }
    }

    /// Takes one packet of G.711; twice each sample makes 16,000 a second of 8,000.
    fn hear_g711(&mut self, law: Law, payload: &[u8]) {
        if self.sound.len() + 2 * payload.len() > LONGEST {
            self.sound.drain(..LONGEST / 2);
        }
        self.sound.extend(payload.iter().flat_map(|byte| [law.sample(*byte); 2]));
    }

    fn window(&self) -> &[i16] {
        &self.sound[self.sound.len().saturating_sub(WINDOW)..]
    }

    /// Loudness of the last half second against full scale.
    pub(crate) fn level_dbfs(&self) -> f32 {
        let window = self.window();
        if window.is_empty() {
            return -100.0;
        }
        let power = window.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>() / window.len() as f32;
        (20.0 * (power.sqrt() / 32_768.0).max(1e-5).log10() * 10.0).round() / 10.0
    }

    /// The strongest frequency of the last half second (Goertzel from 50 to 4,000 Hz in steps of 5).
    pub(crate) fn dominant_hertz(&self) -> Option<u32> {
        let window = self.window();
        if window.len() < RATE as usize / 10 || self.level_dbfs() < SILENT_DBFS {
            return None;
        }
        (50..=4_000_u32)
            .step_by(5)
            .map(|hertz| (hertz, goertzel(window, hertz)))
            .max_by(|one, other| one.1.total_cmp(&other.1))
            .map(|(hertz, _)| hertz)
    }

    fn wav(&self) -> Option<Vec<u8>> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut file, spec).ok()?;
        for sample in &self.sound {
            writer.write_sample(*sample).ok()?;
        }
        writer.finalize().ok()?;
        Some(file.into_inner())
    }
}

fn goertzel(window: &[i16], hertz: u32) -> f32 {
    let turn = 2.0 * (TAU * hertz as f32 / RATE as f32).cos();
    let (mut one, mut two) = (0.0_f32, 0.0_f32);
    for sample in window {
        let next = f32::from(*sample) + turn * one - two;
        two = one;
        one = next;
    }
    one * one + two * two - turn * one * two
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;

    #[test]
    fn holes_in_the_numbers_are_losses_and_reordering_is_not() {
        let mut hearing = Hearing::new(false);
        for sequence in [10, 11, 13, 12, 16] {
            hearing.packet(now(), 7, sequence, None, &[0; 40]);
        }
        let heard = hearing.heard(None);
        assert_eq!((heard.packets, heard.lost), (5, 2));
        assert_eq!(heard.ssrcs, [7]);
    }

    #[test]
    fn a_second_ssrc_is_seen_and_does_not_count_as_loss() {
        let mut hearing = Hearing::new(false);
        hearing.packet(now(), 7, 10, None, &[0; 40]);
        hearing.packet(now(), 8, 50_000, None, &[0; 40]);
        let heard = hearing.heard(None);
        assert_eq!(heard.lost, 0);
        assert_eq!(heard.ssrcs, [7, 8]);
    }

    #[test]
    fn a_key_is_heard_once_however_often_its_event_is_sent() {
        let mut hearing = Hearing::new(false);
        for (sequence, timestamp, code) in [(1, 100, 5), (2, 100, 5), (3, 100, 5), (4, 900, 11)] {
            hearing.event(now(), 7, sequence, timestamp, &[code, 10, 0, 160]);
        }
        assert_eq!(hearing.heard(None).keys, "5#");
    }
}
