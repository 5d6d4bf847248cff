//! Any Opus packet as 20 ms frames with one byte of description each (code 0, RFC 6716 §3.2.2). Packets of several
//! 20 ms frames are only cut apart; other lengths, which neither Meta nor browsers send unasked, are decoded and
//! encoded anew.

use ropus::opus::decoder::opus_packet_parse_impl;
use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};

/// 20 ms at 48 kHz.
pub(super) const SAMPLES: usize = 960;
/// 120 ms, the longest packet.
const LONGEST: usize = 6 * SAMPLES;
const MAX_FRAMES: usize = 48;
/// Speech that is encoded anew.
const BITS_PER_SECOND: u32 = 24_000;
const LARGEST_FRAME: usize = 1_276;

/// One code-0 packet of 20 ms.
pub(super) type Frame = Box<[u8]>;

/// What a packet is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// 20 ms frames in order.
    Frames(Vec<Frame>),
    /// Other lengths: this many samples at 48 kHz.
    Odd(usize),
    /// Not Opus.
    Broken,
}

/// Cuts a packet apart.
pub(super) fn read(packet: &[u8]) -> Packet {
    let Some(&first) = packet.first() else { return Packet::Broken };
    let samples = samples_per_frame(first);
    let (mut toc, mut sizes, mut offset) = (0, [0_i16; MAX_FRAMES], 0);
    let Ok(len) = i32::try_from(packet.len()) else { return Packet::Broken };
    let count = opus_packet_parse_impl(packet, len, false, &mut toc, &mut sizes, &mut offset, None);
    let (Ok(count), Ok(mut at)) = (usize::try_from(count), usize::try_from(offset)) else {
        return Packet::Broken;
    };
    if count == 0 || count * samples > LONGEST {
        return Packet::Broken;
    }
    if samples != SAMPLES {
        return Packet::Odd(count * samples);
    }
    let mut frames = Vec::with_capacity(count);
    for size in sizes.iter().take(count) {
        let Ok(size) = usize::try_from(*size) else { return Packet::Broken };
        let Some(sound) = packet.get(at..at + size) else { return Packet::Broken };
        let mut frame = Vec::with_capacity(1 + size);
        frame.push(first & 0xFC);
        frame.extend_from_slice(sound);
        frames.push(frame.into_boxed_slice());
        at += size;
    }
    Packet::Frames(frames)
}

/// Samples at 48 kHz of each frame, by the first byte (RFC 6716 §3.1).
const fn samples_per_frame(first: u8) -> usize {
    let config = first >> 3;
    match config {
        0..=11 => [480, 960, 1_920, 2_880][(config % 4) as usize],
        12..=15 => [480, 960][(config % 2) as usize],
        _ => [120, 240, 480, 960][(config % 4) as usize],
    }
}

/// A frame of nothing: decoders conceal it, or make the comfort noise the sender meant.
pub(super) fn missing(toc: u8) -> Frame {
    Box::new([toc & 0xFC])
}

/// Writes a frame so that its end is known (RFC 6716 appendix B): as the first of two in one packet.
pub(super) fn self_delimited(frame: &[u8], into: &mut Vec<u8>) {
    let Some((toc, sound)) = frame.split_first() else { return };
    into.push(*toc);
    let len = sound.len();
    if len < 252 {
        into.push(len as u8);
    } else {
        let first = 252 + (len & 3);
        into.push(first as u8);
        into.push(((len - first) / 4) as u8);
    }
    into.extend_from_slice(sound);
}

/// Decodes and encodes packets of odd lengths; made when the first one comes.
pub(super) struct Transcoder {
    decoder: Decoder,
    encoder: Encoder,
    waiting: Vec<i16>,
}

impl Transcoder {
    pub(super) fn new() -> Option<Self> {
        let encoder = Encoder::builder(48_000, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(BITS_PER_SECOND))
            .complexity(5)
            .build()
            .ok()?;
        Some(Self { decoder: Decoder::new(48_000, Channels::Mono).ok()?, encoder, waiting: Vec::new() })
    }

    /// Samples that have not filled a frame yet.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Takes a packet; gives the frames that are full by it.
    pub(super) fn take(&mut self, packet: &[u8]) -> Vec<Frame> {
        let mut sound = [0_i16; LONGEST];
        let Ok(samples) = self.decoder.decode(packet, &mut sound, DecodeMode::Normal) else {
            return Vec::new();
        };
        self.waiting.extend_from_slice(sound.get(..samples).unwrap_or_default());
        let mut frames = Vec::new();
        while self.waiting.len() >= SAMPLES {
            let mut frame = [0_u8; LARGEST_FRAME];
            if let Ok(len) = self.encoder.encode(&self.waiting[..SAMPLES], &mut frame)
                && let Some(frame) = frame.get(..len)
            {
                frames.push(frame.into());
            }
            self.waiting.drain(..SAMPLES);
        }
        frames
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packets_of_one_two_and_three_frames_are_cut_apart() {
        // Configuration 31: 20 ms of full band.
        assert_eq!(read(&[0xF8, 1, 2]), Packet::Frames(vec![Box::new([0xF8, 1, 2])]));
        let two = Packet::Frames(vec![Box::new([0xF8, 1, 2]), Box::new([0xF8, 3, 4])]);
        assert_eq!(read(&[0xF9, 1, 2, 3, 4]), two);
        let uneven = Packet::Frames(vec![Box::new([0xF8, 1]), Box::new([0xF8, 3, 4])]);
        assert_eq!(read(&[0xFA, 1, 1, 3, 4]), uneven);
        let three = Packet::Frames(vec![Box::new([0xF8, 1]), Box::new([0xF8, 2]), Box::new([0xF8, 3])]);
        assert_eq!(read(&[0xFB, 3, 1, 2, 3]), three);
        assert_eq!(read(&[0xF8]), Packet::Frames(vec![Box::new([0xF8])]), "a frame the sender left out");
    }

    #[test]
    fn other_lengths_and_rubbish_are_told_apart() {
        assert_eq!(read(&[0x18, 1]), Packet::Odd(2_880), "60 ms of speech");
        assert_eq!(read(&[0xF1, 1, 2]), Packet::Odd(960), "twice 10 ms");
        assert_eq!(read(&[]), Packet::Broken);
        assert_eq!(read(&[0xF9, 1]), Packet::Broken, "two equal frames of half a byte");
    }

    #[test]
    fn a_frame_knows_its_end() {
        for len in [0_usize, 1, 251, 252, 255, 256, 1_275] {
            let frame: Vec<u8> = std::iter::once(0xF8).chain(std::iter::repeat_n(7, len)).collect();
            let mut both = Vec::new();
            self_delimited(&frame, &mut both);
            both.extend([0xF8, 9]);
            let (mut toc, mut sizes, mut offset, mut end) = (0, [0_i16; MAX_FRAMES], 0, 0);
            let count = opus_packet_parse_impl(
                &both,
                both.len() as i32,
                true,
                &mut toc,
                &mut sizes,
                &mut offset,
                Some(&mut end),
            );
            assert_eq!((count, sizes[0] as usize, toc & 0xFC), (1, len, 0xF8));
            assert_eq!(&both[end as usize..], [0xF8, 9]);
        }
    }

    #[test]
    fn ten_millisecond_packets_become_twenty_millisecond_frames() {
        let mut encoder =
            Encoder::builder(48_000, Channels::Mono, Application::Voip).build().expect("an encoder");
        let mut transcoder = Transcoder::new().expect("a transcoder");
        let mut frames = Vec::new();
        for _ in 0..10 {
            let mut packet = [0_u8; 1_276];
            let len = encoder.encode(&[100_i16; 480], &mut packet).expect("a packet");
            assert_eq!(read(&packet[..len]), Packet::Odd(480));
            frames.extend(transcoder.take(&packet[..len]));
        }
        assert_eq!(frames.len(), 5);
        assert!(frames.iter().all(|frame| matches!(read(frame), Packet::Frames(one) if one.len() == 1)));
    }

    proptest! {
        #[test]
        fn no_packet_breaks_the_reader(packet in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Packet::Frames(frames) = read(&packet) {
                prop_assert!(frames.iter().all(|frame| frame[0] & 3 == 0));
            }
        }
    }
}
