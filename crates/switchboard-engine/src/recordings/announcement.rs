//! A business brings its own words: made into what is sent, off the threads that carry calls.

use switchboard_core::language::Language;
use switchboard_media::{ConvertedSound, SoundRefusal};

use crate::Engine;

/// Uploads that are converted at once: each takes a core for some seconds.
const AT_ONCE: usize = 2;

/// Room for uploads.
#[derive(Debug)]
pub(crate) struct Uploads(tokio::sync::Semaphore);

impl Default for Uploads {
    fn default() -> Self {
        Self(tokio::sync::Semaphore::new(AT_ONCE))
    }
}

impl Engine {
    /// The words that tell a customer of a recording, as they are shipped: Ogg Opus.
    #[must_use]
    pub fn shipped_announcement(&self, language: Language) -> &'static [u8] {
        switchboard_media::shipped_announcement(language)
    }

    /// Makes a file (Ogg Opus or WAV) into what is played to customers.
    ///
    /// # Errors
    /// See [`SoundRefusal`].
    pub async fn convert_announcement(&self, file: bytes::Bytes) -> Result<ConvertedSound, SoundRefusal> {
        // Never closed, so there is always a turn to come.
        let _turn = self.recordings().uploads.0.acquire().await;
        let converted = tokio::task::spawn_blocking(move || switchboard_media::convert_sound(&file)).await;
        converted.unwrap_or(Err(SoundRefusal::NotAudio))
    }
}
