//! What a business decides about its people.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use switchboard_core::access::MaskNumbersFor;
use switchboard_core::eligibility::ConsentPolicy;
use switchboard_engine::MAX_BODY;
use switchboard_store::tenants::{Outreach, TemplateName, TenantSettings};
use utoipa::ToSchema;

use crate::auth::actor::SignedIn;
use crate::error::{Answer, Code, Problem, ProblemBody};
use crate::input::Body;
use crate::state::AppState;

/// From an hour to 30 days.
const INVITATION_HOURS: RangeInclusive<u32> = 1..=720;
/// From an hour to the longest temporary permission.
const CALL_WITHIN_HOURS: RangeInclusive<u32> = 1..=168;
/// More than all numbers of an installation can talk in a month.
const MONTHLY_MINUTES: RangeInclusive<u32> = 1..=10_000_000;
/// Phrases of a business.
const MAX_PHRASES: usize = 100;
/// Characters of a phrase.
const PHRASE_CHARS: RangeInclusive<usize> = 2..=60;
/// From five minutes to a day.
const PASSWORD_RESET_MINUTES: RangeInclusive<u32> = 5..=1_440;

/// Settings of the business.
#[derive(Serialize, ToSchema)]
pub(crate) struct Settings {
    /// Up to which role customers' numbers are shown in part only: `none`, `agent`, `supervisor`.
    mask_numbers_for: &'static str,
    /// Calls without a branch are seen by every branch.
    calls_without_branch_visible: bool,
    /// How long an invitation's link opens something.
    invitation_valid_hours: u64,
    /// The same for a link to set a new password.
    password_reset_valid_minutes: u64,
    /// A temporary permission is used within so many hours of its grant; null: as long as the provider says.
    call_within_hours: Option<u32>,
    /// What customers are asked in free words; null: the provider's own words stand alone.
    permission_request_text: Option<String>,
    /// What they are asked with outside the window.
    permission_request_template: Option<TemplateSetting>,
    /// Phrases that ask for a call, besides those the exchange knows.
    call_phrases: Vec<String>,
    /// Whether a call needs a consent besides the permission: `permission_counts`, `required`, `off`.
    consent_policy: &'static str,
    /// Minutes of a month of all numbers together, after which nobody is called; null: no limit.
    monthly_minutes: Option<u32>,
    /// Begun minutes of finished calls of this month, of all numbers together. The month is that of the first number's zone;
    /// the limit goes by the zone of the number that calls, whose month may turn some hours earlier or later.
    minutes_used: u64,
}

/// A template, as the provider names it.
#[derive(Serialize, Deserialize, ToSchema, Clone)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateSetting {
    /// Its name.
    name: String,
    /// Its language: `en`, `pt_BR`.
    language: String,
}

/// What may be changed; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsChange {
    /// `none`, `agent`, `supervisor`.
    #[schema(example = "agent")]
    mask_numbers_for: Option<String>,
    /// Calls without a branch are seen by every branch.
    calls_without_branch_visible: Option<bool>,
    /// 1 to 720.
    invitation_valid_hours: Option<u32>,
    /// 5 to 1,440.
    password_reset_valid_minutes: Option<u32>,
    /// 1 to 168; 0: as long as the provider says.
    call_within_hours: Option<u32>,
    /// Up to 1,024 characters; empty: the provider's own words stand alone.
    permission_request_text: Option<String>,
    /// An empty name: none.
    permission_request_template: Option<TemplateSetting>,
    /// All of them: up to 100 phrases of 2 to 60 characters.
    call_phrases: Option<Vec<String>>,
    /// `permission_counts`, `required`, `off`.
    consent_policy: Option<String>,
    /// Up to 10,000,000; 0: no limit.
    monthly_minutes: Option<u32>,
}

impl Settings {
    fn of(settings: TenantSettings, outreach: Outreach, minutes_used: u64) -> Self {
        Self {
            minutes_used,
            call_within_hours: outreach.call_within_hours,
            permission_request_text: outreach.request_text,
            permission_request_template: outreach
                .request_template
                .map(|it| TemplateSetting { name: it.name, language: it.language }),
            call_phrases: outreach.call_phrases,
            consent_policy: outreach.consent_policy.as_str(),
            monthly_minutes: outreach.monthly_minutes,
            mask_numbers_for: settings.mask_numbers_for.as_str(),
            calls_without_branch_visible: settings.calls_without_branch_visible,
            invitation_valid_hours: settings.invitation_valid.as_secs() / 3_600,
            password_reset_valid_minutes: settings.password_reset_valid.as_secs() / 60,
        }
    }
}

/// The settings of the business.
#[utoipa::path(
    get, operation_id = "get_settings", path = "/api/v1/settings", tag = "settings",
    responses((status = 200, body = Settings), (status = 401, body = ProblemBody), (status = 403, body = ProblemBody))
)]
pub(crate) async fn get(State(state): State<AppState>, signed_in: SignedIn) -> Answer<Settings> {
    let scope = &signed_in.actor.scope;
    let tenants = state.store().tenants();
    let used = state.engine().minutes_used(scope).await?;
    Ok(Json(Settings::of(tenants.settings(scope).await?, tenants.outreach(scope).await?, used)))
}

/// Changes settings of the business. They count at once: open pages come back by themselves and see what they may now.
#[utoipa::path(
    patch, operation_id = "change_settings", path = "/api/v1/settings", tag = "settings", request_body = SettingsChange,
    responses(
        (status = 200, body = Settings),
        (status = 401, body = ProblemBody),
        (status = 403, body = ProblemBody),
        (status = 422, description = "`unknown_word`, `out_of_range`, `invalid_message`", body = ProblemBody),
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    signed_in: SignedIn,
    Body(change): Body<SettingsChange>,
) -> Answer<Settings> {
    let mask = change.mask_numbers_for.as_deref().map(mask_of).transpose()?;
    let hours = checked(change.invitation_valid_hours, "invitation_valid_hours", &INVITATION_HOURS)?;
    let minutes = checked(
        change.password_reset_valid_minutes,
        "password_reset_valid_minutes",
        &PASSWORD_RESET_MINUTES,
    )?;
    let outreach = outreach_of(&change)?;
    let visible = change.calls_without_branch_visible;
    let apply = move |settings: &mut TenantSettings| {
        settings.mask_numbers_for = mask.unwrap_or(settings.mask_numbers_for);
        settings.calls_without_branch_visible = visible.unwrap_or(settings.calls_without_branch_visible);
        if let Some(hours) = hours {
            settings.invitation_valid = Duration::from_secs(u64::from(hours) * 3_600);
        }
        if let Some(minutes) = minutes {
            settings.password_reset_valid = Duration::from_secs(u64::from(minutes) * 60);
        }
    };
    let scope = &signed_in.actor.scope;
    let author = signed_in.author(&state);
    let tenants = state.store().tenants();
    // Before the change: what is committed is never answered with a trouble.
    let used = state.engine().minutes_used(scope).await?;
    let (settings, outreach) = tenants.change_settings_and_outreach(scope, apply, outreach, &author).await?;
    state.engine().rights_of_tenant_changed(scope.tenant, |scope| settings.narrow(scope));
    Ok(Json(Settings::of(settings, outreach, used)))
}

/// The change of how customers are asked and called, checked.
fn outreach_of(change: &SettingsChange) -> Result<impl FnOnce(&mut Outreach) + Send + 'static, Problem> {
    let wrong = |path: &str| Problem::field(Code::InvalidMessage, path);
    let hours = match change.call_within_hours {
        Some(0) => Some(None),
        hours => checked(hours, "call_within_hours", &CALL_WITHIN_HOURS)?.map(Some),
    };
    let minutes = match change.monthly_minutes {
        Some(0) => Some(None),
        minutes => checked(minutes, "monthly_minutes", &MONTHLY_MINUTES)?.map(Some),
    };
    let text = change.permission_request_text.as_ref().map(|text| text.trim().to_owned());
    if text.as_ref().is_some_and(|text| text.chars().count() > MAX_BODY) {
        return Err(wrong("permission_request_text"));
    }
    let template = change.permission_request_template.clone().map(|it| {
        let (name, language) = (it.name.trim().to_owned(), it.language.trim().to_owned());
        (!name.is_empty()).then_some(TemplateName { name, language })
    });
    if let Some(Some(template)) = &template {
        let is_good = |text: &str| !text.is_empty() && text.chars().count() <= 512;
        if !is_good(&template.name) || !is_good(&template.language) {
            return Err(wrong("permission_request_template"));
        }
    }
    let phrases = change
        .call_phrases
        .as_ref()
        .map(|phrases| phrases.iter().map(|phrase| phrase.trim().to_owned()).collect::<Vec<_>>());
    if let Some(phrases) = &phrases
        && (phrases.len() > MAX_PHRASES
            || phrases.iter().any(|phrase| !PHRASE_CHARS.contains(&phrase.chars().count())))
    {
        return Err(wrong("call_phrases"));
    }
    let words: Vec<&str> = ConsentPolicy::ALL.iter().map(|policy| policy.as_str()).collect();
    let policy = change
        .consent_policy
        .as_deref()
        .map(|word| {
            ConsentPolicy::from_word(word).ok_or_else(|| Problem::unknown_word("consent_policy", &words))
        })
        .transpose()?;
    Ok(move |outreach: &mut Outreach| {
        outreach.call_within_hours = hours.unwrap_or(outreach.call_within_hours);
        outreach.monthly_minutes = minutes.unwrap_or(outreach.monthly_minutes);
        if let Some(text) = text {
            outreach.request_text = (!text.is_empty()).then_some(text);
        }
        if let Some(template) = template {
            outreach.request_template = template;
        }
        if let Some(phrases) = phrases {
            outreach.call_phrases = phrases;
        }
        outreach.consent_policy = policy.unwrap_or(outreach.consent_policy);
    })
}

fn mask_of(word: &str) -> Result<MaskNumbersFor, Problem> {
    let words = MaskNumbersFor::ALL.map(MaskNumbersFor::as_str);
    MaskNumbersFor::from_word(word).ok_or_else(|| Problem::unknown_word("mask_numbers_for", &words))
}

fn checked(value: Option<u32>, path: &str, taken: &RangeInclusive<u32>) -> Result<Option<u32>, Problem> {
    match value {
        Some(value) if !taken.contains(&value) => Err(Problem::out_of_range(path, taken)),
        value => Ok(value),
    }
}
