//! What somebody should look at (I13): facts are gathered in rounds, the core judges them, and what is raised or over
//! is written together with the mails it owes and told to the pages of supervisors.

mod words;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::access::{Role, Scope};
use switchboard_core::alert::{About, AlertKind, Change, Facts, NumberFacts, Open, judge};
use switchboard_core::ids::{AlertId, NumberId, TenantId};
use switchboard_core::time::Timestamp;
use switchboard_provider::event::{AccountUpdate, PhoneNumberQuality, ProviderEvent};
use switchboard_store::StoreError;
use switchboard_store::alerts::Alert;
use switchboard_store::audit::Author;
use switchboard_store::jobs::NewJob;
use switchboard_store::numbers::Number;
use switchboard_store::users::User;

use crate::Engine;
use crate::clock::rfc3339;
use crate::events::{AlertView, ServerMessage};
use crate::jobs::JobKind;
use crate::mail::{Letter, Mail};

/// How often facts are gathered.
const ROUND_EVERY: Duration = Duration::from_secs(15);
/// Alerts told to a page.
const TOLD: usize = 50;

/// What is known between two rounds.
#[derive(Debug, Default)]
pub(crate) struct Lookout {
    heard: Mutex<HashMap<NumberId, (TenantId, Timestamp)>>,
    open: RwLock<Arc<[Alert]>>,
}

impl Engine {
    /// Open alerts this scope may see, oldest first.
    #[must_use]
    pub fn open_alerts(&self, scope: &Scope) -> Vec<AlertView> {
        let open = Arc::clone(&self.lookout().open.read().unwrap_or_else(PoisonError::into_inner));
        open.iter()
            .filter(|alert| self.sees_alert(scope, alert))
            .take(TOLD)
            .map(|alert| self.view_alert(alert))
            .collect()
    }

    /// Open ones and old ones, newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn alerts(&self, scope: &Scope) -> Result<Vec<AlertView>, StoreError> {
        let alerts = self.store().alerts().list(scope.tenant, self.sees_machines(scope)).await?;
        Ok(alerts
            .iter()
            .filter(|alert| self.sees_alert(scope, alert))
            .map(|alert| self.view_alert(alert))
            .collect())
    }

    /// Somebody has seen it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn acknowledge_alert(
        &self,
        scope: &Scope,
        id: AlertId,
        author: &Author,
    ) -> Result<AlertView, StoreError> {
        let alert = self.store().alerts().acknowledge(scope, self.sees_machines(scope), id, author).await?;
        self.tell_alerts().await?;
        Ok(self.view_alert(&alert))
    }

    /// A webhook about a number came.
    pub(crate) fn heard_of(&self, tenant: TenantId, number: NumberId, at: Timestamp) {
        self.lookout().heard.lock().unwrap_or_else(PoisonError::into_inner).insert(number, (tenant, at));
    }

    /// The provider speaks of the account: what is about a number of ours becomes an alert at once.
    pub(crate) async fn account_news(&self, event: &ProviderEvent) -> Result<(), StoreError> {
        let (phone, data) = match event {
            ProviderEvent::AccountUpdate(update) => {
                (&update.phone_number, is_about_calling(update).then(|| restricted(update)))
            }
            ProviderEvent::PhoneNumberQuality(PhoneNumberQuality { phone_number, event, .. }) => {
                (phone_number, (event == "FLAGGED").then(|| json!({ "event": event })))
            }
            ProviderEvent::CallConnect(_)
            | ProviderEvent::CallTerminate(_)
            | ProviderEvent::CallStatus(_)
            | ProviderEvent::CallCreated(_)
            | ProviderEvent::RecordingAvailable(_)
            | ProviderEvent::TranscriptionAvailable(_)
            | ProviderEvent::Message(_)
            | ProviderEvent::MessageStatus(_)
            | ProviderEvent::PermissionReply(_)
            | ProviderEvent::AccountSettings(_)
            | ProviderEvent::Unknown(_) => return Ok(()),
        };
        let Some(number) = phone.as_ref().and_then(|phone| self.number_by_phone(phone.digits())) else {
            tracing::warn!(
                "a notice of the provider names a number that is not known here by its phone number; see the inbox"
            );
            return Ok(());
        };
        if let ProviderEvent::AccountUpdate(update) = event {
            self.standing_news(&number, update).await?;
        }
        // Neither notice says how the number is rated: that has to be asked.
        self.owe(vec![self.reading_of(&number)]).await?;
        let Some(data) = data else { return Ok(()) };
        self.raise_at_once(AlertKind::NumberRestricted, About::Number(number.tenant, number.id), data).await
    }

    pub(crate) fn spawn_lookout(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                match engine.look_out().await {
                    Ok(()) => {}
                    Err(StoreError::Stopped { .. }) => return,
                    Err(error) => {
                        tracing::debug!(error = %error, "alerts are looked at again at the next round")
                    }
                }
                tokio::time::sleep(ROUND_EVERY).await;
            }
        });
    }

    /// One round.
    pub(crate) async fn look_out(&self) -> Result<(), StoreError> {
        let heard = std::mem::take(&mut *self.lookout().heard.lock().unwrap_or_else(PoisonError::into_inner));
        let heard = heard.into_iter().map(|(number, (tenant, at))| (tenant, number, at)).collect();
        self.store().alerts().heard_of(heard).await?;
        self.look_after_safeguards().await?;
        let open = self.store().alerts().open().await?;
        let facts = self.facts().await?;
        let known: Vec<Open> = open.iter().map(as_known).collect();
        for change in judge(self.clock().now(), &facts, &known) {
            match change {
                Change::Raise { kind, about, amount } => {
                    self.raise(kind, about, data_of(kind, amount)).await?
                }
                Change::Resolve { kind, about } => self.resolve(kind, about, &open).await?,
            }
        }
        self.tell_alerts().await
    }

    async fn facts(&self) -> Result<Facts, StoreError> {
        let last_heard_of = self.store().alerts().last_heard_of().await?;
        let verdicts = self.graph().token_verdicts();
        let numbers = self.numbers_of_the_installation();
        let mut dead: BTreeMap<TenantId, u64> = BTreeMap::new();
        for (tenant, kind, count) in self.store().jobs().dead().await? {
            if let Some(JobKind::Relay | JobKind::Mail) = JobKind::from_word(&kind) {
                *dead.entry(tenant).or_default() += count;
            }
        }
        let disk = space(&self.settings().data_dir);
        Ok(Facts {
            numbers: numbers
                .iter()
                .map(|number| NumberFacts {
                    tenant: number.tenant,
                    number: number.id,
                    token_taken: verdicts.get(&number.provider_number_id).copied(),
                    last_webhook_at: last_heard_of
                        .get(&number.id)
                        .copied()
                        .filter(|_| number.calling_enabled),
                    suspended: self.is_suspended(number),
                    quality: self.quality_of(number),
                    pickup_low: self.pickup_low(number),
                    quiet_for: match number.no_webhook_hours {
                        None => self.settings().quiet_for,
                        Some(0) => None,
                        Some(hours) => Some(Duration::from_secs(u64::from(hours) * 3_600)),
                    },
                })
                .collect(),
            dead: Some(dead.into_iter().collect()),
            skew: Some((self.node(), self.clock().skew())),
            disk: disk.map(|(free, all)| (self.node(), free, all)),
        })
    }

    /// What is known to be wrong without a round.
    pub(crate) async fn raise_at_once(
        &self,
        kind: AlertKind,
        about: About,
        data: Value,
    ) -> Result<(), StoreError> {
        self.raise(kind, about, data).await?;
        self.tell_alerts().await
    }

    async fn raise(&self, kind: AlertKind, about: About, data: Value) -> Result<(), StoreError> {
        let mails = self.mails(kind, about, &data, false).await?;
        let now = self.clock().now();
        if let Some(alert) = self.store().alerts().raise(kind, about, data, now, mails).await? {
            tracing::warn!(alert.id = %alert.id, kind = kind.as_str(), "an alert was raised: {}", words::sentence("en", kind, &alert.data, ""));
            self.jobs_are_due();
        }
        Ok(())
    }

    async fn resolve(&self, kind: AlertKind, about: About, open: &[Alert]) -> Result<(), StoreError> {
        let data = open
            .iter()
            .find(|alert| alert.kind == kind && alert.about == about)
            .map(|alert| alert.data.clone());
        let mails = self.mails(kind, about, &data.unwrap_or_default(), true).await?;
        let now = self.clock().now();
        if let Some(alert) = self.store().alerts().resolve(kind, about, now, mails).await? {
            tracing::info!(alert.id = %alert.id, kind = kind.as_str(), "an alert is over");
            self.jobs_are_due();
        }
        Ok(())
    }

    /// To every admin it concerns, in his language.
    async fn mails(
        &self,
        kind: AlertKind,
        about: About,
        data: &Value,
        over: bool,
    ) -> Result<Vec<NewJob>, StoreError> {
        if !self.sends_mail() {
            return Ok(Vec::new());
        }
        let (tenant, number) = match about {
            About::Number(tenant, number) => (Some(tenant), Some(number)),
            About::Tenant(tenant) => (Some(tenant), None),
            About::Node(_) => (self.only_tenant(), None),
        };
        let Some(tenant) = tenant else { return Ok(Vec::new()) };
        let people = self.store().users().list(&Scope::of_the_exchange(tenant)).await?;
        let name = number.and_then(|id| self.number_named(id)).unwrap_or_default();
        let link = self.settings().public_url.to_string();
        let is_asked = |user: &User| user.role >= Role::Admin && user.disabled_at.is_none();
        Ok(people
            .into_iter()
            .filter(is_asked)
            .filter_map(|user| {
                let sentence = words::sentence(&user.language, kind, data, &name);
                let link = link.clone();
                let letter = if over {
                    Letter::AlertResolved { sentence, link }
                } else {
                    Letter::AlertRaised { sentence, link }
                };
                let (to, name, language) = (user.email, user.name, user.language);
                self.mail(tenant, Mail { to, name, language, good_until: None, letter })
            })
            .collect())
    }

    /// Reads what is open; when that is news, supervisors are told.
    async fn tell_alerts(&self) -> Result<(), StoreError> {
        let open: Arc<[Alert]> = self.store().alerts().open().await?.into();
        let before = std::mem::replace(
            &mut *self.lookout().open.write().unwrap_or_else(PoisonError::into_inner),
            Arc::clone(&open),
        );
        if before != open {
            self.agents().tell_supervisors(|scope| ServerMessage::Alerts { items: self.open_alerts(scope) });
        }
        Ok(())
    }

    fn view_alert(&self, alert: &Alert) -> AlertView {
        let name = alert.number().and_then(|number| self.number_named(number)).unwrap_or_default();
        AlertView {
            id: alert.id.to_string(),
            kind: alert.kind.as_str(),
            number_id: alert.number().map(|number| number.to_string()),
            since: rfc3339(alert.since),
            data: alert.data.clone(),
            sentence: words::sentence("en", alert.kind, &alert.data, &name),
            acknowledged_at: alert.acknowledged_at.map(rfc3339),
            resolved_at: alert.resolved_at.map(rfc3339),
        }
    }

    /// Supervisors see what is of their business and branches.
    fn sees_alert(&self, scope: &Scope, alert: &Alert) -> bool {
        let theirs = match alert.tenant() {
            Some(tenant) => tenant == scope.tenant,
            None => self.sees_machines(scope),
        };
        let branch =
            alert.number().and_then(|id| self.numbers_of_the_installation().into_iter().find(|n| n.id == id));
        theirs
            && scope.role >= Role::Supervisor
            && branch.is_none_or(|number| scope.branches.reach(number.branch))
    }

    /// The machine is its operator's; where there is one business only, it is its admins' as well.
    fn sees_machines(&self, scope: &Scope) -> bool {
        scope.role >= Role::Operator
            || (scope.role >= Role::Admin && self.only_tenant() == Some(scope.tenant))
    }

    /// The business all numbers belong to.
    fn only_tenant(&self) -> Option<TenantId> {
        let numbers = self.numbers_of_the_installation();
        let first = numbers.first()?.tenant;
        numbers.iter().all(|number| number.tenant == first).then_some(first)
    }

    fn number_named(&self, id: NumberId) -> Option<String> {
        self.numbers_of_the_installation()
            .into_iter()
            .find(|number| number.id == id)
            .map(|number| number.name.clone())
    }

    fn number_by_phone(&self, phone: &str) -> Option<Arc<Number>> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let wanted = digits(phone);
        let numbers = self.numbers_of_the_installation();
        let found =
            numbers.iter().find(|number| !wanted.is_empty() && digits(&number.display_phone) == wanted);
        // The only one it can be about, though nobody has entered its phone number.
        found.or_else(|| numbers.first().filter(|_| numbers.len() == 1)).cloned()
    }
}

fn is_about_calling(update: &AccountUpdate) -> bool {
    matches!(update.event.as_str(), "ACCOUNT_VIOLATION" | "ACCOUNT_RESTRICTION")
}

fn restricted(update: &AccountUpdate) -> Value {
    let kinds: Vec<&str> = update.restrictions.iter().map(|restriction| restriction.kind.as_str()).collect();
    let until = update.restrictions.iter().filter_map(|restriction| restriction.until).max();
    json!({
        "event": update.event,
        "violation": update.violation,
        "remediation": update.remediation,
        "restrictions": kinds,
        "until": until.map(rfc3339),
    })
}

fn as_known(alert: &Alert) -> Open {
    let until = alert.data["until"].as_str().and_then(|text| chrono::DateTime::parse_from_rfc3339(text).ok());
    Open {
        kind: alert.kind,
        about: alert.about,
        since: alert.since,
        until: until.map(|at| Timestamp::from_micros(at.timestamp_micros())),
    }
}

fn data_of(kind: AlertKind, amount: u64) -> Value {
    match kind {
        AlertKind::NoWebhook => json!({ "hours": amount / 3_600 }),
        AlertKind::DeliveriesDead => json!({ "count": amount }),
        AlertKind::ClockSkew => json!({ "skew_ms": amount }),
        AlertKind::DiskLow => json!({ "percent_free": amount }),
        AlertKind::PickupLow => json!({ "percent": amount }),
        AlertKind::TokenInvalid
        | AlertKind::NumberRestricted
        | AlertKind::NumberSuspended
        | AlertKind::QualityRed
        | AlertKind::QualityYellow => json!({}),
    }
}

/// Bytes free for us and in all.
fn space(folder: &Path) -> Option<(u64, u64)> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some((disk.f_bavail.saturating_mul(disk.f_frsize), disk.f_blocks.saturating_mul(disk.f_frsize)))
}
