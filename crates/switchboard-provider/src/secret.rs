//! The three secrets of a Meta app. Each is wiped from memory when dropped and never shows in `Debug`.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            pub(crate) fn expose(&self) -> &str {
                self.0.expose_secret()
            }

            /// Is there nothing in it? An empty secret vouches for nothing.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.expose().is_empty()
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(SecretString::from(text))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(SecretString::from(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret!(/// What we show to the Graph API. Sent to the Graph host only.
    AccessToken);
secret!(/// What Meta signs webhook bodies with.
    AppSecret);
secret!(/// What Meta repeats to us when a webhook URL is saved.
    VerifyToken);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows() {
        assert_eq!(format!("{:?}", AccessToken::from("EAAtoken")), "AccessToken(…)");
        assert_eq!(format!("{:?}", AppSecret::from("s3cret".to_owned())), "AppSecret(…)");
        assert_eq!(format!("{:?}", VerifyToken::from("word")), "VerifyToken(…)");
    }
}
