//! What is kept of a wallet, as JSON: moments are microseconds, spans are seconds.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use switchboard_core::ids::ProviderMessageId;
use switchboard_core::permission::{
    Found, LimitedAction, PermissionSource, PermissionStatus, Report, ReportedLimit, RequestState,
    SentRequest, WalletFacts,
};
use switchboard_core::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct Kept {
    status: String,
    before_request: String,
    source: Option<String>,
    granted_at: Option<i64>,
    expires_at: Option<i64>,
    newest_change_at: Option<i64>,
    #[serde(default)]
    requests: Vec<KeptRequest>,
    counters_reset_at: Option<i64>,
    #[serde(default)]
    connected: Vec<i64>,
    #[serde(default)]
    not_taken: Vec<i64>,
    revoked_by_meta_at: Option<i64>,
    reported: Option<KeptReport>,
}

#[derive(Serialize, Deserialize)]
struct KeptRequest {
    at: i64,
    id: String,
    state: String,
}

#[derive(Serialize, Deserialize)]
struct KeptReport {
    at: i64,
    found: String,
    until: Option<i64>,
    can_request: Option<bool>,
    can_call: Option<bool>,
    #[serde(default)]
    limits: Vec<KeptLimit>,
}

#[derive(Serialize, Deserialize)]
struct KeptLimit {
    action: String,
    period_s: u64,
    max: u32,
    used: u32,
    resets_at: Option<i64>,
}

pub(super) fn to_json(facts: &WalletFacts) -> serde_json::Value {
    let WalletFacts {
        status,
        before_request,
        source,
        granted_at,
        expires_at,
        newest_change_at,
        requests,
        counters_reset_at,
        connected,
        not_taken,
        revoked_by_meta_at,
        reported,
    } = facts;
    let at = |at: &Option<Timestamp>| at.map(Timestamp::micros);
    let all = |all: &[Timestamp]| all.iter().map(|at| at.micros()).collect();
    let kept = Kept {
        status: status.as_str().to_owned(),
        before_request: before_request.as_str().to_owned(),
        source: source.map(|source| source.as_str().to_owned()),
        granted_at: at(granted_at),
        expires_at: at(expires_at),
        newest_change_at: at(newest_change_at),
        requests: requests
            .iter()
            .map(|request| KeptRequest {
                at: request.at.micros(),
                id: request.message_id.as_str().to_owned(),
                state: request.state.as_str().to_owned(),
            })
            .collect(),
        counters_reset_at: at(counters_reset_at),
        connected: all(connected),
        not_taken: all(not_taken),
        revoked_by_meta_at: at(revoked_by_meta_at),
        reported: reported.as_ref().map(|report| {
            let (found, until) = match report.found {
                Found::NoPermission => ("none", None),
                Found::Temporary { until } => ("temporary", until),
                Found::Permanent => ("permanent", None),
            };
            KeptReport {
                at: report.at.micros(),
                found: found.to_owned(),
                until: at(&until),
                can_request: report.can_request,
                can_call: report.can_call,
                limits: report
                    .limits
                    .iter()
                    .map(|limit| KeptLimit {
                        action: limit.action.as_str().to_owned(),
                        period_s: limit.period.as_secs(),
                        max: limit.max_allowed,
                        used: limit.used,
                        resets_at: at(&limit.resets_at),
                    })
                    .collect(),
            }
        }),
    };
    // Texts, numbers and lists: nothing in it can fail to be written.
    serde_json::to_value(kept).unwrap_or_default()
}

/// Reads them back; what is wrong otherwise.
pub(super) fn from_json(json: &serde_json::Value) -> Result<WalletFacts, String> {
    let kept = Kept::deserialize(json).map_err(|error| error.to_string())?;
    let at = |at: Option<i64>| at.map(Timestamp::from_micros);
    let all = |all: Vec<i64>| all.into_iter().map(Timestamp::from_micros).collect();
    let status = |word: &str| {
        PermissionStatus::from_word(word).ok_or_else(|| format!("{word:?} is no status of a permission"))
    };
    let source = kept.source.map(|word| {
        PermissionSource::from_word(&word).ok_or_else(|| format!("{word:?} is no source of a permission"))
    });
    let requests = kept.requests.into_iter().map(|request| {
        Ok(SentRequest {
            at: Timestamp::from_micros(request.at),
            message_id: ProviderMessageId::new(request.id),
            state: RequestState::from_word(&request.state)
                .ok_or_else(|| format!("{:?} is no state of a request", request.state))?,
        })
    });
    Ok(WalletFacts {
        status: status(&kept.status)?,
        before_request: status(&kept.before_request)?,
        source: source.transpose()?,
        granted_at: at(kept.granted_at),
        expires_at: at(kept.expires_at),
        newest_change_at: at(kept.newest_change_at),
        requests: requests.collect::<Result<_, String>>()?,
        counters_reset_at: at(kept.counters_reset_at),
        connected: all(kept.connected),
        not_taken: all(kept.not_taken),
        revoked_by_meta_at: at(kept.revoked_by_meta_at),
        reported: kept.reported.map(report).transpose()?,
    })
}

fn report(kept: KeptReport) -> Result<Report, String> {
    let until = kept.until.map(Timestamp::from_micros);
    let limits = kept.limits.into_iter().map(|limit| {
        Ok(ReportedLimit {
            action: LimitedAction::from_word(&limit.action)
                .ok_or_else(|| format!("{:?} is nothing that is limited", limit.action))?,
            period: Duration::from_secs(limit.period_s),
            max_allowed: limit.max,
            used: limit.used,
            resets_at: limit.resets_at.map(Timestamp::from_micros),
        })
    });
    Ok(Report {
        at: Timestamp::from_micros(kept.at),
        found: match kept.found.as_str() {
            "none" => Found::NoPermission,
            "temporary" => Found::Temporary { until },
            "permanent" => Found::Permanent,
            other => return Err(format!("{other:?} is nothing the provider finds")),
        },
        can_request: kept.can_request,
        can_call: kept.can_call,
        limits: limits.collect::<Result<_, String>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_wallet_reads_back() {
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        let limit = ReportedLimit {
            action: LimitedAction::RequestPermission,
            period: Duration::from_secs(86_400),
            max_allowed: 1,
            used: 1,
            resets_at: at(9),
        };
        let facts = WalletFacts {
            status: PermissionStatus::Temporary,
            before_request: PermissionStatus::Temporary,
            source: Some(PermissionSource::Request),
            granted_at: at(1),
            expires_at: at(2),
            newest_change_at: at(1),
            requests: vec![SentRequest {
                at: Timestamp::from_seconds(0),
                message_id: ProviderMessageId::new("wamid.1"),
                state: RequestState::Answered,
            }],
            counters_reset_at: at(3),
            connected: vec![Timestamp::from_seconds(4)],
            not_taken: vec![Timestamp::from_seconds(5)],
            revoked_by_meta_at: at(6),
            reported: Some(Report {
                at: Timestamp::from_seconds(7),
                found: Found::Temporary { until: at(8) },
                can_request: Some(false),
                can_call: None,
                limits: vec![limit],
            }),
        };
        assert_eq!(from_json(&to_json(&facts)), Ok(facts));
        assert_eq!(from_json(&to_json(&WalletFacts::default())), Ok(WalletFacts::default()));
        assert!(from_json(&serde_json::json!({})).is_err());
    }
}
