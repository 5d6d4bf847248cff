//! The file: Ogg Opus with two mono streams in each packet (RFC 7845 §5.1.1, mapping family 1), so that left and right
//! are never mixed and nothing is encoded anew.

use std::io;

use bytes::Bytes;
use ogg::{PacketWriteEndInfo, PacketWriter};

use super::frames::{self, SAMPLES};

/// Frames of a page: a second.
const PAGE: u64 = 50;

/// Writes one recording.
pub(super) struct StereoFile {
    ogg: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    frames: u64,
    /// The newest packet: the last one of all says that it is the last.
    waiting: Option<Vec<u8>>,
}

impl StereoFile {
    /// Begins with the two headers. They name nobody and tell nothing of the call.
    pub(super) fn begin(serial: u32) -> io::Result<Self> {
        let mut head = b"OpusHead\x01\x02".to_vec();
        // No samples are skipped: the streams are cut out of running ones, and the length is the time that passed.
        head.extend(0_u16.to_le_bytes());
        head.extend(48_000_u32.to_le_bytes());
        head.extend(0_u16.to_le_bytes());
        // Family 1: two streams, none of them coupled, left is the first and right the second.
        head.extend([1, 2, 0, 0, 1]);
        let mut tags = b"OpusTags".to_vec();
        tags.extend(11_u32.to_le_bytes());
        tags.extend(b"switchboard");
        tags.extend(0_u32.to_le_bytes());
        let mut ogg = PacketWriter::new(Vec::new());
        ogg.write_packet(head, serial, PacketWriteEndInfo::EndPage, 0)?;
        ogg.write_packet(tags, serial, PacketWriteEndInfo::EndPage, 0)?;
        Ok(Self { ogg, serial, frames: 0, waiting: None })
    }

    /// 20 ms of both sides.
    pub(super) fn push(&mut self, left: &[u8], right: &[u8]) -> io::Result<()> {
        let mut packet = Vec::with_capacity(left.len() + right.len() + 2);
        frames::self_delimited(left, &mut packet);
        packet.extend_from_slice(right);
        if let Some(before) = self.waiting.replace(packet) {
            let whole = (self.frames + 1).is_multiple_of(PAGE);
            let end = if whole { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            self.write(before, end)?;
        }
        Ok(())
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        match self.waiting.take() {
            Some(last) => self.write(last, PacketWriteEndInfo::EndStream),
            None => Ok(()),
        }
    }

    fn write(&mut self, packet: Vec<u8>, end: PacketWriteEndInfo) -> io::Result<()> {
        self.frames += 1;
        self.ogg.write_packet(packet, self.serial, end, self.frames * SAMPLES as u64)
    }

    /// The pages that are whole since the last time.
    pub(super) fn pages(&mut self) -> Option<Bytes> {
        let pages = std::mem::take(self.ogg.inner_mut());
        (!pages.is_empty()).then(|| Bytes::from(pages))
    }
}
