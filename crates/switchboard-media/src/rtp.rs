//! The RTP header (RFC 3550 §5.1), read and written in place.

use std::ops::Range;

pub(crate) const HEADER: usize = 12;
/// Opus and the telephone events beside it count time in 1/48000 s (RFC 7587 §4.1).
pub(crate) const CLOCK_RATE: u32 = 48_000;
/// G.711 counts 8,000 a second (RFC 3551 §4.5.14).
pub(crate) const NARROW: u32 = CLOCK_RATE / 8_000;
/// 20 ms.
pub(crate) const FRAME: u32 = CLOCK_RATE / 50;

/// What the first byte says a datagram is (RFC 7983 §7), RTP and RTCP told apart by RFC 5761 §4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Other,
}

pub(crate) fn kind_of(datagram: &[u8]) -> Kind {
    match datagram {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// The fields of a header we need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) len: usize,
    pub(crate) padded: bool,
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl Header {
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; HEADER] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut len = HEADER + 4 * usize::from(fixed[0] & 0x0F);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(len + 2..len + 4)?;
            len += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        (packet.len() >= len).then_some(Self {
            len,
            padded: fixed[0] & 0x20 != 0,
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7F,
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        })
    }

    /// Where the payload of the decrypted packet lies, without padding.
    pub(crate) fn payload(&self, packet: &[u8]) -> Option<Range<usize>> {
        let padding = if self.padded { usize::from(*packet.last()?) } else { 0 };
        let end = packet.len().checked_sub(padding)?;
        let sound = end >= self.len && !(self.padded && padding == 0);
        sound.then_some(self.len..end)
    }
}

/// Writes a plain header: no extension, no padding, no contributing sources.
pub(crate) fn write_header(
    buf: &mut [u8],
    marker: bool,
    payload_type: u8,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) -> Option<()> {
    let header: &mut [u8; HEADER] = buf.first_chunk_mut()?;
    header[0] = 0x80;
    header[1] = u8::from(marker) << 7 | payload_type;
    header[2..4].copy_from_slice(&sequence.to_be_bytes());
    header[4..8].copy_from_slice(&timestamp.to_be_bytes());
    header[8..12].copy_from_slice(&ssrc.to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_header_reads_back_as_it_was_written() {
        let mut buf = [0_u8; 20];
        write_header(&mut buf, true, 111, 65_535, 960, 9).expect("room");
        let header = Header::read(&buf).expect("reads");
        assert_eq!(
            header,
            Header { len: 12, padded: false, marker: true, payload_type: 111, timestamp: 960, ssrc: 9 }
        );
        assert_eq!(header.payload(&buf), Some(12..20));
    }

    #[test]
    fn extensions_sources_and_padding_are_passed_over() {
        let mut packet = vec![0xB1, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        packet.extend([0, 0, 0, 7]); // one contributing source
        packet.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]); // one word of extension
        packet.extend(*b"opus\0\0\x03");
        let header = Header::read(&packet).expect("reads");
        assert_eq!(header.len, 24);
        assert_eq!(&packet[header.payload(&packet).expect("payload")], b"opus");
    }

    #[test]
    fn datagrams_are_told_apart_by_their_first_bytes() {
        assert_eq!(kind_of(&[0, 1]), Kind::Stun);
        assert_eq!(kind_of(&[22, 254]), Kind::Dtls);
        assert_eq!(kind_of(&[0x80, 111]), Kind::Rtp);
        assert_eq!(kind_of(&[0x80, 0x80 | 111]), Kind::Rtp);
        assert_eq!(kind_of(&[0x80, 200]), Kind::Rtcp);
        assert_eq!(kind_of(&[]), Kind::Other);
        assert_eq!(kind_of(&[0x80]), Kind::Other);
        assert_eq!(kind_of(&[255, 0]), Kind::Other);
    }

    proptest! {
        #[test]
        fn no_datagram_makes_the_reader_panic(packet in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = kind_of(&packet);
            if let Some(header) = Header::read(&packet)
                && let Some(payload) = header.payload(&packet)
            {
                prop_assert!(payload.start <= payload.end && payload.end <= packet.len());
            }
        }
    }
}
