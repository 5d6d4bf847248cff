//! How a number of the business stands with Meta: its settings, quality, restrictions, and how much it called.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::account::BusinessNumber;
use crate::calling_settings;
use crate::ids::PhoneNumber;
use crate::media::g711::Law;
use crate::permissions::{BookRules, DAY};
use crate::rules::{Limits, Refusal};

/// A restriction Meta put on a number (settings and account_update, 2026).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// `RESTRICTED_BUSINESS_INITIATED_CALLING` and others.
    #[serde(rename = "type")]
    pub kind: String,
    /// Why, as people read it.
    #[serde(default)]
    pub reason: String,
    /// Seconds since 1970; nothing: until the business does something about it.
    #[serde(default)]
    pub expiration: Option<i64>,
}

/// The calling quality text of the reference.
const REASON: &str = "Calling capability has been temporarily disabled for this phone number due to high negative \
                      feedback from users.";

/// What a test or a person sets about a number; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberChange {
    /// GREEN, YELLOW, RED, NA or UNKNOWN.
    pub quality_rating: Option<String>,
    /// `TIER_250` and others: below 2,000 calling cannot be switched on (138015).
    pub messaging_limit: Option<String>,
    /// No app is subscribed to `calls`: calling cannot be switched on (138018).
    pub calls_subscribed: Option<bool>,
    /// A test number: relaxed limits, and only recipients on the list (131030).
    pub test_number: Option<bool>,
    /// The list of a test number, as digits.
    pub allowed_recipients: Option<Vec<String>>,
    /// The country of the sender may have call buttons (131009 otherwise).
    pub call_buttons: Option<bool>,
    /// All restrictions, in place of those that were there.
    pub restrictions: Option<Vec<Restriction>>,
}

/// How a number stands.
#[derive(Debug, Clone)]
pub(crate) struct NumberStanding {
    pub(crate) quality_rating: String,
    pub(crate) messaging_limit: String,
    pub(crate) calls_subscribed: bool,
    pub(crate) test_number: bool,
    pub(crate) allowed_recipients: Vec<String>,
    pub(crate) call_buttons: bool,
    pub(crate) restrictions: Vec<Restriction>,
    /// The `calling` object: what was set.
    pub(crate) calling: Map<String, Value>,
    /// When the business dialled, within the last 24 hours.
    dialled: VecDeque<i64>,
}

impl Default for NumberStanding {
    fn default() -> Self {
        let mut calling = Map::new();
        // Off is Meta's default; a number of the simulator is there to be called.
        calling.insert("status".into(), json!("ENABLED"));
        calling.insert("call_icon_visibility".into(), json!("DEFAULT"));
        calling.insert("callback_permission_status".into(), json!("DISABLED"));
        Self {
            quality_rating: "GREEN".into(),
            messaging_limit: "TIER_2K".into(),
            calls_subscribed: true,
            test_number: false,
            allowed_recipients: Vec::new(),
            call_buttons: true,
            restrictions: Vec::new(),
            calling,
            dialled: VecDeque::new(),
        }
    }
}

impl NumberStanding {
    /// Takes over what was set.
    pub(crate) fn change(&mut self, change: NumberChange) {
        let NumberChange {
            quality_rating,
            messaging_limit,
            calls_subscribed,
            test_number,
            allowed_recipients,
            call_buttons,
            restrictions,
        } = change;
        self.quality_rating = quality_rating.unwrap_or_else(|| self.quality_rating.clone());
        self.messaging_limit = messaging_limit.unwrap_or_else(|| self.messaging_limit.clone());
        self.calls_subscribed = calls_subscribed.unwrap_or(self.calls_subscribed);
        self.test_number = test_number.unwrap_or(self.test_number);
        self.call_buttons = call_buttons.unwrap_or(self.call_buttons);
        if let Some(recipients) = allowed_recipients {
            let digits = recipients.iter().filter_map(|text| crate::account::digits(text));
            self.allowed_recipients = digits.collect();
        }
        if let Some(restrictions) = restrictions {
            self.restrictions = restrictions;
        }
    }

    /// The business changes its settings: true when Meta tells the change by a webhook.
    pub(crate) fn change_settings(
        &mut self,
        changes: &Map<String, Value>,
        now: i64,
    ) -> Result<bool, Refusal> {
        // The combined restriction of 2025 also closed the settings.
        let closed = "RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING";
        if self.restricted(now).any(|each| each.kind == closed) {
            return Err(Refusal::restricted());
        }
        let after = calling_settings::changed(&self.calling, changes, now)?;
        if changes.get("status").is_some_and(|status| status == "ENABLED") {
            let low = ["TIER_50", "TIER_250", "TIER_1K", "TIER_NOT_SET"];
            if low.contains(&self.messaging_limit.as_str()) && !self.test_number {
                return Err(Refusal::tier_too_low());
            }
            let sip = after.get("sip").is_some_and(|sip| sip["status"] == "ENABLED");
            if !self.calls_subscribed && !sip {
                return Err(Refusal::not_subscribed());
            }
        }
        if changes.get("call_icon_visibility").is_some_and(|icon| icon == "DEFAULT") {
            // Switching the button on again is what this one waits for.
            let hidden = "RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN";
            self.restrictions.retain(|each| each.kind != hidden);
        }
        let told = calling_settings::is_told(&self.calling, &after);
        self.calling = after;
        Ok(told)
    }

    pub(crate) fn calling_is_on(&self) -> bool {
        self.word("status") != Some("DISABLED")
    }

    pub(crate) fn callback_permission(&self) -> bool {
        self.word("callback_permission_status") == Some("ENABLED")
    }

    pub(crate) fn is_sdes(&self) -> bool {
        self.word("srtp_key_exchange_protocol") == Some("SDES")
    }

    pub(crate) fn is_sip(&self) -> bool {
        self.calling.get("sip").and_then(|sip| sip["status"].as_str()) == Some("ENABLED")
    }

    /// G.711 that is switched on.
    pub(crate) fn laws(&self) -> Vec<Law> {
        let codecs = self.calling.get("audio").and_then(|audio| audio["additional_codecs"].as_array());
        let named = |name: &Value| match name.as_str() {
            Some("PCMA") => Some(Law::Pcma),
            Some("PCMU") => Some(Law::Pcmu),
            Some(_) | None => None,
        };
        codecs.map(|codecs| codecs.iter().filter_map(named).collect()).unwrap_or_default()
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.calling.get(name).and_then(Value::as_str)
    }

    /// The limits of this number's pairs.
    pub(crate) fn rules(&self, limits: &Limits) -> BookRules {
        if self.test_number { BookRules::sandbox() } else { limits.permissions }
    }

    /// Restrictions that hold at this moment.
    pub(crate) fn restricted(&self, now: i64) -> impl Iterator<Item = &Restriction> {
        self.restrictions.iter().filter(move |each| each.expiration.is_none_or(|until| until > now))
    }

    /// The `calling` object as GET gives it.
    pub(crate) fn calling(&self, now: i64) -> Value {
        let mut calling = self.calling.clone();
        let list: Vec<Value> = self
            .restricted(now)
            .map(|each| {
                let reason = if each.reason.is_empty() { REASON } else { &each.reason };
                let mut entry = json!({ "type": each.kind, "reason": reason });
                if let Some(until) = each.expiration {
                    entry["expiration"] = json!(until);
                }
                entry
            })
            .collect();
        if !list.is_empty() {
            calling.insert("restrictions".into(), json!({ "restrictions_list": list }));
        }
        Value::Object(calling)
    }

    /// May this number call at all, and ask for permission? Judged by the country of the business's own number
    /// (Jun 2026) and by restrictions.
    pub(crate) fn may_use_business_calling(
        &self,
        number: &BusinessNumber,
        limits: &Limits,
        now: i64,
    ) -> Result<(), Refusal> {
        let country = number.display_phone.parse::<PhoneNumber>().ok().and_then(|phone| phone.country());
        let excluded = country.is_some_and(|country| limits.countries_without.contains(&country.as_str()));
        if excluded {
            return Err(Refusal::country());
        }
        let no_calls =
            ["RESTRICTED_BUSINESS_INITIATED_CALLING", "RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING"];
        match self.restricted(now).find(|each| no_calls.contains(&each.kind.as_str())) {
            Some(_) => Err(Refusal::restricted()),
            None => Ok(()),
        }
    }

    /// May customers call it?
    pub(crate) fn is_open_to_customers(&self, now: i64) -> bool {
        let closed =
            ["RESTRICTED_USER_INITIATED_CALLING", "RESTRICTED_BIZ_INITIATED_AND_USER_INITIATED_CALLING"];
        self.calling_is_on() && !self.restricted(now).any(|each| closed.contains(&each.kind.as_str()))
    }

    /// Is this customer among those a test number may write to?
    pub(crate) fn may_reach(&self, phone: Option<&str>) -> Result<(), Refusal> {
        let listed = phone.is_some_and(|phone| self.allowed_recipients.iter().any(|each| each == phone));
        if self.test_number && !listed { Err(Refusal::not_on_the_list()) } else { Ok(()) }
    }

    /// Counts a new call of the business; 138005 when there were too many in 24 hours.
    pub(crate) fn dials(&mut self, limits: &Limits, now: i64) -> Result<(), Refusal> {
        while self.dialled.front().is_some_and(|at| at + DAY <= now) {
            self.dialled.pop_front();
        }
        if self.dialled.len() >= limits.new_calls_per_day {
            return Err(Refusal::too_many_new_calls());
        }
        self.dialled.push_back(now);
        Ok(())
    }
}
