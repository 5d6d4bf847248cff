//! What Meta checks before it takes calling settings (settings, Dec 2025 and Jun 2026). The reference names the errors;
//! their texts are ours, and all come as code 100.

use serde_json::{Map, Value, json};

use crate::rules::Refusal;

/// Ranges on one weekday, and on one holiday.
const MOST_RANGES: usize = 2;
/// Holidays.
const MOST_HOLIDAYS: usize = 20;
/// Characters of a key or value of `request_uri_user_params`.
const LONGEST_PARAMETER: usize = 128;
/// The application that Meta names as the owner of a SIP server.
const APP: u64 = 400_000_000_000_001;
/// Changes of these are told by a webhook; of nothing else.
const TOLD: [&str; 4] =
    ["status", "call_icon_visibility", "callback_permission_status", "srtp_key_exchange_protocol"];

fn bad(details: impl Into<String>) -> Refusal {
    Refusal::parameter(details)
}

fn word<'a>(name: &str, value: &'a Value, words: &[&str]) -> Result<&'a str, Refusal> {
    match value.as_str() {
        Some(text) if words.contains(&text) => Ok(text),
        Some(_) | None => Err(bad(format!("calling.{name} must be one of {}", words.join(", ")))),
    }
}

/// What is stored after these changes. `now` is Meta's clock.
pub(crate) fn changed(
    stored: &Map<String, Value>,
    changes: &Map<String, Value>,
    now: i64,
) -> Result<Map<String, Value>, Refusal> {
    const SWITCH: [&str; 2] = ["ENABLED", "DISABLED"];
    let mut after = stored.clone();
    for (name, value) in changes {
        let value = match name.as_str() {
            "status" | "callback_permission_status" => json!(word(name, value, &SWITCH)?),
            "call_icon_visibility" => json!(word(name, value, &["DEFAULT", "DISABLE_ALL"])?),
            "srtp_key_exchange_protocol" => json!(word(name, value, &["DTLS", "SDES"])?),
            "call_icons" => call_icons(value)?,
            "call_hours" => call_hours(value, now)?,
            "audio" => audio(value)?,
            "sip" => {
                let sip = sip(after.get("sip"), value)?;
                if value.get("servers").is_some() && !changes.contains_key("srtp_key_exchange_protocol") {
                    // Seen in production: new servers bring DTLS back.
                    after.remove("srtp_key_exchange_protocol");
                }
                sip
            }
            "voicemail" => voicemail(value)?,
            // What Graph does not know it passes over; what it only tells it does not take.
            _ => continue,
        };
        after.insert(name.clone(), value);
    }
    Ok(after)
}

/// Is a change told by a webhook?
pub(crate) fn is_told(before: &Map<String, Value>, after: &Map<String, Value>) -> bool {
    let sip = |all: &Map<String, Value>| all.get("sip").map(|sip| sip["status"].clone());
    TOLD.iter().any(|name| before.get(*name) != after.get(*name)) || sip(before) != sip(after)
}

fn call_icons(value: &Value) -> Result<Value, Refusal> {
    let name = "calling.call_icons.restrict_to_user_countries";
    let countries = value["restrict_to_user_countries"].as_array();
    let countries = countries.ok_or_else(|| bad(format!("{name} must be an array")))?;
    let is_code = |each: &Value| {
        each.as_str()
            .is_some_and(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()))
    };
    match countries.iter().find(|each| !is_code(each)) {
        Some(wrong) => Err(bad(format!("{name}: {wrong} is not an ISO 3166 alpha-2 country code"))),
        None => Ok(json!({ "restrict_to_user_countries": countries })),
    }
}

fn audio(value: &Value) -> Result<Value, Refusal> {
    let codecs = value["additional_codecs"].as_array();
    let codecs = codecs.ok_or_else(|| bad("calling.audio.additional_codecs must be an array"))?;
    for codec in codecs {
        word("audio.additional_codecs", codec, &["PCMA", "PCMU"])?;
    }
    Ok(json!({ "additional_codecs": codecs }))
}

/// Minutes of a time as `HHMM`.
fn minutes(name: &str, value: &Value) -> Result<u32, Refusal> {
    let wrong = || bad(format!("{name} must be a time as HHMM"));
    let text =
        value.as_str().filter(|text| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()));
    let number: u32 = text.and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
    let (hours, minutes) = (number / 100, number % 100);
    if hours < 24 && minutes < 60 { Ok(hours * 60 + minutes) } else { Err(wrong()) }
}

/// The ranges of one day: at most two, each forwards, none over another.
fn ranges(what: &str, mut ranges: Vec<(u32, u32)>) -> Result<(), Refusal> {
    if ranges.len() > MOST_RANGES {
        return Err(bad(format!("{what} has more than {MOST_RANGES} entries")));
    }
    if ranges.iter().any(|(open, close)| open >= close) {
        return Err(bad(format!("{what}: the opening time must be before the closing time")));
    }
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[0].1 > pair[1].0) {
        return Err(bad(format!("{what} has overlapping entries")));
    }
    Ok(())
}

fn call_hours(value: &Value, now: i64) -> Result<Value, Refusal> {
    const DAYS: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let status = word("call_hours.status", &value["status"], &["ENABLED", "DISABLED"])?;
    let mut after = Map::new();
    after.insert("status".into(), json!(status));
    let zone = match value.get("timezone_id").and_then(Value::as_str) {
        Some(name) => Some(
            jiff::tz::TimeZone::get(name)
                .map_err(|_| bad(format!("calling.call_hours.timezone_id {name} is not a time zone")))?,
        ),
        None if status == "ENABLED" => return Err(bad("calling.call_hours.timezone_id is required")),
        None => None,
    };
    if let Some(name) = value.get("timezone_id") {
        after.insert("timezone_id".into(), name.clone());
    }
    let weekly = value["weekly_operating_hours"].as_array().cloned().unwrap_or_default();
    if status == "ENABLED" && weekly.is_empty() {
        return Err(bad("calling.call_hours.weekly_operating_hours must not be empty"));
    }
    for entry in &weekly {
        word("call_hours.weekly_operating_hours.day_of_week", &entry["day_of_week"], &DAYS)?;
    }
    for day in DAYS {
        let of_day = weekly.iter().filter(|entry| entry["day_of_week"] == day);
        let times = of_day.map(|entry| {
            Ok((minutes("open_time", &entry["open_time"])?, minutes("close_time", &entry["close_time"])?))
        });
        ranges(day, times.collect::<Result<_, Refusal>>()?)?;
    }
    if !weekly.is_empty() {
        after.insert("weekly_operating_hours".into(), json!(weekly));
    }
    // Left out means gone: the hours are replaced as a whole.
    if let Some(holidays) = value.get("holiday_schedule").filter(|holidays| !holidays.is_null()) {
        let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
        let today = jiff::Timestamp::from_second(now).unwrap_or_default().to_zoned(zone).date();
        after.insert("holiday_schedule".into(), checked_holidays(holidays, today)?);
    }
    Ok(Value::Object(after))
}

fn checked_holidays(holidays: &Value, today: jiff::civil::Date) -> Result<Value, Refusal> {
    let list =
        holidays.as_array().ok_or_else(|| bad("calling.call_hours.holiday_schedule must be an array"))?;
    if list.len() > MOST_HOLIDAYS {
        return Err(bad(format!(
            "calling.call_hours.holiday_schedule has more than {MOST_HOLIDAYS} entries"
        )));
    }
    let mut by_date: std::collections::BTreeMap<String, Vec<(u32, u32)>> = std::collections::BTreeMap::new();
    for entry in list {
        let text = entry["date"].as_str().unwrap_or_default();
        let date = (text.len() == 10).then(|| text.parse::<jiff::civil::Date>().ok()).flatten();
        let date =
            date.ok_or_else(|| bad(format!("holiday_schedule: {text} is not a date as YYYY-MM-DD")))?;
        if date < today {
            return Err(bad(format!("holiday_schedule: {text} is in the past")));
        }
        let range = (minutes("start_time", &entry["start_time"])?, minutes("end_time", &entry["end_time"])?);
        by_date.entry(text.to_owned()).or_default().push(range);
    }
    for (date, of_date) in by_date {
        ranges(&date, of_date)?;
    }
    Ok(holidays.clone())
}

fn sip(stored: Option<&Value>, value: &Value) -> Result<Value, Refusal> {
    // What is left out stays: switching SIP off keeps the servers.
    let mut after = stored.and_then(Value::as_object).cloned().unwrap_or_default();
    for name in ["status", "webhook_delivery"] {
        if let Some(given) = value.get(name) {
            let given = word(&format!("sip.{name}"), given, &["ENABLED", "DISABLED"])?;
            after.insert(name.to_owned(), json!(given));
        }
    }
    if let Some(servers) = value.get("servers") {
        let servers = servers.as_array().filter(|servers| servers.len() <= 1);
        let servers = servers.ok_or_else(|| bad("calling.sip.servers takes one server"))?;
        let mut kept = Vec::new();
        for server in servers {
            let hostname = server["hostname"].as_str().filter(|name| name.contains('.'));
            let hostname = hostname.ok_or_else(|| bad("calling.sip.servers.hostname is required"))?;
            let mut entry = json!({ "app_id": APP, "hostname": hostname, "port": 5_061 });
            if let Some(port) = server.get("port") {
                let port = port.as_u64().filter(|port| (1..=65_535).contains(port));
                entry["port"] = json!(port.ok_or_else(|| bad("calling.sip.servers.port is not a port"))?);
            }
            if let Some(parameters) = server.get("request_uri_user_params") {
                let short = |text: &str| text.len() <= LONGEST_PARAMETER;
                let all = parameters.as_object().filter(|all| {
                    all.iter().all(|(key, value)| short(key) && value.as_str().is_some_and(short))
                });
                let all =
                    all.ok_or_else(|| bad("calling.sip.servers.request_uri_user_params is not valid"))?;
                entry["request_uri_user_params"] = json!(all);
            }
            kept.push(entry);
        }
        after.insert("servers".into(), json!(kept));
    }
    let has_server =
        after.get("servers").and_then(Value::as_array).is_some_and(|servers| !servers.is_empty());
    if after.get("status").is_some_and(|status| status == "ENABLED") && !has_server {
        return Err(bad("calling.sip.servers is required to enable SIP"));
    }
    Ok(Value::Object(after))
}

fn voicemail(value: &Value) -> Result<Value, Refusal> {
    if word("voicemail.status", &value["status"], &["ENABLED", "DISABLED"])? == "DISABLED" {
        return Ok(value.clone());
    }
    let triggers = value["triggers"].as_array().filter(|triggers| !triggers.is_empty());
    let triggers = triggers.ok_or_else(|| bad("calling.voicemail.triggers needs at least one"))?;
    for trigger in triggers {
        word("voicemail.triggers", trigger, &["REJECT", "TIMEOUT"])?;
    }
    let prompt = &value["audio"]["default"];
    if prompt["announcement_media_id"].as_u64().is_none() {
        return Err(bad("calling.voicemail.audio.default.announcement_media_id is required"));
    }
    let timeout = prompt["timeout_seconds"].as_u64().filter(|seconds| *seconds <= 30);
    if triggers.iter().any(|trigger| trigger == "TIMEOUT") && timeout.is_none() {
        return Err(bad("calling.voicemail.audio.default.timeout_seconds must be 0 to 30"));
    }
    Ok(value.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20 12:00 UTC.
    const NOW: i64 = 1_795_176_000;

    fn change(changes: Value) -> Result<Map<String, Value>, Refusal> {
        let changes = changes.as_object().cloned().expect("an object");
        changed(&Map::new(), &changes, NOW)
    }

    fn hours(weekly: Value, holidays: Value) -> Value {
        json!({ "call_hours": {
            "status": "ENABLED", "timezone_id": "America/Manaus",
            "weekly_operating_hours": weekly, "holiday_schedule": holidays,
        } })
    }

    fn day(name: &str, open: &str, close: &str) -> Value {
        json!({ "day_of_week": name, "open_time": open, "close_time": close })
    }

    fn holiday(date: &str) -> Value {
        json!({ "date": date, "start_time": "0000", "end_time": "2359" })
    }

    #[test]
    fn the_settings_of_the_reference_are_taken_as_they_are() {
        let sample: Value =
            serde_json::from_str(include_str!("../tests/samples/api-settings-get.json")).expect("JSON");
        let mut calling = sample["calling"].clone();
        // Written without what only reading shows.
        calling["sip"]["servers"][0] = json!({ "hostname": "sip.example.com" });
        let after = change(calling).expect("taken");
        for (name, value) in sample["calling"].as_object().expect("an object") {
            match name.as_str() {
                "restrictions" => assert!(!after.contains_key(name), "only told"),
                "sip" => assert_eq!(after["sip"]["servers"][0]["app_id"], value["servers"][0]["app_id"]),
                _ => assert_eq!(after.get(name), Some(value), "{name}"),
            }
        }
    }

    #[test]
    fn every_bad_schedule_is_refused() {
        let monday = json!([day("MONDAY", "0900", "1200")]);
        assert!(change(hours(monday.clone(), json!([holiday("2027-01-01")]))).is_ok());
        assert!(
            change(hours(json!([day("MONDAY", "0900", "1200"), day("MONDAY", "1200", "1800")]), Value::Null))
                .is_ok()
        );
        for (weekly, holidays, why) in [
            (json!([]), json!([]), "must not be empty"),
            (json!([day("Monday", "0900", "1200")]), json!([]), "must be one of"),
            (json!([day("MONDAY", "09:00", "1200")]), json!([]), "HHMM"),
            (json!([day("MONDAY", "0900", "2400")]), json!([]), "HHMM"),
            (json!([day("MONDAY", "1200", "0900")]), json!([]), "before"),
            (json!([day("MONDAY", "0900", "1200"), day("MONDAY", "1100", "1300")]), json!([]), "overlapping"),
            (
                json!([
                    day("MONDAY", "0900", "1000"),
                    day("MONDAY", "1100", "1200"),
                    day("MONDAY", "1300", "1400")
                ]),
                json!([]),
                "more than 2",
            ),
            (monday.clone(), json!([holiday("2026-11-19")]), "past"),
            (monday.clone(), json!([holiday("2026-02-30")]), "not a date"),
            (monday.clone(), json!([holiday("27-01-01")]), "not a date"),
            (monday.clone(), json!([holiday("2027-01-01"), holiday("2027-01-01")]), "overlapping"),
            (
                monday,
                Value::Array((1..=21).map(|at| holiday(&format!("2027-01-{at:02}"))).collect()),
                "more than 20",
            ),
        ] {
            let refusal = change(hours(weekly, holidays)).expect_err(why);
            let details = refusal.body()["error"]["error_data"]["details"].to_string();
            assert!(refusal.code == 100 && details.contains(why), "{why}: {details}");
        }
        let mut nowhere = hours(json!([day("MONDAY", "0900", "1200")]), Value::Null);
        nowhere["call_hours"]["timezone_id"] = json!("America/Nowhere");
        assert!(change(nowhere).is_err());
    }

    #[test]
    fn today_is_judged_in_the_zone_of_the_business() {
        // At 02:00 UTC on the 21st it is still the 20th in Manaus.
        let changes = hours(json!([day("MONDAY", "0900", "1200")]), json!([holiday("2026-11-20")]));
        let changes = changes.as_object().cloned().expect("an object");
        assert!(changed(&Map::new(), &changes, NOW + 14 * 3_600).is_ok());
    }

    #[test]
    fn hours_are_replaced_as_a_whole_and_other_settings_stay() {
        let weekly = json!([day("MONDAY", "0900", "1200")]);
        let first = change(hours(weekly.clone(), json!([holiday("2027-01-01")]))).expect("taken");
        let mut second = hours(weekly, Value::Null);
        second["call_icon_visibility"] = json!("DISABLE_ALL");
        let second = second.as_object().cloned().expect("an object");
        let after = changed(&first, &second, NOW).expect("taken");
        assert!(after["call_hours"].get("holiday_schedule").is_none());
        assert!(is_told(&first, &after), "the icon");
        assert!(!is_told(&after, &after));
    }

    #[test]
    fn wrong_words_of_every_setting_are_refused() {
        for wrong in [
            json!({ "status": "ON" }),
            json!({ "call_icon_visibility": "HIDDEN" }),
            json!({ "callback_permission_status": true }),
            json!({ "srtp_key_exchange_protocol": "SDES-SRTP" }),
            json!({ "audio": { "additional_codecs": ["G729"] } }),
            json!({ "call_icons": { "restrict_to_user_countries": ["Brazil"] } }),
            json!({ "call_icons": { "restrict_to_user_countries": "BR" } }),
            json!({ "sip": { "status": "ENABLED" } }),
            json!({ "sip": { "servers": [{ "hostname": "a.example" }, { "hostname": "b.example" }] } }),
            json!({ "voicemail": { "status": "ENABLED", "triggers": [] } }),
        ] {
            assert_eq!(change(wrong.clone()).expect_err("refused").code, 100, "{wrong}");
        }
    }
}
