//! What a number has agreed with its provider about sound. The provider's own settings decide what it offers; these
//! say what we take, and name the setting when the two differ.

use crate::call::state::words;

words! {
    /// How the keys of a customer's audio are agreed (Meta: `srtp_key_exchange_protocol`).
    SrtpKeyExchange {
        /// By a DTLS handshake after ICE.
        Dtls = "dtls",
        /// In the SDP itself; no ICE, no handshake.
        Sdes = "sdes",
    }
}

words! {
    /// A codec beside Opus (Meta: `audio.additional_codecs`).
    AdditionalCodec {
        /// G.711 µ-law.
        Pcmu = "pcmu",
        /// G.711 A-law.
        Pcma = "pcma",
    }
}

/// Which codecs beside Opus a number takes. Opus is always taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AdditionalCodecs {
    /// G.711 µ-law.
    pub pcmu: bool,
    /// G.711 A-law.
    pub pcma: bool,
}

impl AdditionalCodecs {
    /// No codec but Opus.
    pub const NONE: Self = Self { pcmu: false, pcma: false };

    /// Is this one among them?
    #[must_use]
    pub const fn has(self, codec: AdditionalCodec) -> bool {
        match codec {
            AdditionalCodec::Pcmu => self.pcmu,
            AdditionalCodec::Pcma => self.pcma,
        }
    }

    /// These and this one.
    #[must_use]
    pub const fn with(mut self, codec: AdditionalCodec) -> Self {
        match codec {
            AdditionalCodec::Pcmu => self.pcmu = true,
            AdditionalCodec::Pcma => self.pcma = true,
        }
        self
    }

    /// Each of them, in the order of [`AdditionalCodec::ALL`].
    pub fn iter(self) -> impl Iterator<Item = AdditionalCodec> {
        AdditionalCodec::ALL.iter().copied().filter(move |codec| self.has(*codec))
    }

    /// Their words, comma-separated: the form of the database and of the environment.
    #[must_use]
    pub fn to_words(self) -> String {
        self.iter().map(AdditionalCodec::as_str).collect::<Vec<_>>().join(",")
    }

    /// Reads such words back; none when one is unknown. Nothing at all is no codec, a word may come twice.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Self> {
        let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(AdditionalCodec::from_word).try_fold(Self::NONE, |all, one| Some(all.with(one?)))
    }
}

/// What a number takes of what its provider may offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTerms {
    /// How keys are agreed.
    pub key_exchange: SrtpKeyExchange,
    /// Codecs beside Opus.
    pub additional_codecs: AdditionalCodecs,
}

impl Default for MediaTerms {
    fn default() -> Self {
        Self { key_exchange: SrtpKeyExchange::Dtls, additional_codecs: AdditionalCodecs::NONE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_read_in_any_order_and_written_in_one() {
        let both = AdditionalCodecs { pcmu: true, pcma: true };
        assert_eq!(AdditionalCodecs::from_words("pcma, pcmu,pcma"), Some(both));
        assert_eq!(both.to_words(), "pcmu,pcma");
        assert_eq!(AdditionalCodecs::from_words(""), Some(AdditionalCodecs::NONE));
        assert_eq!(AdditionalCodecs::from_words("pcmu,isac"), None);
        for words in ["", "pcmu", "pcma", "pcmu,pcma"] {
            assert_eq!(AdditionalCodecs::from_words(words).expect("ours").to_words(), words);
        }
    }
}
