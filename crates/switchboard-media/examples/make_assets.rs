//! Makes the recordings in `assets/`: hold music (composed and synthesised here), the tone before a call ends, and
//! what is spoken, with the speech synthesiser espeak-ng, which must be installed. Run it only to change them:
//!
//! ```text
//! cargo run --example make_assets -- assets
//! ```
//!
//! The name of one file that is synthesised here (`ringback`) makes that one only.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the desk")]

use std::f32::consts::TAU;
use std::path::Path;
use std::process::Command;

use ogg::{PacketWriteEndInfo, PacketWriter};
use ropus::{Application, Bitrate, Channels, Encoder};

const RATE: u32 = 48_000;
const FRAME: usize = 960;
/// Below Meta's 20 kbit/s, so that constrained variable bit rate stays under it on average.
const BITS_PER_SECOND: u32 = 17_000;

/// What is spoken: the file, espeak-ng's voice, the sentence.
const SPOKEN: [(&str, &str, &str); 9] = [
    ("notice-nobody-left.en", "en-gb", "We have lost the connection to our colleague. Please call us again."),
    (
        "notice-nobody-left.es",
        "es-419",
        "Hemos perdido la conexión con nuestro compañero. Por favor, vuelva a llamarnos.",
    ),
    (
        "notice-nobody-left.pt-BR",
        "pt-br",
        "Perdemos a conexão com o nosso colega. Por favor, ligue para nós novamente.",
    ),
    (
        "notice-maintenance.en",
        "en-gb",
        "We must interrupt this call for maintenance. Please call again in a few minutes.",
    ),
    (
        "notice-maintenance.es",
        "es-419",
        "Debemos interrumpir esta llamada por mantenimiento. Por favor, vuelva a llamar en unos minutos.",
    ),
    (
        "notice-maintenance.pt-BR",
        "pt-br",
        "Precisamos interromper esta chamada para manutenção. Por favor, ligue novamente em alguns minutos.",
    ),
    ("announcement-recording.en", "en-gb", "From now on, this call is recorded."),
    ("announcement-recording.es", "es-419", "A partir de ahora, esta llamada se graba."),
    ("announcement-recording.pt-BR", "pt-br", "A partir de agora, esta chamada é gravada."),
];

fn main() {
    let folder = std::env::args().nth(1).expect("the folder to write to");
    let folder = Path::new(&folder);
    write(&folder.join("ringback.ogg"), &ringback(), Application::Audio);
    if std::env::args().nth(2).as_deref() == Some("ringback") {
        return;
    }
    write(&folder.join("hold-music.ogg"), &hold_music(), Application::Audio);
    write(&folder.join("notice-ends-soon.ogg"), &ends_soon(), Application::Audio);
    let wav = folder.join("spoken.wav");
    for (name, voice, sentence) in SPOKEN {
        let spoken =
            Command::new("espeak-ng").args(["-v", voice, "-s", "165", "-w"]).arg(&wav).arg(sentence).status();
        assert!(spoken.expect("espeak-ng").success(), "espeak-ng speaks {name}");
        write(&folder.join(format!("{name}.ogg")), &speech_of(&wav), Application::Voip);
    }
    std::fs::remove_file(wav).expect("the file of the synthesiser goes");
}

/// A calm progression (C, Am, F, G with added notes) of plucked tones over soft chords: eight bars of 3.75 s.
fn hold_music() -> Vec<f32> {
    let bar = RATE as usize * 15 / 4;
    let chords: [[f32; 4]; 8] = [
        [48.0, 55.0, 60.0, 64.0],
        [45.0, 52.0, 60.0, 64.0],
        [41.0, 53.0, 57.0, 64.0],
        [43.0, 50.0, 59.0, 62.0],
        [48.0, 55.0, 59.0, 64.0],
        [45.0, 52.0, 57.0, 64.0],
        [41.0, 53.0, 57.0, 60.0],
        [43.0, 50.0, 55.0, 59.0],
    ];
    let melody: [[f32; 6]; 8] = [
        [72.0, 76.0, 79.0, 76.0, 74.0, 72.0],
        [72.0, 76.0, 81.0, 79.0, 76.0, 72.0],
        [69.0, 72.0, 77.0, 76.0, 72.0, 69.0],
        [71.0, 74.0, 79.0, 77.0, 74.0, 71.0],
        [72.0, 79.0, 83.0, 79.0, 76.0, 74.0],
        [72.0, 76.0, 81.0, 76.0, 72.0, 69.0],
        [69.0, 72.0, 76.0, 72.0, 69.0, 65.0],
        [67.0, 71.0, 74.0, 71.0, 67.0, 62.0],
    ];
    let mut sound = vec![0.0_f32; bar * chords.len()];
    let len = sound.len();
    for (n, (chord, tune)) in chords.iter().zip(&melody).enumerate() {
        for note in chord {
            // Soft pad: swells in and fades out, and laps over the loop's seam.
            for t in 0..bar + bar / 4 {
                let seconds = t as f32 / RATE as f32;
                let swell =
                    (seconds / 0.8).min(1.0) * (1.0 - (t as f32 / (bar + bar / 4) as f32)).min(0.25) * 4.0;
                sound[(n * bar + t) % len] += 0.035 * swell * (TAU * hertz(*note) * seconds).sin();
            }
        }
        for (step, note) in tune.iter().enumerate() {
            for t in 0..bar / 3 {
                let seconds = t as f32 / RATE as f32;
                let pluck = (-3.2 * seconds).exp() * (seconds / 0.006).min(1.0);
                let tone =
                    (TAU * hertz(*note) * seconds).sin() + 0.25 * (TAU * 2.0 * hertz(*note) * seconds).sin();
                sound[(n * bar + step * bar / 6 + t) % len] += 0.11 * pluck * tone;
            }
        }
    }
    sound
}

/// The tone of a phone that rings at the other end (ITU-T E.180: 425 Hz, 1 s on, 4 s off in most of the countries where
/// WhatsApp calls are common), a little softer than speech. One round of the loop.
fn ringback() -> Vec<f32> {
    let tone = RATE as usize;
    let edge = 0.01 * RATE as f32;
    (0..5 * tone)
        .map(|t| {
            let shape = (t as f32 / edge).min(1.0) * ((tone.saturating_sub(t)) as f32 / edge).min(1.0);
            0.12 * shape * (TAU * 425.0 * t as f32 / RATE as f32).sin()
        })
        .collect()
}

/// Two soft tones, the second lower: "this will end soon".
fn ends_soon() -> Vec<f32> {
    let mut sound = Vec::new();
    for (note, seconds) in [(81.0, 0.25), (0.0, 0.1), (76.0, 0.4), (0.0, 0.15)] {
        let samples = (seconds * RATE as f32) as usize;
        for t in 0..samples {
            let at = t as f32 / samples as f32;
            let shape = (at * 12.0).min(1.0) * ((1.0 - at) * 4.0).min(1.0);
            let level = if note > 0.0 { 0.25 } else { 0.0 };
            sound.push(level * shape * (TAU * hertz(note) * t as f32 / RATE as f32).sin());
        }
    }
    sound
}

fn speech_of(path: &Path) -> Vec<f32> {
    let mut wav = hound::WavReader::open(path).expect("a WAV file");
    let rate = wav.spec().sample_rate as f32;
    let samples: Vec<f32> =
        wav.samples::<i16>().map(|sample| f32::from(sample.unwrap()) / 32_768.0).collect();
    let len = (samples.len() as f32 * RATE as f32 / rate) as usize;
    (0..len)
        .map(|t| {
            let at = t as f32 * rate / RATE as f32;
            let (left, share) = (at as usize, at.fract());
            let right = samples.get(left + 1).copied().unwrap_or(0.0);
            samples.get(left).copied().unwrap_or(0.0) * (1.0 - share) + right * share
        })
        .collect()
}

fn hertz(note: f32) -> f32 {
    440.0 * 2.0_f32.powf((note - 69.0) / 12.0)
}

fn write(path: &Path, sound: &[f32], application: Application) {
    let mut encoder = Encoder::builder(RATE, Channels::Mono, application)
        .bitrate(Bitrate::Bits(BITS_PER_SECOND))
        .complexity(10)
        .build()
        .expect("an encoder");
    let frames: Vec<Vec<u8>> = sound
        .chunks(FRAME)
        .map(|chunk| {
            let mut pcm = [0_i16; FRAME];
            for (sample, value) in pcm.iter_mut().zip(chunk) {
                *sample = (value.clamp(-1.0, 1.0) * 32_000.0) as i16;
            }
            let mut packet = [0_u8; 1_000];
            let len = encoder.encode(&pcm, &mut packet).expect("a packet");
            packet[..len].to_vec()
        })
        .collect();
    let bytes: usize = frames.iter().map(Vec::len).sum();
    let mut file = PacketWriter::new(std::fs::File::create(path).expect("a file"));
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(312_u16.to_le_bytes());
    head.extend(RATE.to_le_bytes());
    head.extend([0, 0, 0]);
    let mut tags = b"OpusTags".to_vec();
    tags.extend(11_u32.to_le_bytes());
    tags.extend(b"switchboard");
    tags.extend(0_u32.to_le_bytes());
    file.write_packet(head, 1, PacketWriteEndInfo::EndPage, 0).expect("a header");
    file.write_packet(tags, 1, PacketWriteEndInfo::EndPage, 0).expect("a header");
    let count = frames.len();
    for (n, frame) in frames.into_iter().enumerate() {
        let end = match n + 1 {
            last if last == count => PacketWriteEndInfo::EndStream,
            whole if whole % 50 == 0 => PacketWriteEndInfo::EndPage,
            _ => PacketWriteEndInfo::NormalPacket,
        };
        file.write_packet(frame, 1, end, ((n + 1) * FRAME) as u64).expect("a packet");
    }
    let seconds = count as f32 * 0.02;
    println!("{}: {seconds:.1} s, {:.1} kbit/s", path.display(), bytes as f32 * 8.0 / seconds / 1_000.0);
}
