//! An upload made into what Meta takes: Ogg Opus or WAV in, 20 ms mono Opus under 20 kbit/s out. Blocks for some
//! seconds of a minute's sound: run it where that disturbs nobody.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use hound::{SampleFormat, WavReader};
use ogg::{PacketReader, PacketWriteEndInfo, PacketWriter};
use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, Encoder};
use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

const RATE: u32 = 48_000;
const FRAME: usize = 960;
/// Samples the resampler takes at a time.
const CHUNK: usize = 1_024;
/// 120 ms, the longest Opus packet.
const LONGEST_PACKET: usize = 5_760;
/// The longest announcement: nobody listens to more, and the call waits for its end.
pub const LONGEST_SOUND: Duration = Duration::from_secs(60);
/// Below Meta's 20 kbit/s, so that constrained variable bit rate stays under it on average.
const BITS_PER_SECOND: u32 = 17_000;

/// A sound as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct ConvertedSound {
    /// Ogg Opus as it is sent.
    pub ogg: Vec<u8>,
    /// How long it is.
    pub length: Duration,
}

impl std::fmt::Debug for ConvertedSound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConvertedSound({} ms)", self.length.as_millis())
    }
}

/// Why a file cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SoundRefusal {
    /// It has no bytes, or no sound in it.
    #[error("the file has no sound in it")]
    Empty,
    /// It is neither Ogg Opus nor WAV, or broken.
    #[error("the file is neither Ogg Opus nor WAV")]
    NotAudio,
    /// It is longer than [`LONGEST_SOUND`].
    #[error("the sound is longer than a minute")]
    TooLong,
}

/// Makes a file into what is sent.
///
/// # Errors
/// [`SoundRefusal`].
pub fn convert_sound(file: &[u8]) -> Result<ConvertedSound, SoundRefusal> {
    if file.is_empty() {
        return Err(SoundRefusal::Empty);
    }
    let read = if file.starts_with(b"OggS") {
        // The decoder is young: whatever a stranger's file does to it stays here.
        catch_unwind(AssertUnwindSafe(|| read_ogg(file))).unwrap_or(Err(SoundRefusal::NotAudio))
    } else if file.starts_with(b"RIFF") {
        read_wav(file)
    } else {
        Err(SoundRefusal::NotAudio)
    };
    let sound = read?;
    if sound.is_empty() {
        return Err(SoundRefusal::Empty);
    }
    if sound.len() > longest(RATE) {
        return Err(SoundRefusal::TooLong);
    }
    write(&sound).ok_or(SoundRefusal::NotAudio)
}

const fn longest(rate: u32) -> usize {
    LONGEST_SOUND.as_secs() as usize * rate as usize
}

fn read_ogg(file: &[u8]) -> Result<Vec<i16>, SoundRefusal> {
    let mut packets = PacketReader::new(Cursor::new(file));
    let mut decoder = Decoder::new(RATE, Channels::Mono).map_err(|_| SoundRefusal::NotAudio)?;
    let mut sound = Vec::new();
    let (mut at, mut skipped) = (0, 0);
    while let Some(packet) = packets.read_packet().map_err(|_| SoundRefusal::NotAudio)? {
        at += 1;
        match at {
            1 => {
                // Version 1, one or two channels, the mapping without a table.
                let head = packet.data.as_slice();
                let known = head.starts_with(b"OpusHead\x01") && head.len() >= 19;
                if !known || !matches!(head[9], 1 | 2) || head[18] != 0 {
                    return Err(SoundRefusal::NotAudio);
                }
                skipped = usize::from(u16::from_le_bytes([head[10], head[11]]));
            }
            2 => {}
            _ => {
                let mut pcm = [0_i16; LONGEST_PACKET];
                let samples = decoder
                    .decode(&packet.data, &mut pcm, DecodeMode::Normal)
                    .map_err(|_| SoundRefusal::NotAudio)?;
                sound.extend_from_slice(pcm.get(..samples).unwrap_or_default());
                if sound.len() > longest(RATE) + skipped + LONGEST_PACKET {
                    return Err(SoundRefusal::TooLong);
                }
            }
        }
    }
    sound.drain(..skipped.min(sound.len()));
    Ok(sound)
}

fn read_wav(file: &[u8]) -> Result<Vec<i16>, SoundRefusal> {
    let broken = |_| SoundRefusal::NotAudio;
    let mut wav = WavReader::new(Cursor::new(file)).map_err(broken)?;
    let spec = wav.spec();
    if spec.channels == 0 || !(8_000..=192_000).contains(&spec.sample_rate) {
        return Err(SoundRefusal::NotAudio);
    }
    if wav.duration() as usize > longest(spec.sample_rate) {
        return Err(SoundRefusal::TooLong);
    }
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => wav.samples::<f32>().collect::<Result<_, _>>().map_err(broken)?,
        SampleFormat::Int => {
            let full = (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            let whole = wav.samples::<i32>().map(|sample| sample.map(|sample| sample as f32 / full));
            whole.collect::<Result<_, _>>().map_err(broken)?
        }
    };
    let channels = usize::from(spec.channels);
    let mono: Vec<f32> =
        samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32).collect();
    resampled(&mono, spec.sample_rate).ok_or(SoundRefusal::NotAudio)
}

/// To 48 kHz by a filter that lets no mirror of the sound through (BlackmanHarris², over 140 dB).
fn resampled(mono: &[f32], rate: u32) -> Option<Vec<i16>> {
    let level = |sample: &f32| (sample.clamp(-1.0, 1.0) * 32_767.0) as i16;
    if rate == RATE || mono.is_empty() {
        return Some(mono.iter().map(level).collect());
    }
    let mut filter = Fft::<f32>::new(rate as usize, RATE as usize, CHUNK, 1, FixedSync::Both).ok()?;
    let sound = SequentialSlice::new(mono, 1, mono.len()).ok()?;
    let sound = filter.process_all(&sound, mono.len(), None).ok()?;
    Some(sound.take_data().iter().map(level).collect())
}

fn write(sound: &[i16]) -> Option<ConvertedSound> {
    let mut encoder = Encoder::builder(RATE, Channels::Mono, Application::Voip)
        .bitrate(Bitrate::Bits(BITS_PER_SECOND))
        .complexity(8)
        .build()
        .ok()?;
    let mut file = PacketWriter::new(Vec::new());
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(312_u16.to_le_bytes());
    head.extend(RATE.to_le_bytes());
    head.extend([0, 0, 0]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend(11_u32.to_le_bytes());
    tags.extend(b"switchboard");
    tags.extend(0_u32.to_le_bytes());
    file.write_packet(head, 1, PacketWriteEndInfo::EndPage, 0).ok()?;
    file.write_packet(tags, 1, PacketWriteEndInfo::EndPage, 0).ok()?;
    let count = sound.len().div_ceil(FRAME);
    for (n, few) in sound.chunks(FRAME).enumerate() {
        let mut pcm = [0_i16; FRAME];
        pcm[..few.len()].copy_from_slice(few);
        let mut packet = [0_u8; 1_276];
        let len = encoder.encode(&pcm, &mut packet).ok()?;
        let end = if n + 1 == count {
            PacketWriteEndInfo::EndStream
        } else if (n + 1) % 50 == 0 {
            PacketWriteEndInfo::EndPage
        } else {
            PacketWriteEndInfo::NormalPacket
        };
        file.write_packet(packet.get(..len)?.to_vec(), 1, end, ((n + 1) * FRAME) as u64).ok()?;
    }
    let length = Duration::from_millis(20 * count as u64);
    Some(ConvertedSound { ogg: file.into_inner(), length })
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};

    use super::*;
    use crate::sound::Sound;

    /// How loud this frequency is, beside what a full tone is.
    fn share(sound: &[i16], hertz: f64) -> f64 {
        let (mut cos, mut sin) = (0.0, 0.0);
        for (n, sample) in sound.iter().enumerate() {
            let at = std::f64::consts::TAU * hertz * n as f64 / f64::from(RATE);
            // A window, so that a tone is seen at its own frequency only.
            let turn = std::f64::consts::TAU * n as f64 / sound.len() as f64;
            let window = 1.0 - turn.cos();
            let value = f64::from(*sample) / 32_767.0 * window;
            cos += value * at.cos();
            sin += value * at.sin();
        }
        2.0 * cos.hypot(sin) / sound.len() as f64
    }

    fn tone(hertz: f64, rate: u32) -> Vec<f32> {
        let turn = std::f64::consts::TAU * hertz / f64::from(rate);
        (0..rate).map(|n| (0.5 * (turn * f64::from(n)).sin()) as f32).collect()
    }

    #[test]
    fn a_tone_keeps_its_level_and_gets_no_mirror_through_another_rate() {
        for (rate, hertz) in [(44_100, 1_000.0), (44_100, 15_000.0), (8_000, 3_000.0), (96_000, 10_000.0)] {
            let sound = resampled(&tone(hertz, rate), rate).expect("resampled");
            assert!(sound.len().abs_diff(RATE as usize) <= 1, "{} samples at {rate}", sound.len());
            let level = share(&sound, hertz);
            assert!((level - 0.5).abs() < 0.01, "{hertz} Hz at {rate}: {level}");
            // Where a bad filter folds it to: around the old rate, when that is the lower one.
            let mirror = f64::from(rate) - hertz;
            if rate > RATE {
                continue;
            }
            let mirrored = share(&sound, mirror);
            assert!(mirrored < 0.000_5, "{hertz} Hz at {rate} is heard at {mirror} Hz: {mirrored}");
        }
        // What 48 kHz cannot hold is left out and does not come back as something else.
        let sound = resampled(&tone(30_000.0, 96_000), 96_000).expect("resampled");
        let loudest = sound[1_000..47_000].iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest.is_some_and(|loudest| loudest < 32), "{loudest:?}");
    }

    fn wav(seconds: u32, rate: u32, channels: u16) -> Vec<u8> {
        let spec =
            WavSpec { channels, sample_rate: rate, bits_per_sample: 16, sample_format: SampleFormat::Int };
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).expect("a file");
        for n in 0..seconds * rate {
            let tone = (std::f32::consts::TAU * 440.0 * n as f32 / rate as f32).sin() * 9_000.0;
            for _ in 0..channels {
                writer.write_sample(tone as i16).expect("written");
            }
        }
        writer.finalize().expect("closed");
        file.into_inner()
    }

    #[test]
    fn a_wav_file_of_any_rate_becomes_what_meta_takes_and_converts_again() {
        for (rate, channels) in [(8_000, 1), (44_100, 2), (47_999, 1), (96_000, 1)] {
            let converted = convert_sound(&wav(2, rate, channels)).expect("sound");
            assert!(converted.length.abs_diff(Duration::from_secs(2)) <= Duration::from_millis(20), "{rate}");
            assert!(converted.ogg.len() * 8 <= 2 * 21_000, "{} bytes", converted.ogg.len());
            Sound::from_ogg(&converted.ogg).expect("can be played");
            let again = convert_sound(&converted.ogg).expect("our own is Ogg Opus, too");
            assert!(again.length.abs_diff(converted.length) <= Duration::from_millis(40));
        }
    }

    #[test]
    fn what_is_no_announcement_is_refused_with_its_reason() {
        assert_eq!(convert_sound(b""), Err(SoundRefusal::Empty));
        assert_eq!(convert_sound(&wav(0, 8_000, 1)), Err(SoundRefusal::Empty));
        assert_eq!(convert_sound(&wav(61, 8_000, 1)), Err(SoundRefusal::TooLong));
        for file in [&b"ID3 an mp3"[..], b"RIFF and nothing", b"OggS and nothing", &[0xFF; 64]] {
            assert_eq!(convert_sound(file), Err(SoundRefusal::NotAudio));
        }
    }
}
