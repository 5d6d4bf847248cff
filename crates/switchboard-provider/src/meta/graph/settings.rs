//! `GET /{phone number}/settings`, and the same object inside a settings webhook; `writing.rs` has the way back.

mod writing;

use crate::meta::members::Members;
use crate::settings::{
    CallHours, CallingSettings, HolidayHours, Restriction, SipServer, SipSettings, VoicemailSettings,
    WeeklyHours,
};

/// Meta's port for SIP over TLS when a server names none.
const SIP_PORT: i64 = 5061;

/// Reads a `calling` object. Words Meta may add later are kept as words or left out, never an error.
pub(crate) fn read(calling: &Members<'_>) -> CallingSettings {
    CallingSettings {
        enabled: calling.switch("status"),
        icon_visibility: calling.text("call_icon_visibility"),
        icon_countries: calling
            .object("call_icons")
            .and_then(|icons| icons.list_of_texts("restrict_to_user_countries")),
        callback_permission: calling.switch("callback_permission_status"),
        hours: calling.object("call_hours").map(|hours| read_hours(&hours)),
        sip: calling.object("sip").map(|sip| read_sip(&sip)),
        key_exchange: calling.text("srtp_key_exchange_protocol"),
        additional_codecs: calling.object("audio").and_then(|audio| audio.list_of_texts("additional_codecs")),
        voicemail: calling.object("voicemail").map(|voicemail| read_voicemail(&voicemail)),
        restrictions: calling.object("restrictions").and_then(|it| read_restrictions(&it)),
    }
}

fn read_hours(hours: &Members<'_>) -> CallHours {
    let weekly = |it: &Members<'_>| {
        Some(WeeklyHours {
            day: it.text("day_of_week")?,
            opens: minutes(it, "open_time")?,
            closes: minutes(it, "close_time")?,
        })
    };
    // Meta's table calls the times of a holiday `open_time` and `close_time`, every example `start` and `end`.
    let holiday = |it: &Members<'_>| {
        Some(HolidayHours {
            date: it.text("date")?,
            starts: minutes(it, "start_time").or_else(|| minutes(it, "open_time"))?,
            ends: minutes(it, "end_time").or_else(|| minutes(it, "close_time"))?,
        })
    };
    CallHours {
        enabled: hours.switch("status"),
        time_zone: hours.text("timezone_id"),
        weekly: hours.objects("weekly_operating_hours").iter().filter_map(weekly).collect(),
        holidays: hours.objects("holiday_schedule").iter().filter_map(holiday).collect(),
    }
}

/// `"0400"` on the wire; Meta's documents also print `"04:00"` and a number.
fn minutes(of: &Members<'_>, member: &str) -> Option<u16> {
    let digits: u16 = of.text(member)?.replace(':', "").parse().ok()?;
    let (hours, minutes) = (digits / 100, digits % 100);
    (hours <= 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn read_sip(sip: &Members<'_>) -> SipSettings {
    let server = |it: &Members<'_>| {
        Some(SipServer {
            app_id: it.text("app_id"),
            hostname: it.text("hostname")?,
            port: u16::try_from(it.whole("port").unwrap_or(SIP_PORT)).ok()?,
        })
    };
    SipSettings {
        enabled: sip.switch("status"),
        servers: sip.objects("servers").iter().filter_map(server).collect(),
    }
}

fn read_voicemail(voicemail: &Members<'_>) -> VoicemailSettings {
    let audio = voicemail.object("audio").and_then(|audio| audio.object("default"));
    VoicemailSettings {
        enabled: voicemail.switch("status"),
        triggers: voicemail.texts("triggers"),
        timeout_seconds: audio.and_then(|it| u32::try_from(it.whole("timeout_seconds")?).ok()),
    }
}

/// None: there is no list, which says nothing about restrictions.
fn read_restrictions(restrictions: &Members<'_>) -> Option<Vec<Restriction>> {
    // Meta's table says `restriction_list`, its example `restrictions_list`.
    let list =
        ["restrictions_list", "restriction_list"].into_iter().find(|name| restrictions.list(name).is_some());
    let restriction = |it: &Members<'_>| {
        Some(Restriction {
            kind: it.text("type")?,
            reason: it.text("reason"),
            until: it.moment("expiration"),
        })
    };
    list.map(|name| restrictions.objects(name).iter().filter_map(restriction).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settings_answer_is_read_in_full() {
        let answer = Members::of(include_str!("../../../fixtures/api-settings-get.json")).expect("an object");
        let settings = read(&answer.object("calling").expect("calling settings"));
        insta::assert_debug_snapshot!(settings);
    }

    #[test]
    fn three_spellings_of_a_time_of_day_are_the_same() {
        let of = |json: &str| minutes(&Members::of(json).expect("an object"), "t");
        assert_eq!(
            (of(r#"{"t":"0400"}"#), of(r#"{"t":"04:00"}"#), of(r#"{"t":400}"#)),
            (Some(240), Some(240), Some(240))
        );
        assert_eq!(
            (of(r#"{"t":"2359"}"#), of(r#"{"t":"0075"}"#), of(r#"{"t":"soon"}"#)),
            (Some(1439), None, None)
        );
    }

    #[test]
    fn odd_settings_cost_only_themselves() {
        let nothing = read(&Members::of(r#"{"call_icons":{},"restrictions":{}}"#).expect("an object"));
        assert_eq!(
            (nothing.icon_countries, nothing.restrictions),
            (None, None),
            "what is not said is not empty"
        );
        let json = r#"{"status":"PAUSED","call_hours":[],"sip":{"servers":[{"port":1},{"hostname":"a"}]},
            "restrictions":{"restriction_list":[{"type":"X","expiration":"1760604800"}]},"call_icon_visibility":"NEW"}"#;
        let settings = read(&Members::of(json).expect("an object"));
        assert_eq!((settings.enabled, &settings.hours), (None, &None));
        assert_eq!(settings.icon_visibility.as_deref(), Some("NEW"));
        assert_eq!(settings.sip.expect("sip").servers[0].port, 5061);
        assert!(settings.restrictions.expect("a list")[0].until.is_some());
    }
}
