//! A recording decoded by somebody else than the one who wrote it, and which tone is where.

use std::f32::consts::TAU;
use std::io::Cursor;
use std::process::Command;

use ogg::PacketReader;
use ropus::OpusMSDecoder;

/// Samples of a millisecond.
const MS: usize = 48;
/// The longest Opus packet.
const LONGEST: usize = 120 * MS;

/// Both sides at 48 kHz.
pub(super) struct Listened([Vec<i16>; 2]);

/// Decodes a whole file.
pub(super) fn listen(file: &[u8]) -> Listened {
    let mut packets = PacketReader::new(Cursor::new(file));
    let mut decoder = OpusMSDecoder::new(48_000, 2, 2, 0, &[0, 1]).expect("a decoder");
    let mut sides = [Vec::new(), Vec::new()];
    let mut at = 0;
    while let Some(packet) = packets.read_packet().expect("a sound file") {
        at += 1;
        if at <= 2 {
            continue;
        }
        let mut pcm = vec![0_i16; 2 * LONGEST];
        let length = i32::try_from(packet.data.len()).expect("small");
        let samples = decoder
            .decode(Some(&packet.data), length, &mut pcm, LONGEST as i32, false)
            .expect("every packet can be decoded");
        for pair in pcm.chunks_exact(2).take(usize::try_from(samples).expect("some")) {
            sides[0].push(pair[0]);
            sides[1].push(pair[1]);
        }
    }
    Listened(sides)
}

/// What ffmpeg makes of it, where there is one: somebody else's decoder says the same.
pub(super) fn listen_with_ffmpeg(file: &[u8]) -> Option<Listened> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("call.ogg");
    std::fs::write(&path, file).expect("written");
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&path)
        .args(["-f", "s16le", "-ar", "48000", "-ac", "2", "-"])
        .output()
        .ok()?;
    let complaints = String::from_utf8_lossy(&decoded.stderr);
    assert!(decoded.status.success() && complaints.is_empty(), "ffmpeg: {complaints}");
    let mut sides = [Vec::new(), Vec::new()];
    for frame in decoded.stdout.chunks_exact(4) {
        sides[0].push(i16::from_le_bytes([frame[0], frame[1]]));
        sides[1].push(i16::from_le_bytes([frame[2], frame[3]]));
    }
    Some(Listened(sides))
}

impl Listened {
    pub(super) fn length_ms(&self) -> u64 {
        (self.0[0].len() / MS) as u64
    }

    /// This side has its tone there, and nothing of the other one's.
    #[track_caller]
    pub(super) fn is_tone(&self, side: usize, hertz: u32, from_ms: u64, to_ms: u64) {
        let other = if hertz == 440 { 880 } else { 440 };
        let stretch = self.stretch(side, from_ms, to_ms);
        let (tone, leak) = (amplitude(stretch, hertz), amplitude(stretch, other));
        assert!(tone > 1_000.0, "side {side} has no {hertz} Hz from {from_ms} to {to_ms} ms: {tone}");
        assert!(leak * 20.0 < tone, "side {side} has {other} Hz, too: {leak} beside {tone}");
    }

    #[track_caller]
    pub(super) fn is_silent(&self, from_ms: u64, to_ms: u64) {
        for side in [0, 1] {
            let loudest = self.stretch(side, from_ms, to_ms).iter().map(|sample| sample.unsigned_abs()).max();
            assert!(
                loudest < Some(50),
                "side {side} is not silent from {from_ms} to {to_ms} ms: {loudest:?}"
            );
        }
    }

    fn stretch(&self, side: usize, from_ms: u64, to_ms: u64) -> &[i16] {
        &self.0[side][from_ms as usize * MS..to_ms as usize * MS]
    }
}

/// How strong one tone is in a stretch, tenth by tenth of a second, because a packet lost on the way may turn its
/// phase.
fn amplitude(samples: &[i16], hertz: u32) -> f32 {
    let of_a_tenth = |samples: &[i16]| {
        let (mut sine, mut cosine) = (0.0_f32, 0.0_f32);
        for (n, sample) in samples.iter().enumerate() {
            let angle = TAU * hertz as f32 * n as f32 / 48_000.0;
            sine += f32::from(*sample) * angle.sin();
            cosine += f32::from(*sample) * angle.cos();
        }
        2.0 * sine.hypot(cosine) / samples.len() as f32
    };
    let tenths: Vec<f32> = samples.chunks_exact(100 * MS).map(of_a_tenth).collect();
    tenths.iter().sum::<f32>() / tenths.len().max(1) as f32
}
