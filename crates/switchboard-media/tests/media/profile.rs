//! Makes str0m's side use a given SRTP profile. Its DTLS always agrees with ours on AES-256-GCM, but the exporter's
//! shorter output is a prefix of the longer one, so both ends may take less of it for another profile.

use std::sync::Arc;
use std::time::Instant;

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion, KeyingMaterial};
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile as TheirProfile,
};
use switchboard_media::SrtpProfile;

#[derive(Debug)]
struct Forced(SrtpProfile);

#[derive(Debug)]
struct Tee {
    inner: Box<dyn DtlsInstance>,
    profile: SrtpProfile,
}

static GCM_256: Forced = Forced(SrtpProfile::Aes256Gcm);
static GCM_128: Forced = Forced(SrtpProfile::Aes128Gcm);
static CM_SHA1: Forced = Forced(SrtpProfile::AesCm128HmacSha1);

/// A provider whose SRTP is this profile.
pub(crate) fn forced(profile: SrtpProfile) -> Arc<CryptoProvider> {
    let forced: &'static Forced = match profile {
        SrtpProfile::Aes256Gcm => &GCM_256,
        SrtpProfile::Aes128Gcm => &GCM_128,
        SrtpProfile::AesCm128HmacSha1 => &CM_SHA1,
    };
    Arc::new(CryptoProvider { dtls_provider: forced, ..str0m::crypto::from_feature_flags() })
}

impl DtlsProvider for Forced {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        str0m::crypto::from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let inner = str0m::crypto::from_feature_flags().dtls_provider.new_dtls(cert, now, version, mtu)?;
        Ok(Box::new(Tee { inner, profile: self.0 }))
    }
}

impl DtlsInstance for Tee {
    fn set_active(&mut self, active: bool) {
        self.inner.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.inner.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let output = self.inner.poll_output(buf);
        let DtlsOutput::KeyingMaterial(material, _) = &output else { return output };
        let theirs = match self.profile {
            SrtpProfile::Aes256Gcm => TheirProfile::AEAD_AES_256_GCM,
            SrtpProfile::Aes128Gcm => TheirProfile::AEAD_AES_128_GCM,
            SrtpProfile::AesCm128HmacSha1 => TheirProfile::AES128_CM_SHA1_80,
        };
        DtlsOutput::KeyingMaterial(KeyingMaterial::new(&material[..self.profile.material_len()]), theirs)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.inner.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.inner.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.inner.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.inner.protocol_version()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.inner.close()
    }
}
