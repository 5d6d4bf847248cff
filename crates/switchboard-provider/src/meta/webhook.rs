//! A webhook body becomes a list of things Meta told us, one per call, status, message or account notice.
//!
//! Nothing Meta may send is an error here: what we cannot read becomes `Unknown` and is kept. Only a body that
//! is no JSON, or that no Meta would send (size, depth, number of updates), is refused, before anything is stored.

mod account;
mod calls;
mod messages;
mod one;
mod permissions;

#[cfg(test)]
mod any_input;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod odd_shapes;

use switchboard_core::time::Timestamp;

use crate::event::{Incoming, ProviderEvent, Unknown};
use crate::meta::members::{Members, elements};

use self::one::{Place, Reduced};

/// Meta sends up to 3 MB at once (Webhooks > Getting started, 2025).
pub const MAX_BODY_BYTES: usize = 3 * 1024 * 1024;
/// Meta's own bodies nest around 12 deep.
pub const MAX_DEPTH: usize = 64;
/// Meta batches up to 1,000 updates (Webhooks > Getting started, 2025); ten times that is not Meta.
pub const MAX_UPDATES: usize = 10_000;
/// What one body may grow to when every update gets its own copy of what surrounds it.
pub const MAX_KEPT_BYTES: usize = 8 * MAX_BODY_BYTES;

/// Why a whole body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookRefusal {
    /// Over [`MAX_BODY_BYTES`].
    #[error("the webhook body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// No JSON at all, or not UTF-8.
    #[error("the webhook body is not JSON")]
    NotJson,
    /// Over [`MAX_DEPTH`].
    #[error("the webhook body nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Over [`MAX_UPDATES`] or [`MAX_KEPT_BYTES`].
    #[error("the webhook body holds more than {MAX_UPDATES} updates or {MAX_KEPT_BYTES} bytes of them")]
    TooMany,
}

/// Why a row of the inbox cannot be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReparseRefusal {
    /// It is no webhook body of ours.
    #[error("the kept webhook cannot be read")]
    Refused(#[from] WebhookRefusal),
    /// It says several things or none; ours say one.
    #[error("the kept webhook holds {0} updates instead of one")]
    NotOne(usize),
}

/// Reads a body whose signature has been verified.
pub fn parse(raw: &[u8]) -> Result<Vec<Incoming>, WebhookRefusal> {
    if raw.len() > MAX_BODY_BYTES {
        return Err(WebhookRefusal::TooLarge);
    }
    let text = std::str::from_utf8(raw).map_err(|_| WebhookRefusal::NotJson)?.trim();
    if depth(text) > MAX_DEPTH {
        return Err(WebhookRefusal::TooDeep);
    }
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|_| WebhookRefusal::NotJson)?;
    let mut found = Found::default();
    match elements(text) {
        // Two samples of Meta's wrap the whole body in an array of one.
        Some(bodies) if bodies.is_empty() => found.keep_whole(text, "an empty array")?,
        Some(bodies) => {
            for body in bodies {
                match Members::of(body) {
                    Some(envelope) => found.envelope(&envelope, body)?,
                    None => found.keep_whole(&format!("[{body}]"), "an array of something else")?,
                }
            }
        }
        None => match Members::of(text) {
            Some(envelope) => found.envelope(&envelope, text)?,
            None => found.keep_whole(text, "not an object")?,
        },
    }
    Ok(found.incoming)
}

/// Reads back what [`Incoming::raw`] kept: the same [`Incoming`], with the words this version knows.
pub fn reparse(raw: &str) -> Result<Incoming, ReparseRefusal> {
    let mut incoming = parse(raw.as_bytes())?;
    match (incoming.pop(), incoming.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(ReparseRefusal::NotOne(0)),
        (Some(_), others) => Err(ReparseRefusal::NotOne(others + 1)),
    }
}

/// What an element says, and the key it is known by; no key means the digest of its text.
type Reading = Result<(ProviderEvent, String), Unreadable>;

/// Why an element stays unknown. Says nothing personal.
struct Unreadable(String);

impl From<&str> for Unreadable {
    fn from(what: &str) -> Self {
        Self(what.to_owned())
    }
}

#[derive(Default)]
struct Found {
    incoming: Vec<Incoming>,
    kept_bytes: usize,
}

impl Found {
    fn envelope(&mut self, envelope: &Members<'_>, text: &str) -> Result<(), WebhookRefusal> {
        let Some(entries) = envelope.list("entry").filter(|entries| !entries.is_empty()) else {
            return self.keep_whole(text, "without entries");
        };
        for entry_text in entries {
            let Some(entry) = Members::of(entry_text) else {
                self.keep_unknown(one::with_entry(envelope, entry_text), "", "an entry that is no object")?;
                continue;
            };
            let Some(changes) = entry.list("changes").filter(|changes| !changes.is_empty()) else {
                self.keep_unknown(one::with_entry(envelope, entry_text), "", "an entry without changes")?;
                continue;
            };
            for change_text in changes {
                match Members::of(change_text) {
                    Some(change) => self.change(&Place::new(envelope, &entry, &change))?,
                    None => {
                        let reduced = one::with_change(envelope, &entry, change_text);
                        self.keep_unknown(reduced, "", "a change that is no object")?;
                    }
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, place: &Place<'_>) -> Result<(), WebhookRefusal> {
        let field = place.change.text("field").unwrap_or_default();
        let object = place.envelope.text("object");
        if object.as_deref().is_some_and(|object| object != "whatsapp_business_account") {
            return self.keep_unknown(place.whole(), &field, "another product of Meta's");
        }
        let Some(value) = place.change.object("value") else {
            return self.keep_unknown(place.whole(), &field, "a change without a value");
        };
        match field.as_str() {
            // Older payloads carry calls under `messages`: the list an element stands in decides, not the field.
            "calls" | "messages" => self.lists(place, &field, &value),
            "account_settings_update" => self.keep(place.whole(), &field, account::settings(&value)),
            "account_update" => {
                self.keep(place.whole(), &field, account::update(&value, place.entry.moment("time")))
            }
            "phone_number_quality_update" => self.keep(place.whole(), &field, account::quality(&value)),
            _ => self.keep_unknown(place.whole(), &field, "a field we do not read"),
        }
    }

    fn lists(&mut self, place: &Place<'_>, field: &str, value: &Members<'_>) -> Result<(), WebhookRefusal> {
        let contacts = one::Contacts::of(value);
        let mut elements_seen = 0;
        for list in one::LISTS {
            let Some(list_text) = value.raw(list) else { continue };
            let Some(list_elements) = elements(list_text) else {
                elements_seen += 1;
                let reduced = place.with(&one::value_with_list(value, list, list_text, None));
                self.keep_unknown(reduced, field, &format!("{list} that are no array"))?;
                continue;
            };
            for element_text in list_elements {
                elements_seen += 1;
                let element = Members::of(element_text);
                let contact = element.as_ref().and_then(|element| contacts.of_element(element));
                let only = format!("[{element_text}]");
                let reduced = place.with(&one::value_with_list(value, list, &only, contact));
                let Some(element) = element else {
                    self.keep_unknown(reduced, field, &format!("{list} with something that is no object"))?;
                    continue;
                };
                let about = About {
                    number_id: place.number_id(),
                    value,
                    contact: contact.and_then(Members::of),
                    sent_at: place.entry.moment("time"),
                };
                let reading = match list {
                    "calls" => calls::call(&element, &about),
                    "statuses" if calls::is_call_status(&element, field) => calls::status(&element, &about),
                    "statuses" => messages::status(&element),
                    _ => messages::message(&element, &about),
                };
                self.keep(reduced, field, reading)?;
            }
        }
        if elements_seen == 0 {
            self.keep_unknown(place.whole(), field, "without calls, messages or statuses")?;
        }
        Ok(())
    }

    fn keep_whole(&mut self, text: &str, what: &str) -> Result<(), WebhookRefusal> {
        self.keep_unknown(Reduced::whole(text), "", what)
    }

    fn keep_unknown(&mut self, reduced: Reduced, field: &str, what: &str) -> Result<(), WebhookRefusal> {
        self.keep(reduced, field, Err(what.into()))
    }

    fn keep(&mut self, reduced: Reduced, field: &str, reading: Reading) -> Result<(), WebhookRefusal> {
        self.kept_bytes = self.kept_bytes.saturating_add(reduced.raw.len());
        if self.incoming.len() >= MAX_UPDATES || self.kept_bytes > MAX_KEPT_BYTES {
            return Err(WebhookRefusal::TooMany);
        }
        let (event, key) = match reading {
            Ok((event, key)) => (event, Some(key)),
            Err(Unreadable(what)) => {
                (ProviderEvent::Unknown(Unknown { field: plain(field), what: plain(&what) }), None)
            }
        };
        self.incoming.push(Incoming {
            dedupe_key: key.filter(|key| !key.is_empty()).unwrap_or_else(|| reduced.digest_key()),
            provider_number_id: reduced.provider_number_id,
            raw: reduced.raw,
            event,
        });
        Ok(())
    }
}

/// What an element of a list may need from around it.
struct About<'a> {
    number_id: &'a str,
    value: &'a Members<'a>,
    contact: Option<Members<'a>>,
    sent_at: Option<Timestamp>,
}

impl About<'_> {
    fn profile(&self, member: &str) -> Option<String> {
        self.contact.as_ref()?.object("profile")?.text(member)
    }

    fn contact_text(&self, member: &str) -> Option<String> {
        self.contact.as_ref()?.text(member)
    }
}

/// A foreign word made safe for counters and logs: short, and letters, digits, `_`, `.`, `-` and blanks only.
fn plain(word: &str) -> String {
    const MAX_WORD: usize = 64;
    word.chars()
        .take(MAX_WORD)
        .map(|c| if c.is_ascii_alphanumeric() || "_.,'- ".contains(c) { c } else { '?' })
        .collect()
}

/// How deep brackets nest, counted without recursion and without reading any value.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
