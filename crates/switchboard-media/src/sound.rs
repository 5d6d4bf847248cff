//! A sound that somebody brought: made once into what Meta takes, then sent as it is.

mod convert;

use std::sync::Arc;

use crate::playback::{self, Frames};

pub use convert::{ConvertedSound, LONGEST_SOUND, SoundRefusal, convert_sound};

/// 20 ms mono Opus frames. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Sound(pub(crate) Frames);

impl Sound {
    /// Reads an Ogg Opus file as we keep it.
    ///
    /// # Errors
    /// A text for the operator when it is not 20 ms mono Opus.
    pub fn from_ogg(file: &[u8]) -> Result<Self, String> {
        playback::read_ogg_opus(file).map(Self)
    }

    pub(crate) fn frames(&self) -> Frames {
        Arc::clone(&self.0)
    }
}

impl std::fmt::Debug for Sound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sound({} frames)", self.0.len())
    }
}
