//! Lenient reading of JSON: each member on its own, so that one odd member never costs the others.
//!
//! Values stay the exact text they arrived as (`RawValue`): that is what the inbox keeps. Skipping a value
//! does not recurse and does not decode escapes, so neither depth nor a lone surrogate can hurt here.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;

/// The members of a JSON object, in the order they came.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads an object; None for anything else.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// The text of a member; `null` counts as absent, and of two members of one name the last wins.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().rfind(|(member, _)| member == name)?;
        Some(value.get()).filter(|text| *text != "null")
    }

    /// A non-empty string; a whole number counts as the string of its digits.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        if raw.starts_with('"') {
            serde_json::from_str::<String>(raw).ok().filter(|text| !text.is_empty())
        } else {
            serde_json::from_str::<i128>(raw).ok().map(|number| number.to_string())
        }
    }

    /// A string that is an id: not longer than any id we would keep as a key.
    pub(crate) fn id(&self, name: &str) -> Option<String> {
        self.text(name).filter(|id| id.len() <= MAX_ID_BYTES)
    }

    /// A word, in capitals or not, as lower case.
    pub(crate) fn word(&self, name: &str) -> Option<String> {
        self.text(name).map(|word| word.trim().to_ascii_lowercase())
    }

    pub(crate) fn phone(&self, name: &str) -> Option<PhoneNumber> {
        self.text(name)?.parse().ok()
    }

    /// A whole number, written as number or string.
    pub(crate) fn whole(&self, name: &str) -> Option<i64> {
        let raw = self.raw(name)?;
        if raw.starts_with('"') {
            serde_json::from_str::<String>(raw).ok()?.trim().parse().ok()
        } else if let Ok(whole) = serde_json::from_str::<i64>(raw) {
            Some(whole)
        } else {
            let number = serde_json::from_str::<f64>(raw).ok()?;
            // The range check makes the cast exact enough: no provider time is beyond 2^53.
            #[expect(clippy::cast_possible_truncation, reason = "checked on this line")]
            (number.abs() < 9e15).then(|| number.trunc() as i64)
        }
    }

    /// Seconds since 1970, written as number or string. Zero means "not set".
    pub(crate) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.whole(name).filter(|seconds| *seconds > 0).map(Timestamp::from_seconds)
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.word(name) {
            Some(word) => match word.as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            },
            None => serde_json::from_str(self.raw(name)?).ok(),
        }
    }

    /// `ENABLED` or `DISABLED`.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        match self.word(name)?.as_str() {
            "enabled" => Some(true),
            "disabled" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn object(&self, name: &str) -> Option<Self> {
        Self::of(self.raw(name)?)
    }

    /// The elements of an array, each as the text it came as.
    pub(crate) fn list(&self, name: &str) -> Option<Vec<&'a str>> {
        elements(self.raw(name)?)
    }

    /// The elements of an array that are objects; no array is an empty one.
    pub(crate) fn objects(&self, name: &str) -> Vec<Self> {
        self.list(name).unwrap_or_default().into_iter().filter_map(Self::of).collect()
    }

    /// The elements of an array that are strings; None where there is no array.
    pub(crate) fn list_of_texts(&self, name: &str) -> Option<Vec<String>> {
        self.list(name).map(|_| self.texts(name))
    }

    /// The elements of an array that are strings; no array is an empty one.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let elements = self.list(name).unwrap_or_default();
        elements.into_iter().filter_map(|element| serde_json::from_str(element).ok()).collect()
    }
}

/// Meta's ids are around 100 characters; a longer one is not an id, and would not fit an index.
pub(crate) const MAX_ID_BYTES: usize = 512;

/// The elements of an array; None for anything else.
pub(crate) fn elements(text: &str) -> Option<Vec<&str>> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    Some(elements.into_iter().map(RawValue::get).collect())
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_member_is_read_on_its_own() {
        let members = Members::of(
            r#"{"a":"1760000000","b":1760000000,"c":1.76e9,"d":"\ud800","e":null,"f":"","g":"Completed","h":"0"}"#,
        )
        .expect("an object");
        let moment = Some(Timestamp::from_seconds(1_760_000_000));
        assert_eq!((members.moment("a"), members.moment("b"), members.moment("c")), (moment, moment, moment));
        assert_eq!((members.text("d"), members.text("e"), members.text("f")), (None, None, None));
        assert_eq!(members.word("g").as_deref(), Some("completed"));
        assert_eq!(members.moment("h"), None);
        assert_eq!(members.text("b").as_deref(), Some("1760000000"));
    }

    #[test]
    fn of_two_members_of_one_name_the_last_wins() {
        assert_eq!(Members::of(r#"{"a":1,"a":2}"#).expect("an object").whole("a"), Some(2));
    }

    #[test]
    fn a_flag_is_read_as_bool_or_word() {
        let members = Members::of(r#"{"a":true,"b":"FALSE","c":3}"#).expect("an object");
        assert_eq!(
            (members.flag("a"), members.flag("b"), members.flag("c")),
            (Some(true), Some(false), None)
        );
    }

    #[test]
    fn what_is_not_an_object_is_none() {
        assert!(Members::of("[]").is_none());
        assert!(Members::of("{").is_none());
        assert!(elements("{}").is_none());
    }
}
