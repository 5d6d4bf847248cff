//! SRTP with keys from the SDP (RFC 3711, RFC 4568) for customers whose number is set to SDES. Written from the RFCs, with
//! nothing of the product's own SRTP code: only AES_CM_128_HMAC_SHA1_80, only RTP, one sender each way.

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

const TAG: usize = 10;
const HEADER: usize = 12;
/// A master key of 16 bytes and a master salt of 14.
pub(crate) const MASTER: usize = 30;

/// One direction.
pub(crate) struct OneWay {
    cipher: EncryptingKey,
    authentication: hmac::Key,
    salt: [u8; 14],
    /// How often the sequence number has come round, and the last one.
    rolled: u32,
    last: Option<u16>,
}

/// What an authentic packet holds.
pub(crate) struct Plain {
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    pub(crate) payload: Vec<u8>,
}

impl OneWay {
    pub(crate) fn new(master: &[u8; MASTER]) -> Option<Self> {
        let (key, salt) = master.split_at(16);
        let cipher = derived::<16>(key, salt, 0)?;
        let authentication = derived::<20>(key, salt, 1)?;
        Some(Self {
            cipher: counter_mode(&cipher)?,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication),
            salt: derived::<14>(key, salt, 2)?,
            rolled: 0,
            last: None,
        })
    }

    /// Header and payload, encrypted and signed. `sequence` counts beyond 16 bits.
    pub(crate) fn protect(&self, plain: &Plain) -> Option<Vec<u8>> {
        let mut packet = Vec::with_capacity(HEADER + plain.payload.len() + TAG);
        packet.extend([0x80, plain.payload_type | if plain.marker { 0x80 } else { 0 }]);
        packet.extend((plain.sequence as u16).to_be_bytes());
        packet.extend(plain.timestamp.to_be_bytes());
        packet.extend(plain.ssrc.to_be_bytes());
        packet.extend(&plain.payload);
        let rolled = (plain.sequence >> 16) as u32;
        self.crypt(plain.ssrc, rolled, plain.sequence as u16, packet.get_mut(HEADER..)?)?;
        let tag = self.tag(&packet, rolled);
        packet.extend(&tag.as_ref()[..TAG]);
        Some(packet)
    }

    /// Checks and decrypts; nothing when the tag is wrong. Repeated packets are not looked for.
    pub(crate) fn unprotect(&mut self, packet: &[u8]) -> Option<Plain> {
        let (signed, tag) = packet.split_at_checked(packet.len().checked_sub(TAG)?)?;
        let header: &[u8; HEADER] = signed.first_chunk()?;
        // We know what the business writes: no sources, no extension, no padding.
        if header[0] != 0x80 {
            return None;
        }
        let sequence = u16::from_be_bytes([header[2], header[3]]);
        let rolled = match self.last {
            Some(last) if last > 0xC000 && sequence < 0x4000 => self.rolled + 1,
            Some(last) if last < 0x4000 && sequence > 0xC000 => self.rolled.checked_sub(1)?,
            Some(_) | None => self.rolled,
        };
        if self.tag(signed, rolled).as_ref()[..TAG] != *tag {
            return None;
        }
        if rolled >= self.rolled {
            (self.rolled, self.last) = (rolled, Some(sequence));
        }
        let ssrc = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
        let mut payload = signed[HEADER..].to_vec();
        self.crypt(ssrc, rolled, sequence, &mut payload)?;
        Some(Plain {
            payload_type: header[1] & 0x7F,
            marker: header[1] & 0x80 != 0,
            sequence: u64::from(rolled) << 16 | u64::from(sequence),
            timestamp: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            ssrc,
            payload,
        })
    }

    /// RFC 3711 §4.1.1: salt · 2^16 XOR SSRC · 2^64 XOR index · 2^16.
    fn crypt(&self, ssrc: u32, rolled: u32, sequence: u16, bytes: &mut [u8]) -> Option<()> {
        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&self.salt);
        let index = [&rolled.to_be_bytes()[..], &sequence.to_be_bytes()[..]].concat();
        for (place, byte) in ssrc.to_be_bytes().iter().chain(&index).enumerate() {
            counter[4 + place] ^= byte;
        }
        let context = EncryptionContext::Iv128(FixedLength::from(counter));
        self.cipher.less_safe_encrypt(bytes, context).ok().map(|_| ())
    }

    /// RFC 3711 §4.2: over the packet and the roll-over counter.
    fn tag(&self, packet: &[u8], rolled: u32) -> hmac::Tag {
        let mut signer = hmac::Context::with_key(&self.authentication);
        signer.update(packet);
        signer.update(&rolled.to_be_bytes());
        signer.sign()
    }
}

impl std::fmt::Debug for OneWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneWay(…)")
    }
}

fn counter_mode(key: &[u8]) -> Option<EncryptingKey> {
    EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key).ok()?).ok()
}

/// RFC 3711 §4.3.1: AES of (salt XOR label · 2^48) · 2^16 and what follows.
fn derived<const N: usize>(key: &[u8], salt: &[u8], label: u8) -> Option<[u8; N]> {
    let mut counter = [0; 16];
    counter.get_mut(..14)?.copy_from_slice(salt);
    counter[7] ^= label;
    let mut out = [0; N];
    let context = EncryptionContext::Iv128(FixedLength::from(counter));
    counter_mode(key)?.less_safe_encrypt(&mut out, context).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_protected_comes_back_over_the_turn_of_the_numbers_and_a_changed_bit_does_not() {
        let master: [u8; MASTER] = std::array::from_fn(|n| n as u8);
        let ours = OneWay::new(&master).expect("keys");
        let mut theirs = OneWay::new(&master).expect("keys");
        for sequence in 0xFFFE..0x1_0002_u64 {
            let plain = Plain {
                payload_type: 111,
                marker: true,
                sequence,
                timestamp: 960,
                ssrc: 7,
                payload: b"twenty ms".to_vec(),
            };
            let packet = ours.protect(&plain).expect("protected");
            let mut forged = packet.clone();
            forged[15] ^= 1;
            assert!(theirs.unprotect(&forged).is_none());
            let back = theirs.unprotect(&packet).expect("authentic");
            assert_eq!((back.sequence, back.payload.as_slice()), (sequence, b"twenty ms".as_slice()));
        }
        assert!(theirs.unprotect(&[0x80; 15]).is_none());
    }

    #[test]
    fn rfc_3711_appendix_b3() {
        let key =
            [0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39];
        let salt = [0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6];
        let cipher = derived::<16>(&key, &salt, 0).expect("a key");
        assert_eq!(cipher[..4], [0xC6, 0x1E, 0x7A, 0x93]);
        assert_eq!(derived::<14>(&key, &salt, 2).expect("a salt")[..4], [0x30, 0xCB, 0xBC, 0x08]);
        assert_eq!(derived::<20>(&key, &salt, 1).expect("a key")[..4], [0xCE, 0xBE, 0x32, 0x1F]);
    }
}
