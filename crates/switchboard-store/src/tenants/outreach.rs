//! What a business decides about asking and calling its customers.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::eligibility::ConsentPolicy;

use super::{TenantSettings, Tenants};
use crate::audit::{self, AuditSubject, Author};
use crate::columns;
use crate::db::Lane;
use crate::entities::tenant;
use crate::error::{Failure, StoreError};

/// A temporary permission is used within this span of its grant, unless the business says otherwise (P3).
const CALL_WITHIN_HOURS: u32 = 72;

/// A template, as the provider names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateName {
    /// Its name.
    pub name: String,
    /// Its language: `en`, `pt_BR`.
    pub language: String,
}

/// What a business decides about asking and calling its customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outreach {
    /// A temporary permission is used within so many hours of its grant; none: as long as the provider says.
    pub call_within_hours: Option<u32>,
    /// What is asked inside the window when nobody writes other words.
    pub request_text: Option<String>,
    /// What is sent outside of it.
    pub request_template: Option<TemplateName>,
    /// Phrases that ask for a call, besides those we know.
    pub call_phrases: Vec<String>,
    /// Whether a call needs a consent of our own ledger.
    pub consent_policy: ConsentPolicy,
    /// Minutes of a month of all its numbers, after which it calls nobody; none: no limit.
    pub monthly_minutes: Option<u32>,
}

impl Default for Outreach {
    fn default() -> Self {
        Self {
            call_within_hours: Some(CALL_WITHIN_HOURS),
            request_text: None,
            request_template: None,
            call_phrases: Vec::new(),
            consent_policy: ConsentPolicy::PermissionCounts,
            monthly_minutes: None,
        }
    }
}

impl Outreach {
    /// The house rule as a span.
    #[must_use]
    pub fn call_within(&self) -> Option<Duration> {
        self.call_within_hours.map(|hours| Duration::from_secs(u64::from(hours) * 3_600))
    }
}

/// What the column holds; what is not there is as always.
#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Kept {
    /// Hours; 0 = as the provider says.
    call_within_hours: Option<u32>,
    request_text: Option<String>,
    request_template: Option<TemplateName>,
    call_phrases: Vec<String>,
    consent_policy: Option<String>,
    monthly_minutes: Option<u32>,
}

impl Tenants<'_> {
    /// What the tenant of this scope decides about asking and calling.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn outreach(&self, scope: &Scope) -> Result<Outreach, StoreError> {
        Ok(read(&self.row(scope, "look up how customers are asked").await?.outreach))
    }

    /// Changes it; says what it is now.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn change_outreach(
        &self,
        scope: &Scope,
        change: impl FnOnce(&mut Outreach) + Send + 'static,
        author: &Author,
    ) -> Result<Outreach, StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 2, "change how customers are asked", move |transaction| {
                Box::pin(async move { apply(transaction, &of_scope, change, &author).await })
            })
            .await
    }

    /// Changes it together with what the tenant decides about its people: both or neither.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database fails.
    pub async fn change_settings_and_outreach(
        &self,
        scope: &Scope,
        settings: impl FnOnce(&mut TenantSettings) + Send + 'static,
        outreach: impl FnOnce(&mut Outreach) + Send + 'static,
        author: &Author,
    ) -> Result<(TenantSettings, Outreach), StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        self.db
            .write(Lane::Settings, scope, 4, "change the settings of the tenant", move |transaction| {
                Box::pin(async move {
                    let settings = super::apply(transaction, &of_scope, settings, &author).await?;
                    let outreach = apply(transaction, &of_scope, outreach, &author).await?;
                    Ok((settings, outreach))
                })
            })
            .await
    }
}

async fn apply(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    change: impl FnOnce(&mut Outreach),
    author: &Author,
) -> Result<Outreach, Failure> {
    let row = super::locked(transaction, scope, "change how customers are asked").await?;
    let before = read(&row.outreach);
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return Ok(before);
    }
    tenant::Entity::update_many()
        .col_expr(tenant::Column::Outreach, Expr::val(columns::json(&to_json(&after))))
        .filter(tenant::Column::Id.eq(scope.tenant.uuid()))
        .exec(transaction)
        .await?;
    let subject = AuditSubject::new(AuditKind::Settings, scope.tenant);
    let entry = author.did(AuditWhat::SettingsChanged, subject, difference(&before, &after));
    audit::append(transaction, Some(audit::row(scope, entry))).await?;
    Ok(after)
}

fn to_json(outreach: &Outreach) -> Value {
    json!(Kept {
        call_within_hours: Some(outreach.call_within_hours.unwrap_or(0)),
        request_text: outreach.request_text.clone(),
        request_template: outreach.request_template.clone(),
        call_phrases: outreach.call_phrases.clone(),
        consent_policy: Some(outreach.consent_policy.as_str().to_owned()),
        monthly_minutes: outreach.monthly_minutes,
    })
}

fn read(json: &Value) -> Outreach {
    let kept = Kept::deserialize(json).unwrap_or_default();
    let usual = Outreach::default();
    Outreach {
        call_within_hours: kept
            .call_within_hours
            .map_or(usual.call_within_hours, |hours| (hours > 0).then_some(hours)),
        request_text: kept.request_text,
        request_template: kept.request_template,
        call_phrases: kept.call_phrases,
        consent_policy: kept
            .consent_policy
            .and_then(|word| ConsentPolicy::from_word(&word))
            .unwrap_or(usual.consent_policy),
        monthly_minutes: kept.monthly_minutes,
    }
}

fn difference(before: &Outreach, after: &Outreach) -> Value {
    let (before, after) = (to_json(before), to_json(after));
    let both = before.as_object().into_iter().flatten().zip(after.as_object().into_iter().flatten());
    let changed: Map<String, Value> = both
        .filter(|((_, from), (_, to))| from != to)
        .map(|((name, from), (_, to))| (name.clone(), json!({ "from": from, "to": to })))
        .collect();
    Value::Object(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_said_is_as_always_and_what_was_said_reads_back() {
        assert_eq!(read(&json!({})), Outreach::default());
        let own = Outreach {
            call_within_hours: None,
            request_text: Some("May we call?".to_owned()),
            request_template: Some(TemplateName { name: "cpr".to_owned(), language: "en".to_owned() }),
            call_phrases: vec!["ring me".to_owned()],
            consent_policy: ConsentPolicy::Required,
            monthly_minutes: Some(5_000),
        };
        assert_eq!(read(&to_json(&own)), own);
    }
}
