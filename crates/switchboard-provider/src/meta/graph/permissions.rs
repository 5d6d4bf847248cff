//! `GET /{phone number}/call_permissions`: how a pair stands, by Meta's own books (Meta, Obtain user call permissions,
//! June 2026). Other sources print other words; all of them are read.

use std::time::Duration;

use reqwest::Method;
use switchboard_core::permission::{Found, LimitedAction, ReportedLimit};
use switchboard_core::time::Timestamp;

use crate::error::GraphError;
use crate::meta::members::Members;
use crate::outgoing::Recipient;
use crate::secret::AccessToken;

use super::answer::Doing;
use super::{GraphClient, Request};

const LOOK_UP: Doing =
    Doing { action: "call_permissions", text: "look up the permission to call", repeatable: true };
/// Limits that are read; Meta names three.
const MAX_LIMITS: usize = 16;

/// What Meta says of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// How it stands.
    pub found: Found,
    /// May a request be sent?
    pub can_request: Option<bool>,
    /// May a call be made?
    pub can_call: Option<bool>,
    /// Meta's counts.
    pub limits: Vec<ReportedLimit>,
}

impl GraphClient {
    /// How a pair stands. An unknown or uncallable customer has no permission, too.
    pub async fn call_permissions(
        &self,
        number: &str,
        token: &AccessToken,
        of: &Recipient,
        give_up_after: Duration,
    ) -> Result<LookedUp, GraphError> {
        let by_number = of.phone().map(|phone| [("user_wa_id", phone.digits())]);
        let by_id = of.user_id().map(|id| [("recipient", id)]);
        let nobody = [];
        let query = by_number.as_ref().or(by_id.as_ref()).map_or(&nobody[..], |query| &query[..]);
        let request = Request {
            doing: LOOK_UP,
            method: Method::GET,
            number,
            edge: "call_permissions",
            query,
            ..Request::default()
        };
        let text = self.request(request, token, give_up_after).await?;
        Ok(Members::of(&text).map_or_else(nothing, |answer| read(&answer)))
    }
}

fn nothing() -> LookedUp {
    LookedUp { found: Found::NoPermission, can_request: None, can_call: None, limits: Vec::new() }
}

fn read(answer: &Members<'_>) -> LookedUp {
    let mut looked_up = nothing();
    if let Some(permission) = answer.object("permission") {
        let until = ["expiration_time", "expiration", "expiration_timestamp"]
            .into_iter()
            .find_map(|name| permission.moment(name));
        looked_up.found = match permission.word("status").as_deref() {
            Some("permanent") => Found::Permanent,
            Some("temporary" | "granted" | "approved") => match until {
                // `granted` without an end, as one reference prints it.
                None if permission.word("status").as_deref() != Some("temporary") => Found::Permanent,
                until => Found::Temporary { until },
            },
            _ => Found::NoPermission,
        };
    }
    for action in answer.objects("actions") {
        let can = action.flag("can_perform_action");
        let what = match action.word("action_name").as_deref() {
            Some("send_call_permission_request") => {
                looked_up.can_request = can;
                LimitedAction::RequestPermission
            }
            Some("start_call") => {
                looked_up.can_call = can;
                LimitedAction::StartCall
            }
            _ => continue,
        };
        looked_up.limits.extend(action.objects("limits").iter().filter_map(|limit| read_limit(what, limit)));
    }
    looked_up.limits.truncate(MAX_LIMITS);
    looked_up
}

fn read_limit(action: LimitedAction, limit: &Members<'_>) -> Option<ReportedLimit> {
    let count = |name: &str| limit.whole(name).and_then(|count| u32::try_from(count.max(0)).ok());
    let resets_at: Option<Timestamp> = limit.moment("limit_expiration_time");
    Some(ReportedLimit {
        action,
        period: period(&limit.word("time_period")?)?,
        max_allowed: count("max_allowed")?,
        used: count("current_usage").unwrap_or(0),
        resets_at,
    })
}

/// `PT24H`, `P7D`, and `24h` as an older reference prints it.
fn period(word: &str) -> Option<Duration> {
    let word = word.strip_prefix('p').unwrap_or(word);
    let word = word.strip_prefix('t').unwrap_or(word);
    let (count, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit())?);
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        "w" => 7 * 86_400,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> LookedUp {
        read(&Members::of(json).expect("an object"))
    }

    #[test]
    fn metas_sample_is_read_in_full() {
        let looked_up = of(include_str!("../../../fixtures/api-call-permissions-get.json"));
        let limit = |action, hours: u64, max_allowed, used, resets_at: Option<i64>| ReportedLimit {
            action,
            period: Duration::from_secs(hours * 3_600),
            max_allowed,
            used,
            resets_at: resets_at.map(Timestamp::from_seconds),
        };
        assert_eq!(
            looked_up,
            LookedUp {
                found: Found::Temporary { until: Some(Timestamp::from_seconds(1_760_605_100)) },
                can_request: Some(false),
                can_call: Some(true),
                limits: vec![
                    limit(LimitedAction::RequestPermission, 24, 1, 1, Some(1_760_086_700)),
                    limit(LimitedAction::RequestPermission, 168, 2, 1, None),
                    limit(LimitedAction::StartCall, 24, 100, 3, None),
                ],
            }
        );
    }

    #[test]
    fn words_of_other_references_are_read_and_unknown_ones_allow_nothing() {
        assert_eq!(of(r#"{"permission":{"status":"permanent"}}"#).found, Found::Permanent);
        assert_eq!(
            of(r#"{"permission":{"status":"granted","expiration":"1760605100"}}"#).found,
            Found::Temporary { until: Some(Timestamp::from_seconds(1_760_605_100)) }
        );
        for word in ["no_permission", "pending", "denied", "expired", "who_knows"] {
            let json = format!(r#"{{"permission":{{"status":"{word}"}}}}"#);
            assert_eq!(of(&json).found, Found::NoPermission, "{word}");
        }
        assert_eq!(of("{}"), nothing());
        let odd = r#"{"actions":[{"action_name":"start_call","limits":[{"time_period":"24h","max_allowed":5},
            {"time_period":"P1X","max_allowed":1},7]},{"action_name":"fly"}]}"#;
        assert_eq!(of(odd).limits.len(), 1);
        assert_eq!(period("p7d"), Some(Duration::from_secs(7 * 86_400)));
    }
}
