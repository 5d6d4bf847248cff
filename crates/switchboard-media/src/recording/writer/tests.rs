//! Made-up seconds of two tones: what the file says about them when it is decoded.
#![expect(clippy::disallowed_methods, reason = "a start for made-up times")]

use std::f32::consts::TAU;

use ropus::{Application, Bitrate, Channels, Encoder, OpusMSDecoder};

use super::*;
use crate::recording::peaks::peaks;

const FRAME_SAMPLES: u32 = 960;

/// 20 ms frames of a tone, as an encoder makes them.
struct Tone {
    encoder: Encoder,
    hertz: f32,
    at: u32,
}

impl Tone {
    fn new(hertz: f32) -> Self {
        let encoder = Encoder::builder(48_000, Channels::Mono, Application::Audio)
            .bitrate(Bitrate::Bits(24_000))
            .build()
            .expect("an encoder");
        Self { encoder, hertz, at: 0 }
    }

    fn frame(&mut self) -> (u32, Vec<u8>) {
        let timestamp = self.at;
        let pcm: Vec<i16> = (0..FRAME_SAMPLES)
            .map(|n| {
                let seconds = (timestamp + n) as f32 / 48_000.0;
                ((TAU * self.hertz * seconds).sin() * 12_000.0) as i16
            })
            .collect();
        self.at += FRAME_SAMPLES;
        let mut packet = [0_u8; 1_276];
        let len = self.encoder.encode(&pcm, &mut packet).expect("a packet");
        (timestamp, packet[..len].to_vec())
    }
}

/// A recording whose clock is ours.
struct Desk {
    begin: Instant,
    tap: Option<Tap>,
    recording: Recording,
    pages: mpsc::Receiver<Bytes>,
    file: Vec<u8>,
    end: Option<Result<RecordingSummary, RecordingFault>>,
}

impl Desk {
    fn new() -> Self {
        let begin = Instant::now();
        let (mut tap, ring, shared) = tap::pair();
        let (sender, pages) = mpsc::channel(PAGES_WAITING);
        let recording = Recording::new(ring, shared, sender, oneshot::channel().0).expect("begins");
        tap.start(begin);
        Self { begin, tap: Some(tap), recording, pages, file: Vec::new(), end: None }
    }

    fn at(&self, ms: u64) -> Instant {
        self.begin + Duration::from_millis(ms)
    }

    fn hear(&self, side: Side, ms: u64, (timestamp, payload): &(u32, Vec<u8>)) {
        self.tap.as_ref().expect("runs").hear(side, self.at(ms), *timestamp, payload);
    }

    fn turn(&mut self, ms: u64) {
        self.end = self.recording.turn(self.at(ms));
        while let Ok(page) = self.pages.try_recv() {
            self.file.extend_from_slice(&page);
        }
    }

    fn stop(mut self, ms: u64) -> (Vec<u8>, RecordingSummary) {
        let at = self.at(ms);
        self.tap.take().expect("runs").stop(at);
        self.turn(ms + 1);
        (self.file, self.end.expect("over").expect("whole"))
    }
}

/// Both sides at 48 kHz.
fn decode(file: &[u8]) -> [Vec<i16>; 2] {
    let mut packets = ogg::PacketReader::new(io::Cursor::new(file));
    let mut decoder = OpusMSDecoder::new(48_000, 2, 2, 0, &[0, 1]).expect("a decoder");
    let mut sides = [Vec::new(), Vec::new()];
    let mut at = 0;
    while let Some(packet) = packets.read_packet().expect("a sound file") {
        at += 1;
        if at > 2 {
            let mut pcm = vec![0_i16; 2 * 5_760];
            let samples = decoder
                .decode(Some(&packet.data), packet.data.len() as i32, &mut pcm, 5_760, false)
                .expect("every packet can be decoded");
            for pair in pcm.chunks_exact(2).take(samples as usize) {
                sides[0].push(pair[0]);
                sides[1].push(pair[1]);
            }
        }
    }
    sides
}

/// How much of a tone is in a stretch (Goertzel), as an amplitude.
fn loudness(samples: &[i16], hertz: f32) -> f32 {
    let (mut sine, mut cosine) = (0.0_f32, 0.0_f32);
    for (n, sample) in samples.iter().enumerate() {
        let angle = TAU * hertz * n as f32 / 48_000.0;
        sine += f32::from(*sample) * angle.sin();
        cosine += f32::from(*sample) * angle.cos();
    }
    2.0 * sine.hypot(cosine) / samples.len() as f32
}

fn stretch(side: &[i16], from_ms: usize, to_ms: usize) -> &[i16] {
    &side[from_ms * 48..to_ms * 48]
}

#[test]
fn each_side_has_its_tone_and_a_pause_is_silence_of_its_length() {
    let mut desk = Desk::new();
    let (mut customer, mut agent) = (Tone::new(440.0), Tone::new(880.0));
    for n in 0..300_u64 {
        if n == 100 {
            let at = desk.at(2_000);
            desk.tap.as_mut().expect("runs").pause(at);
        }
        if n == 200 {
            let at = desk.at(4_000);
            desk.tap.as_mut().expect("runs").resume(at);
        }
        desk.hear(Side::Left, n * 20 + 3, &customer.frame());
        desk.hear(Side::Right, n * 20 + 7, &agent.frame());
        if n % 5 == 4 {
            desk.turn(n * 20 + 19);
        }
    }
    let (file, summary) = desk.stop(6_000);
    assert_eq!(summary.duration, Duration::from_secs(6));
    let pause = (Duration::from_secs(2), Duration::from_millis(4_020));
    assert_eq!((summary.pauses, summary.lost), (vec![pause], 0));

    let [left, right] = decode(&file);
    assert_eq!((left.len(), right.len()), (6 * 48_000, 6 * 48_000));
    for (side, mine, other) in [(&left, 440.0, 880.0), (&right, 880.0, 440.0)] {
        for (from, to) in [(200, 1_900), (4_300, 5_900)] {
            let (tone, leak) =
                (loudness(stretch(side, from, to), mine), loudness(stretch(side, from, to), other));
            assert!(tone > 8_000.0 && leak < 60.0, "{mine} Hz: {tone}, the other: {leak}");
        }
        assert!(loudness(stretch(side, 2_100, 3_990), mine) < 60.0, "the pause is silent");
        // Within a frame at both ends (the codec looks 6.5 ms ahead).
        assert!(loudness(stretch(side, 1_940, 1_980), mine) > 4_000.0);
        assert!(loudness(stretch(side, 4_080, 4_120), mine) > 4_000.0);
    }
    let peaks = peaks(&file[..]).expect("peaks");
    assert_eq!((peaks.interval_ms, peaks.duration), (100, Duration::from_secs(6)));
    assert_eq!((peaks.left.len(), peaks.right.len()), (60, 60));
    assert!(peaks.left[..20].iter().skip(2).all(|point| (80..110).contains(point)), "{:?}", peaks.left);
    assert!(peaks.right[22..40].iter().all(|point| *point < 3), "{:?}", peaks.right);
}

#[test]
fn loss_disorder_copies_and_rubbish_leave_the_length_and_the_other_side_alone() {
    let mut desk = Desk::new();
    let (mut customer, mut agent) = (Tone::new(440.0), Tone::new(880.0));
    let mut held = None;
    for n in 0..250_u64 {
        let frame = customer.frame();
        match n % 10 {
            3 => {}
            5 => held = Some(frame),
            6 => {
                desk.hear(Side::Left, n * 20, &frame);
                desk.hear(Side::Left, n * 20 + 1, held.as_ref().expect("held back"));
            }
            7 => {
                desk.hear(Side::Left, n * 20, &frame);
                desk.hear(Side::Left, n * 20 + 2, &frame);
            }
            8 => desk.hear(Side::Left, n * 20, &(frame.0, vec![0xFB])),
            // The sender's way of saying: nothing to hear.
            9 => desk.hear(Side::Left, n * 20, &(frame.0, vec![frame.1[0]])),
            _ => desk.hear(Side::Left, n * 20, &frame),
        }
        desk.hear(Side::Right, n * 20, &agent.frame());
        if n % 5 == 4 {
            desk.turn(n * 20 + 19);
        }
    }
    let (file, summary) = desk.stop(5_000);
    assert_eq!((summary.duration, summary.lost), (Duration::from_secs(5), 25));
    let [left, right] = decode(&file);
    assert_eq!((left.len(), right.len()), (5 * 48_000, 5 * 48_000));
    assert!(loudness(stretch(&left, 200, 4_900), 440.0) > 5_000.0);
    assert!(loudness(stretch(&right, 200, 4_900), 880.0) > 8_000.0);
}

#[test]
fn a_call_nobody_speaks_in_is_silence_of_its_length() {
    let mut desk = Desk::new();
    for turn in 1..=100 {
        desk.turn(turn * 100);
    }
    let (file, summary) = desk.stop(10_005);
    assert_eq!(summary.duration, Duration::from_secs(10));
    let [left, right] = decode(&file);
    assert_eq!(left.len(), 480_000);
    assert!(left.iter().chain(&right).all(|sample| sample.abs() < 4));
    // Ten seconds of nothing: two times three bytes a frame.
    assert!(file.len() < 6_000, "{} bytes", file.len());
}

#[test]
fn a_file_that_was_cut_off_counts_as_far_as_it_goes() {
    let mut desk = Desk::new();
    let mut customer = Tone::new(440.0);
    for n in 0..500_u64 {
        desk.hear(Side::Left, n * 20, &customer.frame());
        if n % 5 == 4 {
            desk.turn(n * 20 + 19);
        }
    }
    let (file, _) = desk.stop(10_000);
    let cut = peaks(&file[..file.len() * 6 / 10]).expect("peaks");
    assert!((4_000..=6_000).contains(&(cut.duration.as_millis() as u64)), "{:?}", cut.duration);
    assert!(peaks(&b"RIFF, or something else that is no recording of ours at all"[..]).is_err());
    assert!(peaks(&b""[..]).is_err());
}

#[test]
fn who_does_not_take_the_pages_ends_his_own_recording_only() {
    let mut desk = Desk::new();
    let mut minute = None;
    for turn in 1..2_000_u64 {
        if let Some(end) = desk.recording.turn(desk.at(turn * 100)) {
            minute = Some((turn, end));
            break;
        }
    }
    let (turn, end) = minute.expect("it gives up");
    assert_eq!(end, Err(RecordingFault::TooSlow));
    assert!((600..700).contains(&turn), "after {turn} turns");

    let mut desk = Desk::new();
    desk.pages.close();
    desk.turn(2_000);
    assert_eq!(desk.end, Some(Err(RecordingFault::Abandoned)));
}

#[test]
fn a_tap_that_goes_without_a_word_leaves_a_whole_file() {
    let mut desk = Desk::new();
    desk.turn(1_000);
    desk.tap = None;
    desk.turn(3_000);
    let summary = desk.end.clone().expect("over").expect("whole");
    assert_eq!(summary.duration, Duration::from_secs(3));
    assert_eq!(decode(&desk.file)[0].len(), 3 * 48_000);
}
