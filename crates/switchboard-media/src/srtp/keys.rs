//! From DTLS keying material to session keys: RFC 5764 §4.2 (layout), RFC 3711 §4.3 (derivation).

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

use super::SrtpProfile;
use super::cipher::Cipher;

/// The master keys of both directions.
pub(super) struct KeyStore<'a> {
    profile: SrtpProfile,
    client: Master<'a>,
    server: Master<'a>,
}

#[derive(Clone, Copy)]
struct Master<'a> {
    key: &'a [u8],
    salt: &'a [u8],
}

impl<'a> KeyStore<'a> {
    /// Client key, server key, client salt, server salt (RFC 5764 §4.2).
    pub(super) fn read(profile: SrtpProfile, material: &'a [u8]) -> Option<Self> {
        let material = material.get(..profile.material_len())?;
        let (keys, salts) = material.split_at(2 * profile.key_len());
        let (client_key, server_key) = keys.split_at(profile.key_len());
        let (client_salt, server_salt) = salts.split_at(profile.salt_len());
        Some(Self {
            profile,
            client: Master { key: client_key, salt: client_salt },
            server: Master { key: server_key, salt: server_salt },
        })
    }

    /// The ciphers for RTP and RTCP of what the DTLS client (or the server) sends.
    pub(super) fn ciphers(&self, of_client: bool) -> Option<(Cipher, Cipher)> {
        let master = if of_client { self.client } else { self.server };
        Some((self.cipher(master, 0)?, self.cipher(master, 3)?))
    }

    /// Labels: 0 key, 1 authentication, 2 salt; for RTCP three more (RFC 3711 §4.3.2).
    fn cipher(&self, master: Master<'_>, first_label: u8) -> Option<Cipher> {
        let mut key = [0_u8; 32];
        let key = &mut key[..self.profile.key_len()];
        derive(master, first_label, key)?;
        match self.profile {
            SrtpProfile::Aes256Gcm | SrtpProfile::Aes128Gcm => {
                let mut salt = [0_u8; 12];
                derive(master, first_label + 2, &mut salt)?;
                Cipher::gcm(key, salt)
            }
            SrtpProfile::AesCm128HmacSha1 => {
                let mut authentication = [0_u8; 20];
                derive(master, first_label + 1, &mut authentication)?;
                let mut salt = [0_u8; 14];
                derive(master, first_label + 2, &mut salt)?;
                Cipher::cm_sha1(key, &authentication, salt)
            }
        }
    }
}

/// The key stream of AES in counter mode over `(salt XOR label) · 2^16`.
fn derive(master: Master<'_>, label: u8, out: &mut [u8]) -> Option<()> {
    let mut counter = [0_u8; 16];
    counter.get_mut(..master.salt.len())?.copy_from_slice(master.salt);
    counter[7] ^= label;
    out.fill(0);
    let algorithm = if master.key.len() == 32 { &AES_256 } else { &AES_128 };
    let key = EncryptingKey::ctr(UnboundCipherKey::new(algorithm, master.key).ok()?).ok()?;
    key.less_safe_encrypt(out, EncryptionContext::Iv128(FixedLength::from(counter))).ok()?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn rfc_3711_appendix_b3() {
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let master = Master { key: &key, salt: &salt };
        let mut cipher_key = [0_u8; 16];
        derive(master, 0, &mut cipher_key).expect("key");
        assert_eq!(cipher_key.as_slice(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        let mut session_salt = [0_u8; 14];
        derive(master, 2, &mut session_salt).expect("salt");
        assert_eq!(session_salt.as_slice(), hex("30CBBC08863D8C85D49DB34A9AE1"));
        let mut authentication = [0_u8; 20];
        derive(master, 1, &mut authentication).expect("authentication");
        assert_eq!(authentication.as_slice(), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }
}
