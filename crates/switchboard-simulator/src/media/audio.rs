//! What a simulated person says: real Opus, 20 ms mono at 20 kbit/s as WhatsApp sends it, encoded once.

use std::collections::HashMap;
use std::f32::consts::TAU;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use ropus::{Application, Bandwidth, Bitrate, Channels, DecodeMode, Decoder, Encoder, InbandFec};

use crate::locked;
use crate::media::g711::Law;

/// Samples of one 20 ms frame at 48 kHz.
pub(crate) const FRAME: usize = 960;
const RATE: u32 = 48_000;
/// `maxaveragebitrate` of Meta's captured offers (2025-26).
const BITRATE: u32 = 20_000;
/// Longer files are cut, so that a mistaken path cannot fill the memory.
const LONGEST_FILE_FRAMES: usize = 50 * 600;

/// A sound that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// The file could not be opened or read.
    #[error("read sound file {path}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file holds no sound, or a kind we do not read.
    #[error("sound file {path}: {why}")]
    Kind {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The codec refused.
    #[error("encode sound: {0}")]
    Codec(String),
}

/// Encoded frames that are played in a loop.
#[derive(Debug)]
pub(crate) struct Frames(Vec<Arc<[u8]>>);

impl Frames {
    /// The frame at this position, starting over at the end.
    pub(crate) fn at(&self, position: usize) -> Arc<[u8]> {
        Arc::clone(&self.0[position % self.0.len()])
    }
}

/// The same sound in G.711.
pub(crate) fn in_g711(frames: &Frames, law: Law) -> Result<Arc<Frames>, SoundError> {
    let refused = |error: &dyn std::fmt::Display| SoundError::Codec(error.to_string());
    let mut decoder = Decoder::new(8_000, Channels::Mono).map_err(|error| refused(&error))?;
    let mut pcm = [0; 960];
    let mut all = Vec::with_capacity(frames.0.len());
    for frame in &frames.0 {
        let count = decoder.decode(frame, &mut pcm, DecodeMode::Normal).map_err(|error| refused(&error))?;
        all.push(pcm[..count].iter().map(|sample| law.byte(*sample)).collect());
    }
    Ok(Arc::new(Frames(all)))
}

/// One second of a tone. Whole numbers of hertz join without a click.
pub(crate) fn tone(hertz: u32) -> Result<Arc<Frames>, SoundError> {
    static TONES: OnceLock<Mutex<HashMap<u32, Arc<Frames>>>> = OnceLock::new();
    let mut tones = locked(TONES.get_or_init(Mutex::default));
    if let Some(known) = tones.get(&hertz) {
        return Ok(Arc::clone(known));
    }
    let samples: Vec<i16> =
        (0..RATE).map(|n| ((TAU * hertz as f32 * n as f32 / RATE as f32).sin() * 9_000.0) as i16).collect();
    let frames = Arc::new(encode(&samples)?);
    tones.insert(hertz, Arc::clone(&frames));
    Ok(frames)
}

/// One second of encoded silence.
pub(crate) fn silence() -> Result<Arc<Frames>, SoundError> {
    static SILENCE: OnceLock<Arc<Frames>> = OnceLock::new();
    if let Some(known) = SILENCE.get() {
        return Ok(Arc::clone(known));
    }
    let frames = Arc::new(encode(&[0; RATE as usize])?);
    Ok(Arc::clone(SILENCE.get_or_init(|| frames)))
}

/// Four seconds that sound like somebody talking: a buzzing throat, two formants, syllables and a pause.
pub(crate) fn voice() -> Result<Arc<Frames>, SoundError> {
    static VOICE: OnceLock<Arc<Frames>> = OnceLock::new();
    if let Some(known) = VOICE.get() {
        return Ok(Arc::clone(known));
    }
    const VOWELS: [(f32, f32); 5] =
        [(730.0, 1_090.0), (530.0, 1_840.0), (270.0, 2_290.0), (570.0, 840.0), (300.0, 870.0)];
    let mut samples = Vec::with_capacity(4 * RATE as usize);
    let mut resonators = [[0.0_f32; 2]; 2];
    for n in 0..4 * RATE {
        let time = n as f32 / RATE as f32;
        let syllable = (time / 0.24) as usize;
        let within = (time % 0.24) / 0.24;
        let spoken = syllable % 13 < 10;
        let loudness = if spoken { (within * std::f32::consts::PI).sin().max(0.0) } else { 0.0 };
        let pitch = 118.0 + 14.0 * (time * 2.1).sin();
        let pulse = ((time * pitch).fract() - 0.5) * 2.0;
        let (low, high) = VOWELS[(syllable * 7) % VOWELS.len()];
        let mut out = 0.0;
        for (resonator, formant) in resonators.iter_mut().zip([low, high]) {
            let radius = 0.985_f32;
            let next = pulse + 2.0 * radius * (TAU * formant / RATE as f32).cos() * resonator[0]
                - radius * radius * resonator[1];
            *resonator = [next, resonator[0]];
            out += next;
        }
        samples.push((out * loudness * 160.0).clamp(-20_000.0, 20_000.0) as i16);
    }
    let frames = Arc::new(encode(&samples)?);
    Ok(Arc::clone(VOICE.get_or_init(|| frames)))
}

/// A WAV or Ogg Opus file, decoded and encoded again the way WhatsApp would send it.
pub(crate) fn file(path: &Path) -> Result<Arc<Frames>, SoundError> {
    let shown = path.display().to_string();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let samples = match ending.as_str() {
        "wav" => read_wav(path, &shown)?,
        "ogg" | "opus" => read_ogg(path, &shown)?,
        _ => return Err(SoundError::Kind { path: shown, why: "neither .wav nor .ogg".into() }),
    };
    if samples.len() < FRAME {
        return Err(SoundError::Kind { path: shown, why: "shorter than 20 ms".into() });
    }
    Ok(Arc::new(encode(&samples)?))
}

fn encode(samples: &[i16]) -> Result<Frames, SoundError> {
    let refused = |error: &dyn std::fmt::Display| SoundError::Codec(error.to_string());
    let mut encoder = Encoder::builder(RATE, Channels::Mono, Application::Voip)
        .bitrate(Bitrate::Bits(BITRATE))
        .complexity(5)
        .inband_fec(InbandFec::Enabled)
        .build()
        .map_err(|error| refused(&error))?;
    encoder.set_max_bandwidth(Bandwidth::Wideband).map_err(|error| refused(&error))?;
    let mut packet = [0; 1_275];
    let mut frames = Vec::with_capacity(samples.len() / FRAME);
    for frame in samples.chunks_exact(FRAME).take(LONGEST_FILE_FRAMES) {
        let length = encoder.encode(frame, &mut packet).map_err(|error| refused(&error))?;
        frames.push(Arc::from(&packet[..length]));
    }
    Ok(Frames(frames))
}

fn read_wav(path: &Path, shown: &str) -> Result<Vec<i16>, SoundError> {
    let broken = |source: hound::Error| SoundError::Read { path: shown.to_owned(), source: Box::new(source) };
    let mut reader = hound::WavReader::open(path).map_err(broken)?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    let interleaved: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>().map_err(broken)?,
        hound::SampleFormat::Int => {
            let full = (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|value| value as f32 / full))
                .collect::<Result<_, _>>()
                .map_err(broken)?
        }
    };
    let mono: Vec<f32> =
        interleaved.chunks_exact(channels).map(|each| each.iter().sum::<f32>() / channels as f32).collect();
    Ok(resample(&mono, spec.sample_rate))
}

fn resample(mono: &[f32], rate: u32) -> Vec<i16> {
    let step = f64::from(rate) / f64::from(RATE);
    let length = (mono.len() as f64 / step) as usize;
    (0..length)
        .map(|n| {
            let place = n as f64 * step;
            let before = place as usize;
            let share = (place - before as f64) as f32;
            let left = mono.get(before).copied().unwrap_or_default();
            let right = mono.get(before + 1).copied().unwrap_or(left);
            ((left + (right - left) * share) * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

fn read_ogg(path: &Path, shown: &str) -> Result<Vec<i16>, SoundError> {
    let broken = |source: Box<dyn std::error::Error + Send + Sync>| SoundError::Read {
        path: shown.to_owned(),
        source,
    };
    let file = File::open(path).map_err(|source| broken(Box::new(source)))?;
    let mut reader = ogg::PacketReader::new(BufReader::new(file));
    let mut decoder =
        Decoder::new(RATE, Channels::Mono).map_err(|error| SoundError::Codec(error.to_string()))?;
    let mut samples = Vec::new();
    let mut pcm = vec![0; FRAME * 6];
    let mut headers = 0;
    while let Some(packet) = reader.read_packet().map_err(|source| broken(Box::new(source)))? {
        // RFC 7845: the first two packets are OpusHead and OpusTags.
        if headers < 2 {
            if headers == 0 && !packet.data.starts_with(b"OpusHead") {
                return Err(SoundError::Kind { path: shown.to_owned(), why: "Ogg, but not Opus".into() });
            }
            headers += 1;
            continue;
        }
        let count = decoder
            .decode(&packet.data, &mut pcm, DecodeMode::Normal)
            .map_err(|error| SoundError::Codec(error.to_string()))?;
        samples.extend_from_slice(&pcm[..count]);
        if samples.len() > LONGEST_FILE_FRAMES * FRAME {
            break;
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::hearing::Ear;

    fn heard(frames: &Frames) -> (Option<u32>, f32) {
        let mut ear = Ear::new().expect("a decoder");
        for n in 0..100 {
            ear.hear(&frames.at(n));
        }
        (ear.dominant_hertz(), ear.level_dbfs())
    }

    #[test]
    fn a_tone_is_heard_as_the_tone_it_is() {
        for hertz in [440, 880] {
            let (dominant, level) = heard(&tone(hertz).expect("a tone"));
            let dominant = dominant.expect("a frequency");
            assert!(dominant.abs_diff(hertz) <= 10, "{dominant} instead of {hertz}");
            assert!(level > -20.0, "{level}");
        }
    }

    #[test]
    fn a_tone_keeps_to_metas_bit_rate() {
        let frames = tone(440).expect("a tone");
        let octets: usize = frames.0.iter().map(|frame| frame.len()).sum();
        assert_eq!(frames.0.len(), 50);
        assert!(octets * 8 <= 26_000, "{} bit/s", octets * 8);
    }

    #[test]
    fn silence_is_silent_and_a_voice_is_not() {
        assert_eq!(heard(&silence().expect("silence")).0, None);
        let (_, level) = heard(&voice().expect("a voice"));
        assert!(level > -45.0, "{level}");
    }

    #[test]
    fn a_wav_file_of_another_rate_plays_at_the_right_pitch() {
        let folder = std::env::temp_dir().join(format!("switchboard-simulator-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("tone.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).expect("a file");
        for n in 0..16_000 {
            let sample = ((TAU * 600.0 * n as f32 / 16_000.0).sin() * 9_000.0) as i16;
            writer.write_sample(sample).expect("left");
            writer.write_sample(sample).expect("right");
        }
        writer.finalize().expect("written");
        let (dominant, _) = heard(&file(&path).expect("a sound"));
        assert!(dominant.expect("a frequency").abs_diff(600) <= 10);
        std::fs::remove_dir_all(&folder).expect("cleaned");
    }

    #[test]
    fn a_file_of_an_unknown_kind_is_refused() {
        assert!(matches!(file(Path::new("song.mp3")), Err(SoundError::Kind { .. })));
        assert!(matches!(file(Path::new("nowhere.wav")), Err(SoundError::Read { .. })));
    }
}
