//! The languages we speak to customers in.

use crate::call::state::words;

words! {
    /// A language of notices, announcements and of the console.
    Language {
        /// English.
        English = "en",
        /// Spanish.
        Spanish = "es",
        /// Portuguese as in Brazil.
        Portuguese = "pt-BR",
    }
}
