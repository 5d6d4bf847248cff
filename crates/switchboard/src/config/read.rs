//! Where a setting comes from: the environment, a file of its own (`…_FILE`), or the configuration file.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::str::FromStr;

use ipnet::IpNet;
use secrecy::SecretString;

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// It is needed and not there.
    #[error("{name} is not set: {why}")]
    Missing {
        /// The variable.
        name: &'static str,
        /// Why it is needed.
        why: &'static str,
    },
    /// It is there and makes no sense.
    #[error("{name} is not understood: it must be {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What would be.
        expected: &'static str,
    },
    /// The file named by `…_FILE` cannot be read.
    #[error("the file named by {name}_FILE cannot be read: {why}")]
    SecretFile {
        /// The variable without `_FILE`.
        name: &'static str,
        /// What the system says.
        why: String,
    },
    /// The configuration file cannot be read.
    #[error("the configuration file {path} cannot be read: {why}")]
    File {
        /// Which.
        path: String,
        /// What is wrong.
        why: String,
    },
}

impl ConfigError {
    pub(super) const fn missing(name: &'static str, why: &'static str) -> Self {
        Self::Missing { name, why }
    }

    pub(crate) const fn malformed(name: &'static str, expected: &'static str) -> Self {
        Self::Malformed { name, expected }
    }
}

/// All settings as texts, by the name of their variable.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// From this process's environment, with `file` below it (keys are the variables' names in lower case, with or
    /// without `switchboard_`).
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn from_environment(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut settings = match file {
            Some(path) => Self::from_file(path)?,
            None => Self::default(),
        };
        // A value that is no text cannot be any of ours.
        for (name, value) in std::env::vars_os() {
            if let (Some(name), Some(value)) = (name.to_str(), value.to_str()) {
                settings.0.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(settings)
    }

    /// From pairs, for the demo and for tests.
    #[must_use]
    pub fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// One more setting, over what is there.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A setting for when nobody said anything.
    pub fn set_default(&mut self, name: &str, value: impl Into<String>) {
        if self.text(name).is_none() && self.text(&format!("{name}_FILE")).is_none() {
            self.set(name, value);
        }
    }

    fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let wrong = |why: String| ConfigError::File { path: path.display().to_string(), why };
        let file = config::Config::builder()
            .add_source(config::File::from(path))
            .build()
            .and_then(config::Config::try_deserialize::<BTreeMap<String, config::Value>>)
            .map_err(|error| wrong(error.to_string()))?;
        let mut settings = Self::default();
        for (key, value) in file {
            let value = value.into_string().map_err(|error| wrong(format!("{key}: {error}")))?;
            let name = key.to_uppercase();
            settings
                .0
                .insert(format!("SWITCHBOARD_{}", name.trim_start_matches("SWITCHBOARD_")), value.clone());
            settings.0.insert(name, value);
        }
        Ok(settings)
    }

    /// A plain text; empty counts as not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A secret, from its variable or from the file that `…_FILE` names.
    pub(super) fn secret(&self, name: &'static str) -> Result<Option<SecretString>, ConfigError> {
        if let Some(value) = self.text(name) {
            return Ok(Some(SecretString::from(value)));
        }
        let Some(path) = self.text(&format!("{name}_FILE")) else { return Ok(None) };
        match std::fs::read_to_string(path) {
            Ok(value) => Ok(Some(SecretString::from(value.trim().to_owned()))),
            Err(error) => Err(ConfigError::SecretFile { name, why: error.to_string() }),
        }
    }

    pub(super) fn parsed<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        match self.text(name) {
            None => Ok(None),
            Some(value) => value.parse().map(Some).map_err(|_| ConfigError::malformed(name, expected)),
        }
    }

    pub(super) fn list<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Vec<T>, ConfigError> {
        let text = self.text(name).unwrap_or_default();
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().map_err(|_| ConfigError::malformed(name, expected)))
            .collect()
    }

    /// Networks; an address alone is a network of one.
    pub(super) fn networks(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Vec<IpNet>, ConfigError> {
        let parts: Vec<String> = self.list(name, expected)?;
        let read = |part: &String| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
        parts.iter().map(|part| read(part).map_err(|_| ConfigError::malformed(name, expected))).collect()
    }

    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        match self.text(name).map(|value| value.to_lowercase()).as_deref() {
            None => Ok(None),
            Some("true" | "1" | "yes" | "on") => Ok(Some(true)),
            Some("false" | "0" | "no" | "off") => Ok(Some(false)),
            Some(_) => Err(ConfigError::malformed(name, "true or false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        std::fs::write(&path, "EAAG\n").expect("written");
        let settings = Settings::from_pairs(&[("META_ACCESS_TOKEN_FILE", path.to_str().expect("a path"))]);
        let secret = settings.secret("META_ACCESS_TOKEN").expect("readable").expect("there");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&secret), "EAAG");
    }

    #[test]
    fn a_secret_file_that_is_not_there_is_named() {
        let settings = Settings::from_pairs(&[("META_APP_SECRET_FILE", "/nowhere/secret")]);
        let error = settings.secret("META_APP_SECRET").expect_err("no file");
        assert!(error.to_string().contains("META_APP_SECRET_FILE"));
    }

    #[test]
    fn a_file_is_read_below_the_environment() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("switchboard.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:9000\"\nphone_number_id = \"1\"\n").expect("written");
        let settings = Settings::from_file(&path).expect("readable");
        assert_eq!(settings.text("SWITCHBOARD_LISTEN").as_deref(), Some("127.0.0.1:9000"));
        assert_eq!(settings.text("PHONE_NUMBER_ID").as_deref(), Some("1"));
    }
}
