//! SRTP and SRTCP of one peer: keys, sequence numbers, replay. A flat path of our own, because every forwarded
//! packet passes here twice; keys are expanded once, nothing is allocated per packet.
//!
//! RFC 3711 (AES-CM), RFC 7714 (AES-GCM), RFC 5764 §4.2 (where the keys come from).

mod cipher;
mod keys;
mod replay;

use std::fmt;

use self::cipher::Cipher;
use self::keys::KeyStore;
pub(crate) use self::replay::ReplayWindow;

/// What two peers can agree on for SRTP (M1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SrtpProfile {
    /// `AEAD_AES_256_GCM`.
    Aes256Gcm,
    /// `AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `AES_CM_128_HMAC_SHA1_80`.
    AesCm128HmacSha1,
}

impl SrtpProfile {
    /// Every profile, the strongest first.
    pub const ALL: &'static [Self] = &[Self::Aes256Gcm, Self::Aes128Gcm, Self::AesCm128HmacSha1];

    /// The name in RFC 5764 and RFC 7714.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
            Self::Aes128Gcm => "AEAD_AES_128_GCM",
            Self::AesCm128HmacSha1 => "AES_CM_128_HMAC_SHA1_80",
        }
    }

    /// Bytes of DTLS keying material this profile takes: two keys and two salts.
    #[must_use]
    pub const fn material_len(self) -> usize {
        2 * (self.key_len() + self.salt_len())
    }

    const fn key_len(self) -> usize {
        match self {
            Self::Aes256Gcm => 32,
            Self::Aes128Gcm | Self::AesCm128HmacSha1 => 16,
        }
    }

    const fn salt_len(self) -> usize {
        match self {
            Self::Aes256Gcm | Self::Aes128Gcm => 12,
            Self::AesCm128HmacSha1 => 14,
        }
    }
}

impl fmt::Display for SrtpProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many senders (SSRCs) one peer may use in the life of its leg. Each keeps its own replay window for good, so
/// that no packet of an old one can be played again; the usual number is one.
const MAX_SENDERS: usize = 16;

/// Keys, counters and replay windows between us and one peer.
pub(crate) struct Srtp {
    rx_rtp: Cipher,
    rx_rtcp: Cipher,
    tx_rtp: Cipher,
    tx_rtcp: Cipher,
    tx_rtcp_index: u32,
    senders: Vec<Sender>,
}

struct Sender {
    ssrc: u32,
    rtp: ReplayWindow,
    rtcp: ReplayWindow,
}

/// An RTP packet that is what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Opened {
    /// Length of header and payload, without the tag.
    pub(crate) len: usize,
    /// The 48-bit packet index: roll-overs and sequence number.
    pub(crate) index: u64,
}

impl Srtp {
    /// Takes the keys out of DTLS keying material. `we_are_client`: did we start the handshake?
    pub(crate) fn new(profile: SrtpProfile, material: &[u8], we_are_client: bool) -> Option<Self> {
        let store = KeyStore::read(profile, material)?;
        let (tx_rtp, tx_rtcp) = store.ciphers(we_are_client)?;
        let (rx_rtp, rx_rtcp) = store.ciphers(!we_are_client)?;
        Some(Self { rx_rtp, rx_rtcp, tx_rtp, tx_rtcp, tx_rtcp_index: 0, senders: Vec::with_capacity(2) })
    }

    /// Protects the RTP packet `buf[..len]` in place and returns its new length. The caller never uses an index twice
    /// for one SSRC: with GCM that would give the key away.
    pub(crate) fn protect_rtp(
        &self,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
        index: u64,
    ) -> Option<usize> {
        let ssrc = word(buf, 8)?;
        self.tx_rtp.seal_rtp(buf, header_len, len, ssrc, index)
    }

    /// Checks and decrypts the SRTP packet in place. `None`: forged, broken, replayed or too old.
    pub(crate) fn unprotect_rtp(&mut self, packet: &mut [u8], header_len: usize) -> Option<Opened> {
        let sequence = u16::from_be_bytes([*packet.get(2)?, *packet.get(3)?]);
        let ssrc = word(packet, 8)?;
        let known = self.senders.iter().position(|sender| sender.ssrc == ssrc);
        let index = match known {
            Some(at) => self.senders[at].rtp.guess_index(sequence)?,
            None if self.senders.len() < MAX_SENDERS => u64::from(sequence),
            None => return None,
        };
        if known.is_some_and(|at| !self.senders[at].rtp.is_new(index)) {
            return None;
        }
        let len = self.rx_rtp.open_rtp(packet, header_len, ssrc, index)?;
        self.sender(known, ssrc).rtp.note(index);
        Some(Opened { len, index })
    }

    /// Protects the compound RTCP packet `buf[..len]` in place and returns its new length.
    pub(crate) fn protect_rtcp(&mut self, buf: &mut [u8], len: usize) -> Option<usize> {
        let ssrc = word(buf, 4)?;
        // 31 bits at one packet in five seconds: no leg lives long enough to wrap.
        self.tx_rtcp_index = self.tx_rtcp_index.checked_add(1).filter(|index| *index < 1 << 31)?;
        self.tx_rtcp.seal_rtcp(buf, len, ssrc, self.tx_rtcp_index)
    }

    /// Checks and decrypts the SRTCP packet in place and returns the length of the compound packet.
    pub(crate) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = word(packet, 4)?;
        let index = self.rx_rtcp.rtcp_index(packet)?;
        let known = self.senders.iter().position(|sender| sender.ssrc == ssrc);
        match known {
            Some(at) if !self.senders[at].rtcp.is_new(u64::from(index)) => return None,
            None if self.senders.len() >= MAX_SENDERS => return None,
            Some(_) | None => {}
        }
        let len = self.rx_rtcp.open_rtcp(packet, ssrc)?;
        self.sender(known, ssrc).rtcp.note(u64::from(index));
        Some(len)
    }

    fn sender(&mut self, known: Option<usize>, ssrc: u32) -> &mut Sender {
        let at = known.unwrap_or_else(|| {
            self.senders.push(Sender { ssrc, rtp: ReplayWindow::default(), rtcp: ReplayWindow::default() });
            self.senders.len() - 1
        });
        &mut self.senders[at]
    }
}

impl fmt::Debug for Srtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Srtp").field("senders", &self.senders.len()).finish_non_exhaustive()
    }
}

fn word(buf: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(buf.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(profile: SrtpProfile) -> (Srtp, Srtp) {
        let material: Vec<u8> = (0..profile.material_len()).map(|i| (i * 7) as u8).collect();
        let client = Srtp::new(profile, &material, true).expect("client keys");
        let server = Srtp::new(profile, &material, false).expect("server keys");
        (client, server)
    }

    fn packet(sequence: u16) -> [u8; 64] {
        let mut buf = [0_u8; 64];
        buf[..12].copy_from_slice(&[0x80, 111, 0, 0, 0, 0, 3, 192, 0, 0, 0, 9]);
        buf[2..4].copy_from_slice(&sequence.to_be_bytes());
        buf[12..32].copy_from_slice(b"twenty bytes of opus");
        buf
    }

    fn send(from: &Srtp, index: u64) -> Vec<u8> {
        let mut buf = packet(index as u16);
        let len = from.protect_rtp(&mut buf, 12, 32, index).expect("protect");
        buf[..len].to_vec()
    }

    #[test]
    fn what_one_side_protects_the_other_opens_in_every_profile() {
        for profile in SrtpProfile::ALL.iter().copied() {
            let (client, mut server) = pair(profile);
            let mut sent = send(&client, 7);
            assert_ne!(&sent[12..32], b"twenty bytes of opus", "{profile}");
            let opened = server.unprotect_rtp(&mut sent, 12).expect("opens");
            assert_eq!(opened, Opened { len: 32, index: 7 });
            assert_eq!(&sent[12..32], b"twenty bytes of opus", "{profile}");
        }
    }

    #[test]
    fn a_packet_played_again_is_refused_in_every_profile() {
        for profile in SrtpProfile::ALL.iter().copied() {
            let (client, mut server) = pair(profile);
            let sent = send(&client, 7);
            assert!(server.unprotect_rtp(&mut sent.clone(), 12).is_some());
            assert!(server.unprotect_rtp(&mut sent.clone(), 12).is_none(), "{profile}");
            for index in 8..300 {
                assert!(server.unprotect_rtp(&mut send(&client, index), 12).is_some());
            }
            assert!(
                server.unprotect_rtp(&mut sent.clone(), 12).is_none(),
                "{profile}: older than the window"
            );
        }
    }

    #[test]
    fn one_changed_bit_anywhere_is_refused_and_does_not_block_the_true_packet() {
        for profile in SrtpProfile::ALL.iter().copied() {
            let (client, mut server) = pair(profile);
            let sent = send(&client, 7);
            for at in 0..sent.len() {
                let mut forged = sent.clone();
                forged[at] ^= 1;
                assert!(server.unprotect_rtp(&mut forged, 12).is_none(), "{profile}: byte {at}");
            }
            assert!(server.unprotect_rtp(&mut sent.clone(), 12).is_some());
        }
    }

    #[test]
    fn the_roll_over_of_the_sequence_number_is_followed() {
        let (client, mut server) = pair(SrtpProfile::AesCm128HmacSha1);
        for index in 65_530_u64..65_550 {
            let opened = server.unprotect_rtp(&mut send(&client, index), 12).expect("opens");
            assert_eq!(opened.index, index);
        }
        let late = server
            .unprotect_rtp(&mut send(&client, 65_529), 12)
            .expect("a late one from before the roll-over");
        assert_eq!(late.index, 65_529);
    }

    #[test]
    fn rtcp_goes_both_ways_and_is_not_taken_twice() {
        for profile in SrtpProfile::ALL.iter().copied() {
            let (mut client, mut server) = pair(profile);
            let mut buf = [0_u8; 64];
            buf[..8].copy_from_slice(&[0x80, 201, 0, 1, 0, 0, 0, 9]);
            buf[8..16].copy_from_slice(b"eight by");
            let len = client.protect_rtcp(&mut buf, 16).expect("protect");
            let sent = buf[..len].to_vec();
            let mut first = sent.clone();
            assert_eq!(server.unprotect_rtcp(&mut first), Some(16), "{profile}");
            assert_eq!(&first[8..16], b"eight by");
            assert_eq!(server.unprotect_rtcp(&mut sent.clone()), None, "{profile}: second arrival");
            let mut forged = sent.clone();
            forged[len - 1] ^= 1;
            assert_eq!(server.unprotect_rtcp(&mut forged), None);
        }
    }

    #[test]
    fn a_peer_with_too_many_senders_is_cut_off_at_the_limit() {
        let (client, mut server) = pair(SrtpProfile::Aes128Gcm);
        for ssrc in 0..(MAX_SENDERS as u8 + 4) {
            let mut buf = packet(1);
            buf[11] = ssrc;
            let len = client.protect_rtp(&mut buf, 12, 32, 1).expect("protect");
            let opened = server.unprotect_rtp(&mut buf[..len], 12);
            assert_eq!(opened.is_some(), usize::from(ssrc) < MAX_SENDERS);
        }
    }

    #[test]
    fn short_packets_are_refused_without_a_panic() {
        for profile in SrtpProfile::ALL.iter().copied() {
            let (_, mut server) = pair(profile);
            for len in 0..40 {
                let mut junk = vec![0x80_u8; len];
                assert!(server.unprotect_rtp(&mut junk, 12).is_none());
                assert!(server.unprotect_rtcp(&mut junk).is_none());
            }
        }
    }
}
