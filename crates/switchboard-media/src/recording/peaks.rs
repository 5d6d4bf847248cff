//! How loud each side is over time, for the picture of a recording: decoded once, after the end, off every thread that
//! carries calls.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ogg::{OggReadError, PacketReader};
use ropus::OpusMSDecoder;

/// The finest step: 100 ms.
const STEP_MS: u32 = 100;
/// Points of one side at the most: a picture is not wider, and a page loads it whole.
const MAX_POINTS: usize = 4_000;
/// The lowest rate Opus decodes to; enough for how loud it is.
const RATE: usize = 8_000;
const STEP_SAMPLES: usize = RATE / 1_000 * STEP_MS as usize;
/// 120 ms, the longest packet.
const LONGEST: usize = RATE * 120 / 1_000;
/// The longest recording that is looked at: a call may last a day.
const MAX_STEPS: usize = 25 * 3_600 * 10;

/// The loudest sample of each step, 0 to 255.
#[derive(Clone, PartialEq, Eq)]
pub struct Peaks {
    /// How long one point is: 100 ms, or a multiple that keeps a side under 4,000 points.
    pub interval_ms: u32,
    /// What came from the customer.
    pub left: Vec<u8>,
    /// What was sent to the customer.
    pub right: Vec<u8>,
    /// How long the sound is.
    pub duration: Duration,
}

impl std::fmt::Debug for Peaks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peaks({} of {} ms)", self.left.len(), self.interval_ms)
    }
}

/// Why there are none.
#[derive(Debug, thiserror::Error)]
pub enum PeaksError {
    /// It cannot be read.
    #[error("read the recording")]
    Read(#[source] io::Error),
    /// It is not one of ours.
    #[error("this is no recording of ours: {0}")]
    Foreign(&'static str),
}

/// Reads a whole recording. Blocks: 20 µs or so for each 20 ms of each side. A file that ends in the middle (its node
/// was switched off) counts as far as it goes.
///
/// # Errors
/// [`PeaksError`].
pub fn peaks(recording: impl Read) -> Result<Peaks, PeaksError> {
    let mut packets = PacketReader::new(OnlyForward(recording));
    let mut decoder =
        OpusMSDecoder::new(RATE as i32, 2, 2, 0, &[0, 1]).map_err(|_| PeaksError::Foreign("no decoder"))?;
    let mut sound = vec![0_i16; 2 * LONGEST];
    let (mut left, mut right) = (Steps::default(), Steps::default());
    let mut at = 0_u64;
    loop {
        let packet = match packets.read_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => break,
            Err(OggReadError::ReadError(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                return Err(PeaksError::Read(error));
            }
            // Cut off, or damaged from here on.
            Err(_) if at > 0 => break,
            Err(_) => return Err(PeaksError::Foreign("not Ogg")),
        };
        at += 1;
        match at {
            1 if !packet.data.starts_with(b"OpusHead\x01\x02") => {
                return Err(PeaksError::Foreign("not two channels of Opus"));
            }
            1 | 2 => continue,
            _ => {}
        }
        let decoded = catch_unwind(AssertUnwindSafe(|| {
            decoder.decode(Some(&packet.data), packet.data.len() as i32, &mut sound, LONGEST as i32, false)
        }));
        // What cannot be decoded is 20 ms of nothing; it keeps its length.
        let samples = match decoded {
            Ok(Ok(samples)) => usize::try_from(samples).unwrap_or(0).min(LONGEST),
            Ok(Err(_)) | Err(_) => {
                sound.fill(0);
                RATE / 50
            }
        };
        for pair in sound.chunks_exact(2).take(samples) {
            left.take(pair[0]);
            right.take(pair[1]);
        }
        if left.points.len() >= MAX_STEPS {
            break;
        }
    }
    let duration = Duration::from_millis((left.samples * 1_000 / RATE) as u64);
    let (left, right) = (left.finish(), right.finish());
    let together = left.len().div_ceil(MAX_POINTS).max(1);
    let coarser = |points: Vec<u8>| -> Vec<u8> {
        points.chunks(together).map(|few| few.iter().copied().max().unwrap_or(0)).collect()
    };
    Ok(Peaks {
        interval_ms: STEP_MS * u32::try_from(together).unwrap_or(u32::MAX),
        left: coarser(left),
        right: coarser(right),
        duration,
    })
}

/// One side.
#[derive(Default)]
struct Steps {
    points: Vec<u8>,
    loudest: u16,
    samples: usize,
}

impl Steps {
    fn take(&mut self, sample: i16) {
        self.loudest = self.loudest.max(sample.unsigned_abs());
        self.samples += 1;
        if self.samples.is_multiple_of(STEP_SAMPLES) {
            self.point();
        }
    }

    fn point(&mut self) {
        let loudest = u32::from(std::mem::take(&mut self.loudest));
        self.points.push(u8::try_from(loudest * 255 / 32_768).unwrap_or(u8::MAX));
    }

    fn finish(mut self) -> Vec<u8> {
        if !self.samples.is_multiple_of(STEP_SAMPLES) {
            self.point();
        }
        self.points
    }
}

/// The reader of the library asks for something that can go back, and reads forward only.
struct OnlyForward<R>(R);

impl<R: Read> Read for OnlyForward<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R> Seek for OnlyForward<R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}
