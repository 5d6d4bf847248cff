//! How the sound of a recording lies in its file: a header, then chunks of 16 KiB of plaintext, each sealed under the
//! recording's own key with its index and whether it is the last one. What was cut off, moved, repeated, or taken from
//! another file does not open; any byte can be reached without the ones before it.

use std::ops::Range;

use aws_lc_rs::aead::LessSafeKey;
use bytes::Bytes;
use uuid::Uuid;

use crate::sealing::{open_bytes, seal_bytes};

/// Plaintext of one chunk: at 40 kbit/s about three seconds, the most a crash loses.
pub(super) const CHUNK: usize = 16 * 1024;
/// Nonce and tag.
const OVERHEAD: usize = 12 + 16;
const SEALED_CHUNK: u64 = (CHUNK + OVERHEAD) as u64;
const MAGIC: &[u8; 8] = b"SWBREC\x00\x01";
const HEADER: usize = 32;

/// The first bytes of the file.
pub(super) fn header(id: Uuid) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(id.as_bytes());
    header[24..28].copy_from_slice(&u32::try_from(CHUNK).unwrap_or(u32::MAX).to_be_bytes());
    header
}

/// Seals and opens the chunks of one recording.
pub(super) struct Chunks {
    id: Uuid,
    key: LessSafeKey,
}

impl Chunks {
    pub(super) fn new(id: Uuid, key: LessSafeKey) -> Self {
        Self { id, key }
    }

    pub(super) const fn id(&self) -> Uuid {
        self.id
    }

    pub(super) fn seal(&self, index: u64, last: bool, plain: &[u8]) -> Vec<u8> {
        seal_bytes(&self.key, &self.bound_to(index, last), plain)
    }

    pub(super) fn open(&self, index: u64, last: bool, sealed: &[u8]) -> Option<Vec<u8>> {
        open_bytes(&self.key, &self.bound_to(index, last), sealed.to_vec())
    }

    /// Something small about the recording that is kept beside its sound.
    pub(super) fn seal_note(&self, what: &str, plain: &[u8]) -> Vec<u8> {
        seal_bytes(&self.key, &self.note(what), plain)
    }

    pub(super) fn open_note(&self, what: &str, sealed: Vec<u8>) -> Option<Vec<u8>> {
        open_bytes(&self.key, &self.note(what), sealed)
    }

    fn note(&self, what: &str) -> Vec<u8> {
        format!("switchboard recording {what} {}", self.id.simple()).into_bytes()
    }

    fn bound_to(&self, index: u64, last: bool) -> [u8; 25] {
        let mut place = [0; 25];
        place[..16].copy_from_slice(self.id.as_bytes());
        place[16..24].copy_from_slice(&index.to_be_bytes());
        place[24] = u8::from(last);
        place
    }
}

/// Where things are in a finished file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of sound.
    pub(super) size: u64,
    /// There is no closing chunk: the writer was stopped by a crash or a full disk.
    pub(super) cut: bool,
}

impl Layout {
    /// What is whole in a file whose writer was stopped.
    pub(super) fn of_cut_file(length: u64) -> Self {
        let chunks = length.saturating_sub(HEADER as u64) / SEALED_CHUNK;
        Self { size: chunks * CHUNK as u64, cut: true }
    }

    /// The least length of the file.
    pub(super) fn file_length(self) -> u64 {
        let whole = self.size / CHUNK as u64;
        let closing = self.size % CHUNK as u64 + OVERHEAD as u64;
        HEADER as u64 + whole * SEALED_CHUNK + if self.cut { 0 } else { closing }
    }

    /// The chunk that would have followed.
    pub(super) fn next_index(self) -> u64 {
        self.size / CHUNK as u64
    }

    /// The chunks that hold these bytes of sound.
    pub(super) fn chunks_of(self, bytes: &Range<u64>) -> Range<u64> {
        if bytes.is_empty() {
            return 0..0;
        }
        bytes.start / CHUNK as u64..(bytes.end - 1) / CHUNK as u64 + 1
    }

    /// Where these chunks lie in the file.
    pub(super) fn place_of(self, chunks: &Range<u64>) -> Range<u64> {
        let start = HEADER as u64 + chunks.start * SEALED_CHUNK;
        start..(HEADER as u64 + chunks.end * SEALED_CHUNK).min(self.file_length())
    }

    fn is_last(self, index: u64) -> bool {
        !self.cut && index == self.size / CHUNK as u64
    }

    /// Opens these chunks and keeps the bytes of sound that were asked for. None: the file is not as it was written.
    pub(super) fn open(
        self,
        with: &Chunks,
        chunks: &Range<u64>,
        sealed: &Bytes,
        wanted: &Range<u64>,
    ) -> Option<Bytes> {
        let mut sound = Vec::with_capacity(sealed.len());
        for (index, sealed) in chunks.clone().zip(sealed.chunks(CHUNK + OVERHEAD)) {
            sound.extend_from_slice(&with.open(index, self.is_last(index), sealed)?);
        }
        let begins = chunks.start * CHUNK as u64;
        let from = usize::try_from(wanted.start.checked_sub(begins)?).ok()?;
        let to = usize::try_from(wanted.end.checked_sub(begins)?).ok()?;
        (to <= sound.len() && from <= to).then(|| Bytes::from(sound).slice(from..to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::key_from;

    const ID: Uuid = Uuid::from_u128(7);

    fn chunks(id: Uuid) -> Chunks {
        Chunks::new(id, key_from(&[9; 32]))
    }

    fn sound(size: usize) -> Vec<u8> {
        (0..size).map(|byte| u8::try_from(byte % 251).expect("small")).collect()
    }

    fn file(size: usize, cut: bool) -> (Layout, Vec<u8>) {
        let (with, sound) = (chunks(ID), sound(size));
        let mut file = header(ID).to_vec();
        let mut pieces = sound.chunks_exact(CHUNK);
        let mut index = 0;
        for piece in pieces.by_ref() {
            file.extend(with.seal(index, false, piece));
            index += 1;
        }
        if !cut {
            file.extend(with.seal(index, true, pieces.remainder()));
        }
        (Layout { size: size as u64, cut }, file)
    }

    fn read(with: &Chunks, layout: Layout, file: &[u8], wanted: Range<u64>) -> Option<Bytes> {
        let chunks = layout.chunks_of(&wanted);
        let place = layout.place_of(&chunks);
        let sealed = file.get(usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?)?;
        layout.open(with, &chunks, &Bytes::copy_from_slice(sealed), &wanted)
    }

    #[test]
    fn every_range_of_every_size_reads_back() {
        for size in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 77] {
            let (layout, file) = file(size, false);
            assert_eq!(layout.file_length(), file.len() as u64, "{size}");
            let end = size as u64;
            for wanted in [0..end, 0..end.min(1), end / 2..end, end.saturating_sub(1)..end] {
                let found = read(&chunks(ID), layout, &file, wanted.clone()).expect("opens");
                let (from, to) = (
                    usize::try_from(wanted.start).expect("fits"),
                    usize::try_from(wanted.end).expect("fits"),
                );
                assert_eq!(found, sound(size)[from..to], "{size} {wanted:?}");
            }
        }
    }

    #[test]
    fn a_file_that_was_cut_off_keeps_its_whole_chunks() {
        let (_, mut file) = file(2 * CHUNK, true);
        file.extend_from_slice(&[1; 500]); // the chunk that was being written
        let layout = Layout::of_cut_file(file.len() as u64);
        assert_eq!(layout, Layout { size: 2 * CHUNK as u64, cut: true });
        assert_eq!(
            read(&chunks(ID), layout, &file, 5..2 * CHUNK as u64).expect("opens").len(),
            2 * CHUNK - 5
        );
        assert_eq!(Layout::of_cut_file(3).size, 0);
    }

    #[test]
    fn what_was_cut_off_moved_repeated_or_swapped_does_not_open() {
        let (layout, file) = file(3 * CHUNK, false);
        let all = || 0..layout.size;
        let sealed = usize::try_from(SEALED_CHUNK).expect("fits");
        // The closing chunk is gone, and the size says otherwise or goes along.
        let shorter = Layout { size: 2 * CHUNK as u64, cut: false };
        assert!(
            read(&chunks(ID), shorter, &file, 0..shorter.size).is_some(),
            "the chunks before it are whole"
        );
        assert!(
            shorter
                .open(
                    &chunks(ID),
                    &(2..3),
                    &Bytes::copy_from_slice(&file[HEADER + 2 * sealed..HEADER + 3 * sealed]),
                    &(shorter.size..shorter.size)
                )
                .is_none(),
            "no chunk but the last closes a file"
        );
        // Two chunks in the other order.
        let mut moved = file.clone();
        moved[HEADER..HEADER + 2 * sealed].rotate_left(sealed);
        assert!(read(&chunks(ID), layout, &moved, all()).is_none());
        // One bit.
        let mut changed = file.clone();
        changed[HEADER + 100] ^= 1;
        assert!(read(&chunks(ID), layout, &changed, all()).is_none());
        assert!(
            read(&chunks(ID), layout, &changed, CHUNK as u64..layout.size).is_some(),
            "the others are unharmed"
        );
        // Another recording's file under the same key.
        assert!(read(&chunks(Uuid::from_u128(8)), layout, &file, all()).is_none());
    }
}
