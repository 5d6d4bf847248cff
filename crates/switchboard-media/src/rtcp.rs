//! RTCP as far as we speak it: sender and receiver reports with our CNAME (RFC 3550 §6.4, §6.5).

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const CNAME_ITEM: u8 = 1;

/// What we say of what we sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SenderInfo {
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// What one side says of what it received from one sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReportBlock {
    pub(crate) ssrc: u32,
    /// Of 256, since the last report.
    pub(crate) fraction_lost: u8,
    /// 24 bits, signed.
    pub(crate) cumulative_lost: i32,
    pub(crate) highest_sequence: u32,
    pub(crate) jitter: u32,
    /// The middle 32 bits of the NTP time in the last sender report, 0 for none.
    pub(crate) last_sender_report: u32,
    /// In 1/65536 s.
    pub(crate) delay_since: u32,
}

/// The middle 32 bits of an NTP time.
pub(crate) fn ntp_middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// Writes a compound packet and returns its length. `None`: no room.
pub(crate) fn write(
    buf: &mut [u8],
    ssrc: u32,
    sender: Option<SenderInfo>,
    block: Option<ReportBlock>,
    cname: &str,
) -> Option<usize> {
    let mut at = Writer { buf, at: 0 };
    let start =
        at.begin(if sender.is_some() { SENDER_REPORT } else { RECEIVER_REPORT }, u8::from(block.is_some()))?;
    at.word(ssrc)?;
    if let Some(sender) = sender {
        at.word((sender.ntp >> 32) as u32)?;
        at.word(sender.ntp as u32)?;
        at.word(sender.timestamp)?;
        at.word(sender.packets)?;
        at.word(sender.octets)?;
    }
    if let Some(block) = block {
        at.word(block.ssrc)?;
        let lost = block.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF).cast_unsigned() & 0xFF_FFFF;
        at.word(u32::from(block.fraction_lost) << 24 | lost)?;
        at.word(block.highest_sequence)?;
        at.word(block.jitter)?;
        at.word(block.last_sender_report)?;
        at.word(block.delay_since)?;
    }
    at.end(start)?;
    let start = at.begin(SOURCE_DESCRIPTION, 1)?;
    at.word(ssrc)?;
    at.bytes(&[CNAME_ITEM, u8::try_from(cname.len()).ok()?])?;
    at.bytes(cname.as_bytes())?;
    // The list of items ends with one to four zero bytes, at a word's end.
    at.bytes(&[0; 4][..4 - at.at % 4])?;
    at.end(start)?;
    Some(at.at)
}

struct Writer<'a> {
    buf: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn begin(&mut self, kind: u8, count: u8) -> Option<usize> {
        let start = self.at;
        self.bytes(&[0x80 | count, kind, 0, 0])?;
        Some(start)
    }

    fn end(&mut self, start: usize) -> Option<()> {
        let words = u16::try_from((self.at - start) / 4 - 1).ok()?;
        self.buf[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
        Some(())
    }

    fn word(&mut self, word: u32) -> Option<()> {
        self.bytes(&word.to_be_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Option<()> {
        self.buf.get_mut(self.at..self.at + bytes.len())?.copy_from_slice(bytes);
        self.at += bytes.len();
        Some(())
    }
}

/// What a compound packet tells us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The middle of the NTP time of their sender report.
    pub(crate) sender_report: Option<u32>,
    /// Their word on what we sent.
    pub(crate) about_us: Option<ReportBlock>,
}

/// Reads a decrypted compound packet. Unknown kinds are passed over, broken ones end the reading.
pub(crate) fn read(mut compound: &[u8], our_ssrc: u32) -> Told {
    let mut told = Told::default();
    while let Some(header) = compound.first_chunk::<4>() {
        let len = 4 + 4 * usize::from(u16::from_be_bytes([header[2], header[3]]));
        let Some((packet, rest)) = compound.split_at_checked(len) else { break };
        let blocks_at = match header[1] {
            SENDER_REPORT => {
                told.sender_report = word(packet, 8).zip(word(packet, 12)).map(|(s, f)| s << 16 | f >> 16);
                28
            }
            RECEIVER_REPORT => 8,
            _ => len,
        };
        let blocks =
            packet.get(blocks_at..).unwrap_or_default().chunks_exact(24).take(usize::from(header[0] & 0x1F));
        if let Some(block) = blocks.filter_map(read_block).find(|block| block.ssrc == our_ssrc) {
            told.about_us = Some(block);
        }
        compound = rest;
    }
    told
}

fn read_block(bytes: &[u8]) -> Option<ReportBlock> {
    let lost = word(bytes, 4)?;
    Some(ReportBlock {
        ssrc: word(bytes, 0)?,
        fraction_lost: (lost >> 24) as u8,
        cumulative_lost: (lost << 8).cast_signed() >> 8,
        highest_sequence: word(bytes, 8)?,
        jitter: word(bytes, 12)?,
        last_sender_report: word(bytes, 16)?,
        delay_since: word(bytes, 20)?,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: ReportBlock = ReportBlock {
        ssrc: 9,
        fraction_lost: 25,
        cumulative_lost: -3,
        highest_sequence: 70_000,
        jitter: 480,
        last_sender_report: 0x1234_5678,
        delay_since: 65_536,
    };

    #[test]
    fn a_sender_report_with_a_block_reads_back() {
        let mut buf = [0_u8; 128];
        let sender = SenderInfo { ntp: 0xAAAA_1234_5678_BBBB, timestamp: 960, packets: 50, octets: 4_000 };
        let len = write(&mut buf, 7, Some(sender), Some(BLOCK), "switchboard").expect("room");
        assert_eq!(len % 4, 0);
        let told = read(&buf[..len], 9);
        assert_eq!(told, Told { sender_report: Some(0x1234_5678), about_us: Some(BLOCK) });
        assert_eq!(read(&buf[..len], 10).about_us, None, "a report about somebody else");
        assert_eq!(ntp_middle(sender.ntp), 0x1234_5678);
    }

    #[test]
    fn names_of_every_length_end_at_a_word() {
        let mut buf = [0_u8; 128];
        for len in 1..9 {
            let name = "nnnnnnnnn";
            let len = write(&mut buf, 7, None, None, &name[..len]).expect("room");
            assert_eq!(len % 4, 0);
            assert_eq!(buf[8 + 1], SOURCE_DESCRIPTION);
            assert_eq!(8 + 4 + 4 * usize::from(buf[11]), len);
        }
    }

    #[test]
    fn no_room_is_no_packet() {
        assert_eq!(write(&mut [0; 20], 7, None, Some(BLOCK), "switchboard"), None);
    }

    proptest! {
        #[test]
        fn no_packet_makes_the_reader_panic(packet in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = read(&packet, 1);
        }
    }
}
