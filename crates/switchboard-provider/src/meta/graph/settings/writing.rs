//! `POST /{phone number}/settings`: what is to change of a number's calling settings (Meta, Configure call settings,
//! 2026). Only what changes is sent.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Map, Value, json};
use switchboard_core::media_terms::{AdditionalCodec, SrtpKeyExchange};

use crate::error::GraphError;
use crate::meta::graph::answer::Doing;
use crate::meta::graph::{GraphClient, Request};
use crate::secret::AccessToken;
use crate::settings::{CallHours, CallingChange};

/// Setting the same twice is setting it once.
const WRITE_SETTINGS: Doing =
    Doing { action: "write_settings", text: "change the calling settings", repeatable: true };
/// The last minute of a day as Meta writes it; it knows no 24:00.
const LAST_MINUTE: u16 = 24 * 60 - 1;

impl GraphClient {
    /// Changes calling settings of a number. How keys are agreed goes last and in a request of its own: a change of SIP
    /// servers, or anything that Meta counts as one, sets it back to DTLS. When this fails, read the settings: the first
    /// of the two may have been carried out.
    pub async fn change_settings(
        &self,
        number: &str,
        token: &AccessToken,
        change: &CallingChange,
        give_up_after: Duration,
    ) -> Result<(), GraphError> {
        for calling in bodies(change) {
            let body = serde_json::to_vec(&json!({ "calling": calling })).unwrap_or_default();
            let request = Request {
                doing: WRITE_SETTINGS,
                method: Method::POST,
                number,
                edge: "settings",
                body: Some(body),
                ..Request::default()
            };
            self.request(request, token, give_up_after).await?;
        }
        Ok(())
    }
}

/// One `calling` object for each request, in their order.
fn bodies(change: &CallingChange) -> Vec<Map<String, Value>> {
    let CallingChange {
        enabled,
        icon_shown,
        icon_countries,
        callback_permission,
        hours,
        additional_codecs,
        key_exchange,
    } = change;
    let members = [
        ("status", enabled.map(|on| json!(switch(on)))),
        (
            "call_icon_visibility",
            icon_shown.map(|shown| json!(if shown { "DEFAULT" } else { "DISABLE_ALL" })),
        ),
        (
            "call_icons",
            icon_countries.as_ref().map(|countries| json!({ "restrict_to_user_countries": countries })),
        ),
        ("callback_permission_status", callback_permission.map(|on| json!(switch(on)))),
        ("call_hours", hours.as_ref().map(call_hours)),
        (
            "audio",
            additional_codecs.map(|codecs| {
                let words: Vec<_> = codecs.iter().map(codec).collect();
                json!({ "additional_codecs": words })
            }),
        ),
    ];
    let first: Map<String, Value> =
        members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    let last: Map<String, Value> = key_exchange
        .map(|exchange| ("srtp_key_exchange_protocol".to_owned(), json!(key_exchange_word(exchange))))
        .into_iter()
        .collect();
    [first, last].into_iter().filter(|body| !body.is_empty()).collect()
}

fn call_hours(hours: &CallHours) -> Value {
    let mut body = json!({ "status": switch(hours.enabled.unwrap_or(true)) });
    if let Some(zone) = &hours.time_zone {
        body["timezone_id"] = json!(zone);
    }
    if !hours.weekly.is_empty() {
        body["weekly_operating_hours"] = hours
            .weekly
            .iter()
            .map(|one| {
                json!({ "day_of_week": one.day, "open_time": hhmm(one.opens), "close_time": hhmm(one.closes) })
            })
            .collect();
    }
    if !hours.holidays.is_empty() {
        body["holiday_schedule"] = hours
            .holidays
            .iter()
            .map(
                |one| json!({ "date": one.date, "start_time": hhmm(one.starts), "end_time": hhmm(one.ends) }),
            )
            .collect();
    }
    body
}

fn hhmm(minutes: u16) -> String {
    let minutes = minutes.min(LAST_MINUTE);
    format!("{:02}{:02}", minutes / 60, minutes % 60)
}

const fn switch(on: bool) -> &'static str {
    if on { "ENABLED" } else { "DISABLED" }
}

const fn codec(codec: AdditionalCodec) -> &'static str {
    match codec {
        AdditionalCodec::Pcmu => "PCMU",
        AdditionalCodec::Pcma => "PCMA",
    }
}

const fn key_exchange_word(exchange: SrtpKeyExchange) -> &'static str {
    match exchange {
        SrtpKeyExchange::Dtls => "DTLS",
        SrtpKeyExchange::Sdes => "SDES",
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::media_terms::AdditionalCodecs;

    use super::*;
    use crate::meta::members::Members;

    #[test]
    fn nothing_to_change_is_nothing_to_send() {
        assert!(bodies(&CallingChange::default()).is_empty());
    }

    #[test]
    fn what_is_read_can_be_written_back_in_metas_own_words() {
        let text = include_str!("../../../../fixtures/api-settings-get.json");
        let sample: Value = serde_json::from_str(text).expect("JSON");
        let read = super::super::read(
            &Members::of(text).and_then(|answer| answer.object("calling")).expect("calling settings"),
        );
        let change = CallingChange {
            enabled: read.enabled,
            icon_shown: Some(true),
            icon_countries: read.icon_countries,
            callback_permission: read.callback_permission,
            hours: read.hours,
            additional_codecs: Some(AdditionalCodecs { pcmu: true, pcma: true }),
            key_exchange: Some(SrtpKeyExchange::Sdes),
        };
        let bodies = bodies(&change);
        assert_eq!(bodies.len(), 2, "how keys are agreed goes by itself");
        assert_eq!(Value::Object(bodies[1].clone()), json!({ "srtp_key_exchange_protocol": "SDES" }));
        for name in
            ["status", "call_icon_visibility", "call_icons", "callback_permission_status", "call_hours"]
        {
            assert_eq!(bodies[0][name], sample["calling"][name], "{name}");
        }
        assert_eq!(bodies[0]["audio"], json!({ "additional_codecs": ["PCMU", "PCMA"] }));
    }

    #[test]
    fn a_list_that_is_emptied_is_sent_empty_and_hours_switched_off_need_no_schedule() {
        let change = CallingChange {
            icon_countries: Some(Vec::new()),
            icon_shown: Some(false),
            additional_codecs: Some(AdditionalCodecs::NONE),
            hours: Some(CallHours { enabled: Some(false), ..CallHours::default() }),
            ..CallingChange::default()
        };
        let expected = json!({
            "call_icon_visibility": "DISABLE_ALL",
            "call_icons": { "restrict_to_user_countries": [] },
            "call_hours": { "status": "DISABLED" },
            "audio": { "additional_codecs": [] },
        });
        assert_eq!(bodies(&change).into_iter().map(Value::Object).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_time_of_day_has_four_digits_and_ends_before_midnight() {
        assert_eq!([hhmm(0), hhmm(68), hhmm(620), hhmm(1440)], ["0000", "0108", "1020", "2359"]);
    }
}
