//! A webhook reduced to one element: what the inbox keeps, and what its digest is made of.
//!
//! Values are copied as the text they arrived as. Reducing what is reduced already changes nothing, so a kept
//! body reads back as itself.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::meta::members::Members;

/// The lists of a value whose elements are told one by one.
pub(super) const LISTS: [&str; 3] = ["calls", "messages", "statuses"];

/// Where a change stands.
pub(super) struct Place<'a> {
    pub(super) envelope: &'a Members<'a>,
    pub(super) entry: &'a Members<'a>,
    pub(super) change: &'a Members<'a>,
    number_id: Option<String>,
}

impl<'a> Place<'a> {
    pub(super) fn new(envelope: &'a Members<'a>, entry: &'a Members<'a>, change: &'a Members<'a>) -> Self {
        let number_id = change.object("value").and_then(|value| number_id(&value));
        Self { envelope, entry, change, number_id }
    }

    /// Which of our numbers it is about; empty when it does not say.
    pub(super) fn number_id(&self) -> &str {
        self.number_id.as_deref().unwrap_or_default()
    }

    /// The body with this change only.
    pub(super) fn whole(&self) -> Reduced {
        self.write(None)
    }

    /// The body with this change only, and another value in it.
    pub(super) fn with(&self, value: &str) -> Reduced {
        self.write(Some(value))
    }

    fn write(&self, value: Option<&str>) -> Reduced {
        let change = object(self.change, |name, text| match (name, value) {
            ("value", Some(value)) => Some(value.to_owned()),
            _ => Some(text.to_owned()),
        });
        let mut reduced = with_change(self.envelope, self.entry, &change);
        reduced.provider_number_id.clone_from(&self.number_id);
        reduced
    }
}

/// A body that says one thing.
pub(super) struct Reduced {
    pub(super) raw: String,
    pub(super) provider_number_id: Option<String>,
    /// The entry with its one change, or the whole text where there is none.
    digested: String,
}

impl Reduced {
    pub(super) fn whole(text: &str) -> Self {
        Self { raw: text.to_owned(), provider_number_id: None, digested: text.to_owned() }
    }

    /// The key of what has no id of its own. The entry's id and time are part of it: the same warning sent again
    /// months later reads the same and is a new one, while a repeated delivery repeats the time as well.
    pub(super) fn digest_key(&self) -> String {
        format!("meta:sha256:{}", hex::encode(Sha256::digest(self.digested.as_bytes())))
    }
}

pub(super) fn with_entry(envelope: &Members<'_>, entry: &str) -> Reduced {
    let raw = object(envelope, |name, text| {
        Some(if name == "entry" { format!("[{entry}]") } else { text.to_owned() })
    });
    Reduced { raw, provider_number_id: None, digested: entry.to_owned() }
}

pub(super) fn with_change(envelope: &Members<'_>, entry: &Members<'_>, change: &str) -> Reduced {
    let entry = object(entry, |name, text| {
        Some(if name == "changes" { format!("[{change}]") } else { text.to_owned() })
    });
    with_entry(envelope, &entry)
}

/// A value with one of its lists replaced, the other lists gone, and of its contacts only the one given.
pub(super) fn value_with_list(value: &Members<'_>, list: &str, text: &str, contact: Option<&str>) -> String {
    object(value, |name, original| match name {
        "contacts" => contact.map(|contact| format!("[{contact}]")),
        _ if name == list => Some(text.to_owned()),
        _ if LISTS.contains(&name) => None,
        _ => Some(original.to_owned()),
    })
}

/// The people a value names, found by number or user id. Read once per value: a batch names a thousand.
pub(super) struct Contacts<'a> {
    by_id: HashMap<String, &'a str>,
    only: Option<&'a str>,
}

impl<'a> Contacts<'a> {
    pub(super) fn of(value: &Members<'a>) -> Self {
        let texts = value.list("contacts").unwrap_or_default();
        let mut by_id = HashMap::new();
        for text in &texts {
            let Some(contact) = Members::of(text) else { continue };
            for id in ["wa_id", "user_id"].into_iter().filter_map(|name| contact.text(name)) {
                by_id.entry(id).or_insert(*text);
            }
        }
        let only = match texts.as_slice() {
            [only] if Members::of(only).is_some() => Some(*only),
            _ => None,
        };
        Self { by_id, only }
    }

    /// The contact an element is about: the one with its number or user id, else the only one there is.
    pub(super) fn of_element(&self, element: &Members<'_>) -> Option<&'a str> {
        ["from", "to", "recipient_id", "from_user_id", "to_user_id", "recipient_user_id"]
            .into_iter()
            .find_map(|name| self.by_id.get(&element.text(name)?).copied())
            .or(self.only)
    }
}

/// Which of our numbers a value is about.
fn number_id(value: &Members<'_>) -> Option<String> {
    value
        .object("metadata")
        .and_then(|metadata| metadata.id("phone_number_id"))
        .or_else(|| value.object("phone_number_settings").and_then(|settings| settings.id("phone_number_id")))
}

/// Writes an object again, each member as `text_of` wants it; None leaves it out.
fn object(members: &Members<'_>, text_of: impl Fn(&str, &str) -> Option<String>) -> String {
    let mut out = String::from("{");
    for (name, original) in members.iter() {
        let Some(text) = text_of(name, original) else { continue };
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&serde_json::Value::from(name).to_string());
        out.push(':');
        out.push_str(&text);
    }
    out.push('}');
    out
}
