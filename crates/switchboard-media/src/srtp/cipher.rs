//! One direction's cipher with its keys expanded: AES-GCM (RFC 7714) or AES-CM with HMAC-SHA1 (RFC 3711).

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

const GCM_TAG: usize = 16;
const SHA1_TAG: usize = 10;
const RTCP_INDEX: usize = 4;
const RTCP_HEADER: usize = 8;
const ENCRYPTED: u32 = 1 << 31;

#[expect(clippy::large_enum_variant, reason = "kept in the leg; a box would cost a cache miss per packet")]
pub(super) enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; 12] },
    CmSha1 { key: EncryptingKey, authentication: hmac::Key, salt: [u8; 14] },
}

impl Cipher {
    pub(super) fn gcm(key: &[u8], salt: [u8; 12]) -> Option<Self> {
        let algorithm = if key.len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        Some(Self::Gcm { key: LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?), salt })
    }

    pub(super) fn cm_sha1(key: &[u8], authentication: &[u8], salt: [u8; 14]) -> Option<Self> {
        Some(Self::CmSha1 {
            key: EncryptingKey::ctr(UnboundCipherKey::new(&AES_128, key).ok()?).ok()?,
            authentication: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication),
            salt,
        })
    }

    pub(super) fn seal_rtp(
        &self,
        buf: &mut [u8],
        header_len: usize,
        len: usize,
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        match self {
            Self::Gcm { key, salt } => {
                let sealed = len + GCM_TAG;
                let (header, rest) = buf.get_mut(..sealed)?.split_at_mut_checked(header_len)?;
                let (payload, tag_at) = rest.split_at_mut_checked(len.checked_sub(header_len)?)?;
                let tag = key
                    .seal_in_place_separate_tag(
                        gcm_rtp_nonce(salt, ssrc, index),
                        Aad::from(&*header),
                        payload,
                    )
                    .ok()?;
                tag_at.copy_from_slice(tag.as_ref());
                Some(sealed)
            }
            Self::CmSha1 { key, authentication, salt } => {
                let sealed = len + SHA1_TAG;
                let buf = buf.get_mut(..sealed)?;
                cm(key, cm_counter(salt, ssrc, index), buf.get_mut(header_len..len)?)?;
                let tag = rtp_tag(authentication, buf, len, index);
                buf[len..].copy_from_slice(&tag);
                Some(sealed)
            }
        }
    }

    pub(super) fn open_rtp(
        &self,
        packet: &mut [u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        match self {
            Self::Gcm { key, salt } => {
                let len = packet.len().checked_sub(GCM_TAG).filter(|len| *len >= header_len)?;
                let (header, rest) = packet.split_at_mut_checked(header_len)?;
                key.open_in_place(gcm_rtp_nonce(salt, ssrc, index), Aad::from(&*header), rest).ok()?;
                Some(len)
            }
            Self::CmSha1 { key, authentication, salt } => {
                let len = packet.len().checked_sub(SHA1_TAG).filter(|len| *len >= header_len)?;
                let mut sent = [0_u8; SHA1_TAG];
                sent.copy_from_slice(&packet[len..]);
                let tag = rtp_tag(authentication, packet, len, index);
                verify_slices_are_equal(&tag, &sent).ok()?;
                cm(key, cm_counter(salt, ssrc, index), &mut packet[header_len..len])?;
                Some(len)
            }
        }
    }

    pub(super) fn seal_rtcp(&self, buf: &mut [u8], len: usize, ssrc: u32, index: u32) -> Option<usize> {
        let word = (ENCRYPTED | index).to_be_bytes();
        match self {
            Self::Gcm { key, salt } => {
                let sealed = len + GCM_TAG + RTCP_INDEX;
                let buf = buf.get_mut(..sealed)?;
                let mut aad = [0_u8; RTCP_HEADER + RTCP_INDEX];
                aad[..RTCP_HEADER].copy_from_slice(buf.get(..RTCP_HEADER)?);
                aad[RTCP_HEADER..].copy_from_slice(&word);
                let tag = key
                    .seal_in_place_separate_tag(
                        gcm_rtcp_nonce(salt, ssrc, index),
                        Aad::from(aad),
                        buf.get_mut(RTCP_HEADER..len)?,
                    )
                    .ok()?;
                buf[len..len + GCM_TAG].copy_from_slice(tag.as_ref());
                buf[len + GCM_TAG..].copy_from_slice(&word);
                Some(sealed)
            }
            Self::CmSha1 { key, authentication, salt } => {
                let sealed = len + RTCP_INDEX + SHA1_TAG;
                let buf = buf.get_mut(..sealed)?;
                cm(key, cm_counter(salt, ssrc, u64::from(index)), buf.get_mut(RTCP_HEADER..len)?)?;
                buf[len..len + RTCP_INDEX].copy_from_slice(&word);
                let tag = hmac::sign(authentication, &buf[..len + RTCP_INDEX]);
                buf[len + RTCP_INDEX..].copy_from_slice(&tag.as_ref()[..SHA1_TAG]);
                Some(sealed)
            }
        }
    }

    /// The SRTCP index, before anything is known to be authentic.
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        let at = match self {
            Self::Gcm { .. } => packet.len().checked_sub(RTCP_INDEX)?,
            Self::CmSha1 { .. } => packet.len().checked_sub(RTCP_INDEX + SHA1_TAG)?,
        };
        Some(super::word(packet, at)? & !ENCRYPTED)
    }

    pub(super) fn open_rtcp(&self, packet: &mut [u8], ssrc: u32) -> Option<usize> {
        match self {
            Self::Gcm { key, salt } => {
                let len = packet.len().checked_sub(GCM_TAG + RTCP_INDEX).filter(|len| *len >= RTCP_HEADER)?;
                let word = super::word(packet, len + GCM_TAG)?;
                let nonce = gcm_rtcp_nonce(salt, ssrc, word & !ENCRYPTED);
                if word & ENCRYPTED == 0 {
                    // Authenticated only: everything before the tag and the index is associated data (RFC 7714
                    // §9.3). Nobody on our path sends it; refusing it keeps this branch from existing untested.
                    return None;
                }
                let mut aad = [0_u8; RTCP_HEADER + RTCP_INDEX];
                aad[..RTCP_HEADER].copy_from_slice(&packet[..RTCP_HEADER]);
                aad[RTCP_HEADER..].copy_from_slice(&word.to_be_bytes());
                key.open_in_place(nonce, Aad::from(aad), &mut packet[RTCP_HEADER..len + GCM_TAG]).ok()?;
                Some(len)
            }
            Self::CmSha1 { key, authentication, salt } => {
                let len =
                    packet.len().checked_sub(RTCP_INDEX + SHA1_TAG).filter(|len| *len >= RTCP_HEADER)?;
                let (covered, sent) = packet.split_at(len + RTCP_INDEX);
                let tag = hmac::sign(authentication, covered);
                verify_slices_are_equal(&tag.as_ref()[..SHA1_TAG], sent).ok()?;
                let word = super::word(packet, len)?;
                if word & ENCRYPTED != 0 {
                    let counter = cm_counter(salt, ssrc, u64::from(word & !ENCRYPTED));
                    cm(key, counter, &mut packet[RTCP_HEADER..len])?;
                }
                Some(len)
            }
        }
    }
}

/// RFC 7714 §8.1.
fn gcm_rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[6..12], &index.to_be_bytes()[2..]);
    Nonce::assume_unique_for_key(iv)
}

/// RFC 7714 §9.1.
fn gcm_rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    let mut iv = *salt;
    xor(&mut iv[2..6], &ssrc.to_be_bytes());
    xor(&mut iv[8..12], &index.to_be_bytes());
    Nonce::assume_unique_for_key(iv)
}

/// RFC 3711 §4.1.1: (salt · 2^16) XOR (SSRC · 2^64) XOR (index · 2^16).
fn cm_counter(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut counter = [0_u8; 16];
    counter[..14].copy_from_slice(salt);
    xor(&mut counter[4..8], &ssrc.to_be_bytes());
    xor(&mut counter[8..14], &index.to_be_bytes()[2..]);
    counter
}

fn cm(key: &EncryptingKey, counter: [u8; 16], bytes: &mut [u8]) -> Option<()> {
    key.less_safe_encrypt(bytes, EncryptionContext::Iv128(FixedLength::from(counter))).ok()?;
    Some(())
}

/// HMAC-SHA1 over the packet and the roll-over counter (RFC 3711 §4.2), which is written behind the packet for it,
/// where the tag has its place.
fn rtp_tag(authentication: &hmac::Key, buf: &mut [u8], len: usize, index: u64) -> [u8; SHA1_TAG] {
    let roll_overs = ((index >> 16) as u32).to_be_bytes();
    buf[len..len + 4].copy_from_slice(&roll_overs);
    let full = hmac::sign(authentication, &buf[..len + 4]);
    let mut tag = [0_u8; SHA1_TAG];
    tag.copy_from_slice(&full.as_ref()[..SHA1_TAG]);
    tag
}

fn xor(into: &mut [u8], with: &[u8]) {
    into.iter_mut().zip(with).for_each(|(a, b)| *a ^= b);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    const RTP: &str = "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e20706172746573207472\
                       6573";
    const RTCP: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeef\
                        deadbeef";
    const SALT: [u8; 12] = *b"Quid pro quo";

    fn gcm_128() -> Cipher {
        Cipher::gcm(&(0..16).collect::<Vec<u8>>(), SALT).expect("key")
    }

    fn gcm_256() -> Cipher {
        Cipher::gcm(&(0..32).collect::<Vec<u8>>(), SALT).expect("key")
    }

    fn check_rtp(cipher: &Cipher, expected: &str) {
        let plain = hex(RTP);
        let mut buf = plain.clone();
        buf.resize(plain.len() + GCM_TAG, 0);
        let len = cipher.seal_rtp(&mut buf, 12, plain.len(), 0x5501_a0b2, 0xf17b).expect("seals");
        assert_eq!(buf[..len], hex(expected));
        let opened = cipher.open_rtp(&mut buf, 12, 0x5501_a0b2, 0xf17b).expect("opens");
        assert_eq!(buf[..opened], plain);
    }

    fn check_rtcp(cipher: &Cipher, expected: &str) {
        let plain = hex(RTCP);
        let mut buf = plain.clone();
        buf.resize(plain.len() + GCM_TAG + RTCP_INDEX, 0);
        let len = cipher.seal_rtcp(&mut buf, plain.len(), 0x4d61_7273, 0x5d4).expect("seals");
        assert_eq!(buf[..len], hex(expected));
        assert_eq!(cipher.rtcp_index(&buf), Some(0x5d4));
        let opened = cipher.open_rtcp(&mut buf, 0x4d61_7273).expect("opens");
        assert_eq!(buf[..opened], plain);
    }

    #[test]
    fn rfc_7714_section_16_1_aead_aes_128_gcm() {
        check_rtp(
            &gcm_128(),
            "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833\
             899d7f27beb16a9152cf765ee4390cce",
        );
    }

    #[test]
    fn rfc_7714_section_16_2_aead_aes_256_gcm() {
        check_rtp(
            &gcm_256(),
            "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b\
             7aa3db36dfffd6b0f9bb7878d7a76c13",
        );
    }

    #[test]
    fn rfc_7714_section_17_1_srtcp_aead_aes_128_gcm() {
        check_rtcp(
            &gcm_128(),
            "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9\
             275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
        );
    }

    #[test]
    fn rfc_7714_section_17_3_srtcp_aead_aes_256_gcm() {
        check_rtcp(
            &gcm_256(),
            "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b\
             6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
        );
    }

    #[test]
    fn rfc_3711_appendix_b2_key_stream_of_aes_cm() {
        let key = hex("2B7E151628AED2A6ABF7158809CF4F3C");
        let salt: [u8; 14] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().expect("14 bytes");
        let Some(Cipher::CmSha1 { key, salt, .. }) = Cipher::cm_sha1(&key, &[0; 20], salt) else {
            panic!("an AES-CM cipher")
        };
        let mut stream = [0_u8; 48];
        cm(&key, cm_counter(&salt, 0, 0), &mut stream).expect("key stream");
        assert_eq!(
            stream.as_slice(),
            hex(
                "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB41E95B3BB0A2E8DD477901E4FCA894C0"
            )
        );
    }

    /// A packet captured between two other implementations (AES_CM_128_HMAC_SHA1_80, SRTCP index 1).
    #[test]
    fn an_srtcp_packet_of_another_implementation_opens() {
        let material = hex(
            "2CB02346B42276A672CFD143AEC2D5EEDDDE55F0AD7BCAC22666F1C6386173ED6EB25CB7D26A61A1EE2C210ADAE760AAA2FD\
             67B672C41AED105F9D36",
        );
        let mut srtp = super::super::Srtp::new(super::super::SrtpProfile::AesCm128HmacSha1, &material, false)
            .expect("keys");
        let mut packet = hex(
            "80C800063CD7CC13B7C831DCB776CD8DC26FDA1D9BFC8EE6589A1A8A49289CAEB264200C37D2D0A4AFAC6385FFC60DEC7D06\
             D4873DD3A8CC80000001B7BB526521D1E73C0FC0",
        );
        let len = srtp.unprotect_rtcp(&mut packet).expect("opens");
        assert_eq!(
            packet[..len],
            hex(
                "80c800063cd7cc13e2ee35c8604e618c26f32734000000430000140781ca00063cd7cc130110386e46753268576672\
                 4d447247663 46f0000"
            )
        );
    }
}
