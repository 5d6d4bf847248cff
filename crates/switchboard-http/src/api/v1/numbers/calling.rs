//! A number's calling settings, here and at Meta.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::audit::AuditWhat;
use switchboard_core::ids::NumberId;
use switchboard_core::media_terms::{AdditionalCodec, SrtpKeyExchange};
use switchboard_core::time::Timestamp;
use switchboard_engine::clock::rfc3339;
use switchboard_engine::{CallingWish, MetaRestriction, NumberCalling, SyncRefused};
use utoipa::ToSchema;

use super::settings::recording::audit_entry;
use super::settings::{checked_codecs, checked_key_exchange};
use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::{Body, Id};
use crate::middleware::client_address::ClientAddress;
use crate::state::AppState;

/// Countries of one list; there are about 250.
const MAX_COUNTRIES: usize = 250;

/// What is wanted of the number here. Null: nobody has said so, it is as Meta has it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OurCalling {
    /// Calls of customers are taken.
    calling: bool,
    /// Calling is on for the whole exchange (`WHATSAPP_CALLING_ENABLED`).
    exchange_calling: bool,
    /// `show`, `hide`.
    icon: Option<&'static str>,
    /// Countries whose customers see the icon; empty: all.
    countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    callback_permission: Option<bool>,
    /// `pcmu`, `pcma`: codecs taken beside Opus.
    codecs: Vec<&'static str>,
    /// `dtls`, `sdes`.
    srtp: &'static str,
    /// Calls may be placed from the number.
    business_calls: bool,
    /// Meta's own sandbox or test number: more requests a day, no messaging limit needed. Not our simulator.
    sandbox: bool,
}

/// What Meta has, as it was read last. Null: Meta did not say.
#[derive(Serialize, ToSchema)]
pub(crate) struct MetasCalling {
    /// Calling is on.
    calling: Option<bool>,
    /// `show`, `hide`.
    icon: Option<&'static str>,
    /// Countries whose customers see the icon; empty: all.
    countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    callback_permission: Option<bool>,
    /// Codecs beside Opus.
    codecs: Option<Vec<String>>,
    /// `dtls`, `sdes`.
    srtp: Option<String>,
    /// Calls go to a SIP server: then they never come here.
    sip: Option<bool>,
    /// Meta keeps to hours of its own.
    hours: Option<bool>,
}

/// A difference between the two.
#[derive(Serialize, ToSchema)]
pub(crate) struct Drift {
    /// `calling`, `icon`, `countries`, `callback_permission`, `codecs`, `srtp`, `sip`.
    field: &'static str,
    /// Ours.
    ours: String,
    /// Meta's.
    meta: String,
}

/// Something Meta has taken away.
#[derive(Serialize, ToSchema)]
pub(crate) struct Restriction {
    /// Meta's word: `RESTRICTED_BUSINESS_INITIATED_CALLING` …
    #[serde(rename = "type")]
    kind: String,
    /// Since when it is known.
    since: String,
    /// When it ends; null: when Meta says so.
    until: Option<String>,
    /// Meta's reason.
    reason: Option<String>,
    /// Calls of ours are not placed meanwhile.
    blocks_our_calls: bool,
    /// Customers cannot call meanwhile.
    blocks_customers_calls: bool,
}

/// A warning of Meta's.
#[derive(Serialize, ToSchema)]
pub(crate) struct Warning {
    /// Meta's word: `USER_INITIATED_CALLS_LOW_PICKUP_RATE` …
    violation: String,
    /// Meta's advice.
    advice: Option<String>,
    /// When.
    at: String,
}

/// Why Meta could not be asked the last time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Trouble {
    /// What happened and what to do.
    what: String,
    /// When.
    at: String,
}

/// A number's calling settings, here and at Meta.
#[derive(Serialize, ToSchema)]
pub(crate) struct Calling {
    /// `num_…`
    number_id: String,
    /// Ours.
    ours: OurCalling,
    /// Meta's; null: never read.
    meta: Option<MetasCalling>,
    /// Where the two differ.
    drift: Vec<Drift>,
    /// When Meta's were read.
    read_at: Option<String>,
    /// What Meta has taken away for a while.
    restrictions: Vec<Restriction>,
    /// Meta's last warning.
    warning: Option<Warning>,
    /// `green`, `yellow`, `red`, `unknown`.
    quality: &'static str,
    /// `TIER_2K` …: calling needs at least 2,000.
    messaging_limit: Option<String>,
    /// The name customers read.
    verified_name: Option<String>,
    /// `AVAILABLE`, `LIMITED`, `BLOCKED`.
    health: Option<String>,
    /// What stands in the way, in Meta's words.
    health_problems: Vec<String>,
    /// Why Meta could not be asked the last time; null: it could.
    trouble: Option<Trouble>,
    /// What to enter at Meta as callback URL.
    webhook_url: String,
}

/// What is to change. What is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallingChange {
    /// Calling on or off, here and at Meta.
    calling: Option<bool>,
    /// `show`, `hide`.
    #[schema(example = "hide")]
    icon: Option<String>,
    /// ISO countries whose customers see the icon; empty: all.
    #[schema(example = json!(["BR"]))]
    countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    callback_permission: Option<bool>,
    /// `pcmu`, `pcma`; none of them: Opus only.
    #[schema(example = json!(["pcmu"]))]
    codecs: Option<Vec<String>>,
    /// `dtls`, `sdes`.
    #[schema(example = "dtls")]
    srtp: Option<String>,
    /// Calls may be placed from the number. Only here.
    business_calls: Option<bool>,
    /// Meta's own sandbox or test number. Only here.
    sandbox: Option<bool>,
}

impl CallingChange {
    fn checked(&self) -> Result<CallingWish, Problem> {
        Ok(CallingWish {
            calling: self.calling,
            icon_shown: match self.icon.as_deref() {
                None => None,
                Some("show") => Some(true),
                Some("hide") => Some(false),
                Some(_) => return Err(Problem::unknown_word("icon", &["show", "hide"])),
            },
            icon_countries: self.countries.as_deref().map(checked_countries).transpose()?,
            callback_permission: self.callback_permission,
            additional_codecs: self
                .codecs
                .as_deref()
                .map(|words| checked_codecs(words, "codecs"))
                .transpose()?,
            key_exchange: self.srtp.as_deref().map(|word| checked_key_exchange(word, "srtp")).transpose()?,
            business_calls: self.business_calls,
            test_number: self.sandbox,
        })
    }
}

fn checked_countries(countries: &[String]) -> Result<Vec<String>, Problem> {
    if countries.len() > MAX_COUNTRIES {
        return Err(Problem::field(Code::InvalidCountry, "countries"));
    }
    let mut checked = Vec::new();
    for (place, country) in countries.iter().enumerate() {
        let country = country.trim().to_ascii_uppercase();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(Problem::field(Code::InvalidCountry, &format!("countries[{place}]")));
        }
        if !checked.contains(&country) {
            checked.push(country);
        }
    }
    Ok(checked)
}

pub(super) fn restriction(one: &MetaRestriction) -> Restriction {
    let rule = one.rule();
    Restriction {
        kind: one.kind.clone(),
        since: rfc3339(rule.since),
        until: rule.ends_at().map(rfc3339),
        reason: one.reason.clone(),
        blocks_our_calls: rule.kind.blocks_our_calls(),
        blocks_customers_calls: rule.kind.blocks_customers_calls(),
    }
}

pub(super) const fn icon(shown: bool) -> &'static str {
    if shown { "show" } else { "hide" }
}

impl Calling {
    fn of(calling: NumberCalling, state: &AppState) -> Self {
        let number = &calling.number;
        let fields = calling.fields.map(|(fields, _)| fields).unwrap_or_default();
        Self {
            number_id: number.id.to_string(),
            ours: OurCalling {
                calling: number.calling_enabled,
                exchange_calling: calling.exchange_calling,
                icon: number.icon_shown.map(icon),
                countries: number.icon_countries.clone(),
                callback_permission: number.callback_permission,
                codecs: number.additional_codecs.iter().map(AdditionalCodec::as_str).collect(),
                srtp: number.srtp_key_exchange.as_str(),
                business_calls: number.business_calls_enabled,
                sandbox: number.test_number,
            },
            read_at: calling.meta.as_ref().map(|(_, at)| rfc3339(*at)),
            meta: calling.meta.map(|(meta, _)| MetasCalling {
                calling: meta.enabled,
                icon: meta.icon_shown().map(icon),
                countries: meta.icon_countries,
                callback_permission: meta.callback_permission,
                codecs: meta.additional_codecs.map(|codecs| lower(&codecs)),
                srtp: meta.key_exchange.map(|word| word.to_ascii_lowercase()),
                sip: meta.sip,
                hours: meta.hours.and_then(|hours| hours.enabled),
            }),
            drift: calling
                .drift
                .into_iter()
                .map(|one| Drift { field: one.field, ours: one.ours, meta: one.meta })
                .collect(),
            restrictions: calling.restrictions.iter().map(restriction).collect(),
            warning: calling.warning.map(|warning| Warning {
                violation: warning.violation,
                advice: warning.advice,
                at: rfc3339(Timestamp::from_micros(warning.at_us)),
            }),
            quality: calling.quality.as_str(),
            messaging_limit: fields.messaging_limit,
            verified_name: fields.verified_name,
            health: fields.health,
            health_problems: fields.health_problems,
            trouble: calling.trouble.map(|(what, at)| Trouble { what, at: rfc3339(at) }),
            webhook_url: webhook_url(state),
        }
    }
}

fn lower(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_ascii_lowercase()).collect()
}

fn webhook_url(state: &AppState) -> String {
    let public = &state.engine().settings().public_url;
    public.join("/api/whatsapp/calling").map_or_else(|_| public.to_string(), |url| url.to_string())
}

/// A number's calling settings, ours and Meta's as they were read last.
#[utoipa::path(
    get, operation_id = "get_number_calling", path = "/api/v1/numbers/{id}/calling", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Calling),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<Calling> {
    let calling = state.engine().number_calling(&signed_in.actor.scope, id).await?;
    Ok(Json(Calling::of(calling, &state)))
}

/// Changes calling settings at Meta, reads them back and keeps them. What Meta refuses is not kept here either.
#[utoipa::path(
    patch, operation_id = "change_number_calling", path = "/api/v1/numbers/{id}/calling", tag = "numbers",
    request_body = CallingChange,
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Calling),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_token`, `meta_refused`", body = ProblemBody),
        (status = 422, description = "`unknown_word`, `invalid_country`", body = ProblemBody),
        (status = 502, description = "`meta_unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    ClientAddress(address): ClientAddress,
    Id(id): Id<NumberId>,
    Body(wanted): Body<CallingChange>,
) -> Answer<Calling> {
    let scope = &signed_in.actor.scope;
    let known = state.store().numbers().by_id(scope, id).await?.ok_or_else(Problem::not_found)?;
    let wish = wanted.checked()?;
    let now = state.engine().clock().now();
    let detail = json!({
        "calling": wish.calling,
        "icon": wish.icon_shown.map(icon),
        "countries": wish.icon_countries,
        "callback_permission": wish.callback_permission,
        "codecs": wish.additional_codecs.map(|codecs| codecs.to_words()),
        "srtp": wish.key_exchange.map(SrtpKeyExchange::as_str),
        "business_calls": wish.business_calls,
        "sandbox": wish.test_number,
    });
    let named = |detail: serde_json::Value| {
        let mut detail = detail;
        if let Some(fields) = detail.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        detail
    };
    let entry = audit_entry(&known, &signed_in, address, now, AuditWhat::NumberChanged, named(detail));
    let calling = state.engine().change_calling(scope, id, wish, vec![entry]).await.map_err(refused)?;
    Ok(Json(Calling::of(calling, &state)))
}

/// Reads a number at Meta now.
#[utoipa::path(
    post, operation_id = "refresh_number_calling", path = "/api/v1/numbers/{id}/calling/refresh", tag = "numbers",
    params(("id" = String, Path, description = "`num_…`")),
    responses(
        (status = 200, body = Calling),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 409, description = "`no_token`, `meta_refused`", body = ProblemBody),
        (status = 502, description = "`meta_unavailable`", body = ProblemBody),
    )
)]
pub(crate) async fn refresh(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Id(id): Id<NumberId>,
) -> Answer<Calling> {
    let calling = state.engine().refresh_number(&signed_in.actor.scope, id).await.map_err(refused)?;
    Ok(Json(Calling::of(calling, &state)))
}

/// Why something was not done at Meta, with what to do about it.
pub(super) fn refused(refused: SyncRefused) -> Problem {
    match refused {
        SyncRefused::Store(error) => error.into(),
        SyncRefused::NoToken => Problem::new(
            Code::NoToken,
            "There is no access token for this number. Put it into META_ACCESS_TOKEN and start the server again.",
        ),
        SyncRefused::NoHours => {
            Problem::new(Code::NoHours, "The number has no hours that Meta could be told. Set them first.")
        }
        SyncRefused::NoHoursAtMeta => Problem::new(
            Code::NoHoursAtMeta,
            "Meta has no hours of this number: there, customers may call day and night.",
        ),
        SyncRefused::CannotTake(why) => super::hours::invalid(&why),
        SyncRefused::CannotHold(why) => super::hours::cannot_hold(&why),
        SyncRefused::Provider(error) => {
            let text = error.provider_text();
            // No answer, or trouble at their end: nobody knows, and it may pass. Everything else is a no.
            let (code, what) = if error.is_ambiguous() || error.http_status.is_none() {
                (Code::MetaUnavailable, "Meta did not answer as it should")
            } else {
                (Code::MetaRefused, "Meta refused")
            };
            let mut problem = Problem::new(code, format!("{what}: {text}. {}", error.remedy()))
                .with("remedy", error.remedy());
            if let Some(code) = error.code {
                problem = problem.with("meta_code", code);
            }
            problem
        }
    }
}
