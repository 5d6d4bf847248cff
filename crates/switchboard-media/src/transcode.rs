//! Between G.711 and Opus. The bridge is Opus everywhere; a customer who speaks G.711 is translated at his leg, both
//! ways, on a thread of its own, so that the 70 µs of a frame never delay a packet of somebody else.
//!
//! One packet in is one packet out, with its number and its time, in the order of arrival: no time is added, and what
//! jitters or is missing is for the buffer of whoever listens, as on every other path. A packet that comes after a
//! later one is dropped, because a decoder cannot go back; after a gap the decoder first conceals what is missing, so
//! that it goes on from the right place. When the thread falls behind, old frames are dropped, not played late.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};
use switchboard_core::ids::CallId;
use switchboard_core::media_terms::AdditionalCodec;

use crate::clock::Clock;
use crate::g711;
use crate::rebase::{Incoming, Source};
use crate::worker::Wake;

/// Frames waiting for the thread, and translated ones waiting for the media thread: 20 ms of 500 calls, both ways.
const QUEUE: usize = 1_024;
/// A frame that waited longer is worth nothing any more.
const TOO_LATE: Duration = Duration::from_millis(100);
/// Missing frames that are concealed; after a longer gap the decoder starts from where it is.
const CONCEALED: u64 = 5;
const RATE: u32 = 8_000;
/// 20 ms.
const FRAME: usize = 160;
/// 120 ms, the longest Opus packet.
const LONGEST: usize = 960;
/// What Meta's offers ask of Opus; narrow-band speech needs less.
const BITRATE: u32 = 20_000;
const COMPLEXITY: u8 = 5;
/// The largest Opus packet of one frame (RFC 6716 §3.2.1).
const LARGEST: usize = 1_275;
/// Falling behind is said this often at the most.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Towards the customer.
    ToG711(AdditionalCodec),
    /// From the customer.
    ToOpus(AdditionalCodec),
}

/// Where the frame comes from; needed again when it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Origin {
    Relayed { source: Source, incoming: Incoming },
    Generated(Source),
}

/// A frame on its way.
pub(crate) struct Frame {
    pub(crate) call: CallId,
    /// Which leg of the call's life.
    pub(crate) leg: u32,
    /// Which seat of the leg's life.
    pub(crate) era: u32,
    pub(crate) way: Way,
    pub(crate) origin: Origin,
    pub(crate) payload: Vec<u8>,
    at: Instant,
}

struct Job {
    frame: Frame,
    codec: Arc<Mutex<Codec>>,
}

/// The thread, as the media thread sees it.
#[derive(Clone)]
pub(crate) struct Translators {
    jobs: Sender<Job>,
    done: Receiver<Frame>,
}

/// The translator of one leg.
pub(crate) struct Translator {
    jobs: Sender<Job>,
    call: CallId,
    leg: u32,
    // Only the codec thread ever locks it; it goes when the leg and the last frame under way are gone.
    codec: Arc<Mutex<Codec>>,
}

impl Translators {
    /// Starts the thread. It ends when nobody holds these or a translator any more.
    pub(crate) fn start(clock: Clock, wake: Wake) -> std::io::Result<Self> {
        let (jobs, inbox) = crossbeam_channel::bounded(QUEUE);
        let (outbox, done) = crossbeam_channel::bounded(QUEUE);
        std::thread::Builder::new()
            .name("codec-0".into())
            .spawn(move || run(&inbox, &outbox, clock, &wake))?;
        Ok(Self { jobs, done })
    }

    pub(crate) fn translator(&self, call: CallId, leg: u32) -> Translator {
        Translator { jobs: self.jobs.clone(), call, leg, codec: Arc::default() }
    }

    /// The next translated frame.
    pub(crate) fn next(&self) -> Option<Frame> {
        self.done.try_recv().ok()
    }
}

impl Translator {
    /// Hands a frame over. When the queue is full the frame is lost, like a packet on a full path.
    pub(crate) fn translate(&self, now: Instant, era: u32, way: Way, origin: Origin, payload: &[u8]) {
        let payload = payload.to_vec();
        let frame = Frame { call: self.call, leg: self.leg, era, way, origin, payload, at: now };
        let _ = self.jobs.try_send(Job { frame, codec: Arc::clone(&self.codec) });
    }
}

fn run(jobs: &Receiver<Job>, done: &Sender<Frame>, clock: Clock, wake: &Wake) {
    let mut said: Option<Instant> = None;
    while let Ok(Job { mut frame, codec }) = jobs.recv() {
        let now = clock.now();
        if now.saturating_duration_since(frame.at) > TOO_LATE {
            if said.is_none_or(|at| now.saturating_duration_since(at) > SAID_EVERY) {
                said = Some(now);
                tracing::warn!("the codec thread falls behind: sound of G.711 customers is lost");
            }
            continue;
        }
        let mut codec = codec.lock().unwrap_or_else(PoisonError::into_inner);
        let translated =
            catch_unwind(AssertUnwindSafe(|| codec.translate(frame.way, frame.origin, &frame.payload)));
        match translated {
            Ok(Some(payload)) => frame.payload = payload,
            Ok(None) => continue,
            Err(_) => {
                tracing::error!(call.id = %frame.call, "a frame made the codec panic; the codec starts anew");
                *codec = Codec::default();
                continue;
            }
        }
        // Full: the media thread hangs, and nobody is waiting for sound.
        if done.try_send(frame).is_ok() {
            wake.wake();
        }
    }
}

/// Both directions of one leg.
#[derive(Default)]
struct Codec {
    decoder: Option<Decoder>,
    decoded: Option<(Source, u64)>,
    encoder: Option<Encoder>,
    encoded: Option<(Source, u64)>,
}

impl Codec {
    fn translate(&mut self, way: Way, origin: Origin, payload: &[u8]) -> Option<Vec<u8>> {
        match way {
            Way::ToG711(codec) => self.encode_g711(codec, origin, payload),
            Way::ToOpus(codec) => self.decode_to_opus(codec, origin, payload),
        }
    }

    fn encode_g711(&mut self, codec: AdditionalCodec, origin: Origin, payload: &[u8]) -> Option<Vec<u8>> {
        let missing = in_order(&mut self.decoded, origin)?;
        if payload.is_empty() {
            return None;
        }
        if self.decoder.is_none() {
            self.decoder = Some(Decoder::new(RATE, Channels::Mono).ok()?);
        }
        let decoder = self.decoder.as_mut()?;
        let mut pcm = [0_i16; LONGEST];
        if missing <= CONCEALED {
            for _ in 0..missing {
                // What is concealed here is not sent: its number may belong to a key press.
                let _ = decoder.decode(&[], &mut pcm[..FRAME], DecodeMode::Normal);
            }
        }
        let count = decoder.decode(payload, &mut pcm, DecodeMode::Normal).ok()?;
        Some(pcm.get(..count)?.iter().map(|sample| g711::encode(codec, *sample)).collect())
    }

    fn decode_to_opus(&mut self, codec: AdditionalCodec, origin: Origin, payload: &[u8]) -> Option<Vec<u8>> {
        in_order(&mut self.encoded, origin)?;
        if self.encoder.is_none() {
            let encoder = Encoder::builder(RATE, Channels::Mono, Application::Voip)
                .bitrate(Bitrate::Bits(BITRATE))
                .complexity(COMPLEXITY)
                .build()
                .ok()?;
            self.encoder = Some(encoder);
        }
        // 10, 20, 40 and 60 ms; Meta sends 20.
        if !matches!(payload.len(), 80 | 160 | 320 | 480) {
            return None;
        }
        let pcm: Vec<i16> = payload.iter().map(|byte| g711::decode(codec, *byte)).collect();
        let mut packet = [0_u8; LARGEST];
        let length = self.encoder.as_mut()?.encode(&pcm, &mut packet).ok()?;
        packet.get(..length).map(<[u8]>::to_vec)
    }
}

/// How many packets are missing before this one; `None`: it comes too late.
fn in_order(last: &mut Option<(Source, u64)>, origin: Origin) -> Option<u64> {
    let (source, index) = match origin {
        Origin::Relayed { source, incoming } => (source, incoming.index),
        Origin::Generated(_) => {
            *last = None;
            return Some(0);
        }
    };
    let missing = match *last {
        Some((before, at)) if before == source => index.checked_sub(at + 1)?,
        Some(_) | None => 0,
    };
    *last = Some((source, index));
    Some(missing)
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use proptest::prelude::*;

    use super::*;

    const SOURCE: Source = Source::Peer { leg: 1, ssrc: 2 };

    fn at(index: u64) -> Origin {
        let incoming = Incoming { index, timestamp: 0, marker: false, moves_clock: true };
        Origin::Relayed { source: SOURCE, incoming }
    }

    fn tone(n: usize) -> Vec<i16> {
        (0..FRAME)
            .map(|i| ((TAU * 440.0 * (n * FRAME + i) as f32 / RATE as f32).sin() * 9_000.0) as i16)
            .collect()
    }

    /// Turns of the sign within a second, halved.
    fn hertz(samples: &[i16]) -> f32 {
        let crossings = samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
        crossings as f32 * RATE as f32 / samples.len() as f32 / 2.0
    }

    #[test]
    fn a_tone_is_the_same_tone_after_both_ways() {
        for codec in AdditionalCodec::ALL.iter().copied() {
            let mut translator = Codec::default();
            let mut heard = Vec::new();
            for n in 0..50 {
                let spoken: Vec<u8> = tone(n).iter().map(|sample| g711::encode(codec, *sample)).collect();
                let opus = translator.decode_to_opus(codec, at(n as u64), &spoken).expect("a packet");
                assert!(opus.len() <= 100, "{} bytes", opus.len());
                let back = translator.encode_g711(codec, at(n as u64), &opus).expect("a packet");
                assert_eq!(back.len(), FRAME);
                heard.extend(back.iter().map(|byte| g711::decode(codec, *byte)));
            }
            let hertz = hertz(&heard[heard.len() / 2..]);
            assert!((hertz - 440.0).abs() < 10.0, "{codec:?}: {hertz}");
        }
    }

    #[test]
    fn a_late_packet_is_dropped_and_a_gap_is_gone_over() {
        let mut last = None;
        assert_eq!(in_order(&mut last, at(5)), Some(0));
        assert_eq!(in_order(&mut last, at(8)), Some(2));
        assert_eq!(in_order(&mut last, at(7)), None);
        assert_eq!(in_order(&mut last, at(8)), None, "a second arrival");
        assert_eq!(in_order(&mut last, at(9)), Some(0));
        let other = Origin::Relayed {
            source: Source::Peer { leg: 3, ssrc: 4 },
            incoming: Incoming { index: 1, timestamp: 0, marker: false, moves_clock: true },
        };
        assert_eq!(in_order(&mut last, other), Some(0), "another source has its own numbers");
        assert_eq!(in_order(&mut last, Origin::Generated(Source::Player(1))), Some(0));
    }

    proptest! {
        #[test]
        fn no_payload_makes_the_translator_panic(payload in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut translator = Codec::default();
            let _ = translator.encode_g711(AdditionalCodec::Pcmu, at(1), &payload);
            let _ = translator.encode_g711(AdditionalCodec::Pcmu, at(4), &payload);
            let _ = translator.decode_to_opus(AdditionalCodec::Pcma, at(1), &payload);
        }
    }
}
