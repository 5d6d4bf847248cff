//! Reading a number at Meta: on demand, when a webhook says that something changed, and slowly by itself.

use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;
use switchboard_provider::error::{GraphError, Retry};
use switchboard_provider::event::{AccountSettings, AccountUpdate};
use switchboard_store::StoreError;
use switchboard_store::jobs::NewJob;
use switchboard_store::number_states::{NumberState, Said};
use switchboard_store::numbers::Number;

use super::said::{self, MetaFields, MetaRestriction, MetaSettings, MetaWarning};
use super::{GRAPH_TIMEOUT, SyncRefused};
use crate::Engine;
use crate::events::ServerMessage;
use crate::jobs::{Attempt, Owed, Trouble};

/// A number that was not read for so long is read. Webhooks tell of what is urgent; hours and countries they do not.
const READ_EVERY: Duration = Duration::from_secs(6 * 60 * 60);
/// How often it is looked whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);
/// Numbers whose reading is owed at once; the rest has its turn at the next look.
const AT_ONCE: usize = 100;

impl Engine {
    /// Asks Meta for everything about a number and keeps it.
    pub(crate) async fn read_number(&self, number: &Number) -> Result<(), SyncRefused> {
        let Some(token) = self.token(&number.provider_number_id) else { return Err(SyncRefused::NoToken) };
        let id = &number.provider_number_id;
        // What is safe to repeat is repeated once.
        let mut settings = self.graph().settings(id, token, GRAPH_TIMEOUT).await;
        if is_safe_to_repeat(&settings) {
            settings = self.graph().settings(id, token, GRAPH_TIMEOUT).await;
        }
        let fields = match &settings {
            Ok(_) => self.graph().number_fields(id, token, GRAPH_TIMEOUT).await,
            Err(error) => Err(error.clone()),
        };
        let now = self.clock().now();
        let clock = self.clock().clone();
        let failed = fields.as_ref().err().cloned();
        self.learn_of(number, now, move |state| {
            if let Ok(read) = &settings {
                state.settings = said(&MetaSettings::of(read), now);
                if let Some(list) = &read.restrictions {
                    let list = list.iter().map(|one| MetaRestriction::of(one, now, &clock)).collect();
                    let known = said::restrictions(&state.restrictions);
                    state.restrictions = value(&said::replaced(&known, list));
                }
            }
            if let Ok(read) = &fields {
                state.fields = said(&MetaFields::of(read), now);
            }
            let error = fields.as_ref().err();
            state.trouble = error.map(|error| (format!("{error}. {}", error.remedy()), now));
        })
        .await?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Meta says that settings of a number changed.
    pub(crate) async fn settings_news(
        &self,
        number: &Number,
        news: AccountSettings,
    ) -> Result<(), StoreError> {
        let Some(calling) = news.calling else { return Ok(()) };
        let now = self.clock().now();
        let clock = self.clock().clone();
        let at = news.at.map_or(now, |at| clock.correct(at)).min(now);
        self.learn_of(number, now, move |state| {
            // Meta counts whole seconds: what was read in the same second may be older.
            let is_old = state.settings.as_ref().is_some_and(|known| at.seconds() < known.at.seconds());
            if is_old {
                return;
            }
            let mut settings: MetaSettings = state
                .settings
                .take()
                .and_then(|known| serde_json::from_value(known.what).ok())
                .unwrap_or_default();
            settings.learn(MetaSettings::of(&calling));
            state.settings = said(&settings, at);
            if let Some(list) = &calling.restrictions {
                let list = list.iter().map(|one| MetaRestriction::of(one, at, &clock)).collect();
                let known = said::restrictions(&state.restrictions);
                state.restrictions = value(&said::replaced(&known, list));
            }
        })
        .await
    }

    /// Meta warns about a number, or takes something away.
    pub(crate) async fn standing_news(
        &self,
        number: &Number,
        update: &AccountUpdate,
    ) -> Result<(), StoreError> {
        let now = self.clock().now();
        let clock = self.clock();
        let since = update.at.map_or(now, |at| clock.correct(at)).min(now);
        let news: Vec<_> =
            update.restrictions.iter().map(|one| MetaRestriction::of(one, since, clock)).collect();
        let warning = MetaWarning::of(update, now);
        self.learn_of(number, now, move |state| {
            let known = said::restrictions(&state.restrictions);
            state.restrictions = value(&said::added(&known, news, now));
            if let Some(warning) = warning {
                state.warning = serde_json::to_value(&warning).ok();
            }
        })
        .await
    }

    async fn learn_of(
        &self,
        number: &Number,
        now: Timestamp,
        change: impl FnOnce(&mut NumberState) + Send + 'static,
    ) -> Result<(), StoreError> {
        let scope = Scope::of_the_exchange(number.tenant);
        self.store().number_states().change(&scope, number.id, now, change).await?;
        self.reload_standings().await?;
        self.number_changed(number);
        Ok(())
    }

    /// Pages that show this number look again.
    pub(crate) fn number_changed(&self, number: &Number) {
        let message = ServerMessage::NumberChanged { number_id: number.id.to_string() };
        self.agents().tell_everybody(number.tenant, number.branch, &message);
    }

    /// A reading that is owed, once however often it is asked for.
    pub(crate) fn reading_of(&self, number: &Number) -> NewJob {
        let mut job = self.job(Some(number.tenant), &Owed::ReadNumber { number: number.id.to_string() });
        job.once_key = Some(format!("read_number:{}", number.id));
        job
    }

    pub(crate) async fn carry_out_reading(&self, id: &str) -> Attempt {
        let id: Option<NumberId> = id.parse().ok();
        let Some(number) = id.and_then(|id| self.known_number(id)) else { return Attempt::Done };
        match self.read_number(&number).await {
            Ok(()) => Attempt::Done,
            Err(SyncRefused::Store(error)) => error.into(),
            Err(SyncRefused::Provider(error)) => {
                let wait = if let Retry::After(wait) = error.retry { Some(wait) } else { None };
                // Kept as the trouble of the number; the next reading comes by itself.
                if error.retry == Retry::Never && !error.is_ambiguous() {
                    return Attempt::Done;
                }
                Attempt::Failed(Trouble { what: error.to_string(), wait })
            }
            Err(
                SyncRefused::NoToken
                | SyncRefused::CannotHold(_)
                | SyncRefused::NoHours
                | SyncRefused::NoHoursAtMeta
                | SyncRefused::CannotTake(_),
            ) => Attempt::Done,
        }
    }

    pub(crate) fn spawn_number_readings(&self) {
        let engine = self.clone();
        tokio::spawn(async move {
            loop {
                match engine.owe_readings().await {
                    Ok(()) => {}
                    Err(StoreError::Stopped { .. }) => return,
                    Err(error) => {
                        tracing::debug!(error = %error, "numbers that are due are read after the next look")
                    }
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
    }

    async fn owe_readings(&self) -> Result<(), StoreError> {
        let before = self.clock().now().minus(READ_EVERY);
        let is_due = |number: &Number| {
            let meta = &self.standings().of(number.id).meta;
            let read = meta.settings.as_ref().map(|(_, at)| *at);
            let tried = meta.trouble.as_ref().map(|(_, at)| *at);
            read.max(tried).is_none_or(|at| at < before)
        };
        let due = self
            .numbers_of_the_installation()
            .into_iter()
            .filter(|number| self.token(&number.provider_number_id).is_some() && is_due(number));
        let jobs: Vec<_> = due.take(AT_ONCE).map(|number| self.reading_of(&number)).collect();
        if jobs.is_empty() { Ok(()) } else { self.owe(jobs).await }
    }
}

fn is_safe_to_repeat<T>(answer: &Result<T, GraphError>) -> bool {
    answer.as_ref().is_err_and(|error| error.retry == Retry::Safe)
}

fn said<T: serde::Serialize>(what: &T, at: Timestamp) -> Option<Said> {
    Some(Said { what: serde_json::to_value(what).ok()?, at })
}

fn value(restrictions: &[MetaRestriction]) -> serde_json::Value {
    serde_json::to_value(restrictions).unwrap_or_else(|_| serde_json::json!([]))
}
