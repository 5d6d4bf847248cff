//! Where Meta's settings differ from ours.

use switchboard_core::media_terms::{AdditionalCodec, SrtpKeyExchange};
use switchboard_store::numbers::Number;

use super::said::MetaSettings;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The field, as the API names it.
    pub field: &'static str,
    /// Ours.
    pub ours: String,
    /// Meta's.
    pub meta: String,
}

/// All of them. What nobody has set here is as Meta has it; what Meta did not say is not compared.
pub(super) fn of(number: &Number, meta: &MetaSettings) -> Vec<Drift> {
    let mut drift = Vec::new();
    let mut compare = |field, ours: Option<String>, theirs: Option<String>| {
        if let (Some(ours), Some(meta)) = (ours, theirs)
            && ours != meta
        {
            drift.push(Drift { field, ours, meta });
        }
    };
    compare("calling", Some(switch(number.calling_enabled)), meta.enabled.map(switch));
    compare("icon", number.icon_shown.map(icon), meta.icon_shown().map(icon).or_else(|| meta.icon.clone()));
    compare(
        "countries",
        number.icon_countries.as_deref().map(listed),
        // A number without the setting has no restriction.
        Some(listed(meta.icon_countries.as_deref().unwrap_or_default())),
    );
    compare(
        "callback_permission",
        number.callback_permission.map(switch),
        meta.callback_permission.map(switch),
    );
    let codecs: Vec<_> =
        number.additional_codecs.iter().map(AdditionalCodec::as_str).map(str::to_owned).collect();
    compare(
        "codecs",
        Some(listed(&codecs)),
        Some(listed(meta.additional_codecs.as_deref().unwrap_or_default())),
    );
    let exchange =
        meta.key_exchange.as_deref().unwrap_or(SrtpKeyExchange::Dtls.as_str()).to_ascii_lowercase();
    compare("srtp", Some(number.srtp_key_exchange.as_str().to_owned()), Some(exchange));
    // Calls that go to a SIP server never come here.
    compare("sip", Some(switch(false)), meta.sip.map(switch));
    drift
}

fn switch(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}

fn icon(shown: bool) -> String {
    if shown { "show" } else { "hide" }.to_owned()
}

/// In an order of its own: a list is the same whoever wrote it down.
fn listed(words: &[String]) -> String {
    let mut words: Vec<_> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
    words.sort();
    words.dedup();
    words.join(", ")
}
