//! Notices about the account: settings, warnings, restrictions, limits (Meta, Configure call settings, 2026).

use switchboard_core::time::Timestamp;

use crate::event::{AccountSettings, AccountUpdate, PhoneNumberQuality, ProviderEvent};
use crate::meta::graph::settings as calling_settings;
use crate::meta::members::Members;
use crate::settings::Restriction;

use super::Reading;

/// No id of their own: the digest of their text is their key.
const NO_KEY: String = String::new();

pub(super) fn settings(value: &Members<'_>) -> Reading {
    let settings = value.object("phone_number_settings").ok_or("settings without a phone number")?;
    let calling = settings.object("calling").map(|calling| calling_settings::read(&calling));
    Ok((ProviderEvent::AccountSettings(AccountSettings { at: value.moment("timestamp"), calling }), NO_KEY))
}

pub(super) fn update(value: &Members<'_>, sent_at: Option<Timestamp>) -> Reading {
    let violation = value.object("violation_info");
    let of_violation = |member: &str| violation.as_ref()?.text(member);
    let event = ProviderEvent::AccountUpdate(AccountUpdate {
        phone_number: value.phone("phone_number"),
        at: sent_at,
        event: value.text("event").ok_or("an account update without an event")?,
        violation: of_violation("violation_type"),
        remediation: of_violation("remediation"),
        restrictions: value.objects("restriction_info").iter().filter_map(restriction).collect(),
    });
    Ok((event, NO_KEY))
}

pub(super) fn quality(value: &Members<'_>) -> Reading {
    let limit = || value.text("max_daily_conversations_per_business");
    let event = ProviderEvent::PhoneNumberQuality(PhoneNumberQuality {
        phone_number: value.phone("display_phone_number"),
        event: value.text("event").ok_or("a quality update without an event")?,
        old_limit: value.text("old_limit"),
        current_limit: value.text("current_limit").or_else(limit),
    });
    Ok((event, NO_KEY))
}

fn restriction(of: &Members<'_>) -> Option<Restriction> {
    Some(Restriction {
        kind: of.text("restriction_type")?,
        reason: of.text("remediation"),
        until: of.moment("expiration"),
    })
}
