//! What Meta says of a number, as it is kept and shown. What Meta does not say is none.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchboard_core::hours::{
    Date, HoursRefusal, HoursRefusalWhy, MetaDay, MetaHoliday, MetaHours, MetaRange,
};
use switchboard_core::safeguard::{Quality, Restriction, RestrictionKind};
use switchboard_core::time::Timestamp;
use switchboard_provider::event::AccountUpdate;
use switchboard_provider::settings::{
    self, CallHours, CallingSettings, HolidayHours, NumberFields, WeeklyHours,
};

use crate::Clock;

/// Meta's names of the days, Monday first.
const META_DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
/// Texts of Meta's longer than this are cut.
const MAX_TEXT_CHARS: usize = 500;

/// Calling settings at Meta.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetaSettings {
    /// Is calling on?
    pub enabled: Option<bool>,
    /// `DEFAULT`, `DISABLE_ALL`, or a word that came later.
    pub icon: Option<String>,
    /// Countries whose customers see the icon; empty: all.
    pub icon_countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    pub callback_permission: Option<bool>,
    /// Hours.
    pub hours: Option<MetaCallHours>,
    /// Calls go to a SIP server instead of the API.
    pub sip: Option<bool>,
    /// `DTLS`, `SDES`.
    pub key_exchange: Option<String>,
    /// `PCMU`, `PCMA`.
    pub additional_codecs: Option<Vec<String>>,
}

/// Hours at Meta, as they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetaCallHours {
    /// Off: customers may call day and night.
    pub enabled: Option<bool>,
    /// The zone.
    pub time_zone: Option<String>,
    /// Meta's word of a day, opening and closing minute.
    pub weekly: Vec<(String, u16, u16)>,
    /// Date, opening and closing minute.
    pub holidays: Vec<(String, u16, u16)>,
}

/// What Meta says of a number besides its settings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetaFields {
    /// `GREEN`, `YELLOW`, `RED`, `NA`, `UNKNOWN`.
    pub quality: Option<String>,
    /// `TIER_2K` …
    pub messaging_limit: Option<String>,
    /// The name customers read.
    pub verified_name: Option<String>,
    /// `AVAILABLE`, `LIMITED`, `BLOCKED`.
    pub health: Option<String>,
    /// What stands in the way.
    pub health_problems: Vec<String>,
}

/// Something Meta has taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaRestriction {
    /// Meta's word.
    pub kind: String,
    /// Meta's reason.
    pub reason: Option<String>,
    /// Since when, µs.
    pub since_us: i64,
    /// When Meta says that it ends, µs.
    pub until_us: Option<i64>,
}

/// A warning before Meta takes something away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetaWarning {
    /// Meta's word.
    pub violation: String,
    /// Meta's advice.
    pub advice: Option<String>,
    /// When, µs.
    pub at_us: i64,
}

impl MetaSettings {
    /// Everything of an answer.
    pub(crate) fn of(read: &CallingSettings) -> Self {
        Self {
            enabled: read.enabled,
            icon: read.icon_visibility.clone(),
            icon_countries: read.icon_countries.clone(),
            callback_permission: read.callback_permission,
            hours: read.hours.as_ref().map(MetaCallHours::of),
            sip: read.sip.as_ref().and_then(|sip| sip.enabled),
            key_exchange: read.key_exchange.clone(),
            additional_codecs: read.additional_codecs.clone(),
        }
    }

    /// What a webhook names is news; what it leaves out stays.
    pub(crate) fn learn(&mut self, news: Self) {
        let Self {
            enabled,
            icon,
            icon_countries,
            callback_permission,
            hours,
            sip,
            key_exchange,
            additional_codecs,
        } = news;
        keep(&mut self.enabled, enabled);
        keep(&mut self.icon, icon);
        keep(&mut self.icon_countries, icon_countries);
        keep(&mut self.callback_permission, callback_permission);
        keep(&mut self.hours, hours);
        keep(&mut self.sip, sip);
        keep(&mut self.key_exchange, key_exchange);
        keep(&mut self.additional_codecs, additional_codecs);
    }

    /// Do customers see the icon? None: Meta has not said, or in words we do not know.
    #[must_use]
    pub fn icon_shown(&self) -> Option<bool> {
        match self.icon.as_deref() {
            Some("DEFAULT") => Some(true),
            Some("DISABLE_ALL") => Some(false),
            Some(_) | None => None,
        }
    }
}

fn keep<T>(known: &mut Option<T>, news: Option<T>) {
    if news.is_some() {
        *known = news;
    }
}

impl MetaCallHours {
    fn of(read: &CallHours) -> Self {
        Self {
            enabled: read.enabled,
            time_zone: read.time_zone.clone(),
            weekly: read.weekly.iter().map(|one| (one.day.clone(), one.opens, one.closes)).collect(),
            holidays: read.holidays.iter().map(|one| (one.date.clone(), one.starts, one.ends)).collect(),
        }
    }

    /// As the rules compare and translate them. What cannot be read of them is left out.
    #[must_use]
    pub fn read(&self) -> MetaHours {
        let range = |open_min, close_min| MetaRange { open_min, close_min };
        let day = |word: &str| {
            let place = META_DAYS.iter().position(|known| known.eq_ignore_ascii_case(word))?;
            u8::try_from(place).ok()
        };
        let mut weekly: Vec<_> = self
            .weekly
            .iter()
            .filter_map(|(word, opens, closes)| {
                Some(MetaDay { day: day(word)?, range: range(*opens, *closes) })
            })
            .collect();
        weekly.sort();
        let mut holidays: Vec<_> = self
            .holidays
            .iter()
            .filter_map(|(date, starts, ends)| {
                Some(MetaHoliday { date: date.parse::<Date>().ok()?, range: range(*starts, *ends) })
            })
            .collect();
        holidays.sort();
        MetaHours {
            enabled: self.enabled.unwrap_or(false),
            zone: self.time_zone.clone().unwrap_or_default(),
            weekly,
            holidays,
        }
    }
}

impl MetaCallHours {
    /// The same, where nothing may be left out.
    ///
    /// # Errors
    /// Names the first day or date that cannot be read.
    pub(crate) fn read_all(&self) -> Result<MetaHours, HoursRefusal> {
        let read = self.read();
        let refuse = |field: String| HoursRefusal { field, why: HoursRefusalWhy::NotADay };
        let is_day = |word: &str| META_DAYS.iter().any(|known| known.eq_ignore_ascii_case(word));
        if let Some((word, ..)) = self.weekly.iter().find(|(word, ..)| !is_day(word)) {
            return Err(refuse(format!("weekly.{}", cut(word))));
        }
        if let Some((date, ..)) = self.holidays.iter().find(|(date, ..)| date.parse::<Date>().is_err()) {
            return Err(refuse(format!("holidays.{}", cut(date))));
        }
        Ok(read)
    }
}

/// The other way: what is sent.
pub(crate) fn to_send(hours: &MetaHours) -> CallHours {
    CallHours {
        enabled: Some(hours.enabled),
        time_zone: Some(hours.zone.clone()).filter(|zone| !zone.is_empty()),
        weekly: hours
            .weekly
            .iter()
            .filter_map(|one| {
                Some(WeeklyHours {
                    day: (*META_DAYS.get(usize::from(one.day))?).to_owned(),
                    opens: one.range.open_min,
                    closes: one.range.close_min,
                })
            })
            .collect(),
        holidays: hours
            .holidays
            .iter()
            .map(|one| HolidayHours {
                date: one.date.to_string(),
                starts: one.range.open_min,
                ends: one.range.close_min,
            })
            .collect(),
    }
}

impl MetaFields {
    pub(crate) fn of(read: &NumberFields) -> Self {
        Self {
            quality: read.quality_rating.clone(),
            messaging_limit: read.messaging_limit.clone(),
            verified_name: read.verified_name.clone(),
            health: read.health.clone(),
            health_problems: read.health_problems.iter().map(|text| cut(text)).collect(),
        }
    }

    /// The rating.
    #[must_use]
    pub fn rating(&self) -> Quality {
        let word = self.quality.as_deref().unwrap_or_default().to_ascii_lowercase();
        Quality::from_word(&word).unwrap_or(Quality::Unknown)
    }
}

impl MetaRestriction {
    /// Its end by our clock.
    pub(crate) fn of(read: &settings::Restriction, since: Timestamp, clock: &Clock) -> Self {
        Self {
            kind: cut(&read.kind),
            reason: read.reason.as_deref().map(cut),
            since_us: since.micros(),
            until_us: read.until.map(|until| clock.correct(until).micros()),
        }
    }

    /// As the rules judge it.
    #[must_use]
    pub fn rule(&self) -> Restriction {
        Restriction {
            kind: RestrictionKind::of(&self.kind),
            since: Timestamp::from_micros(self.since_us),
            until: self.until_us.map(Timestamp::from_micros),
        }
    }
}

impl MetaWarning {
    pub(crate) fn of(update: &AccountUpdate, now: Timestamp) -> Option<Self> {
        Some(Self {
            violation: cut(update.violation.as_deref()?),
            advice: update.remediation.as_deref().map(cut),
            at_us: update.at.unwrap_or(now).micros(),
        })
    }
}

/// A list that Meta sends in full replaces what is known, with the moments since when it is known.
pub(crate) fn replaced(known: &[MetaRestriction], read: Vec<MetaRestriction>) -> Vec<MetaRestriction> {
    let since = |one: &MetaRestriction| {
        known.iter().find(|old| old.kind == one.kind && old.until_us == one.until_us).map(|old| old.since_us)
    };
    read.into_iter()
        .map(|one| MetaRestriction { since_us: since(&one).unwrap_or(one.since_us), ..one })
        .collect()
}

/// A notice names what is new; what was there and holds goes on.
pub(crate) fn added(
    known: &[MetaRestriction],
    news: Vec<MetaRestriction>,
    now: Timestamp,
) -> Vec<MetaRestriction> {
    let is_news = |one: &&MetaRestriction| news.iter().any(|new| new.kind == one.kind);
    let mut all: Vec<_> =
        known.iter().filter(|one| !is_news(one) && one.rule().holds(now)).cloned().collect();
    all.extend(news);
    all
}

pub(crate) fn restrictions(column: &Value) -> Vec<MetaRestriction> {
    serde_json::from_value(column.clone()).unwrap_or_default()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT_CHARS).collect()
}
