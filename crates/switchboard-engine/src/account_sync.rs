//! Our settings of a number and Meta's: what is wanted is applied there, read back, kept, and where the two differ it is
//! said. Webhooks keep it current, and a slow reading finds what no webhook tells.

mod drift;
mod reading;
pub(crate) mod said;

use std::sync::Arc;
use std::time::Duration;

use switchboard_core::access::Scope;
use switchboard_core::hours::{HoursRefusal, MetaCannotHold};
use switchboard_core::ids::NumberId;
use switchboard_core::media_terms::{AdditionalCodecs, SrtpKeyExchange};
use switchboard_core::safeguard::Quality;
use switchboard_core::time::Timestamp;
use switchboard_provider::error::{GraphError, Retry};
use switchboard_provider::secret::AccessToken;
use switchboard_provider::settings::CallingChange;
use switchboard_store::StoreError;
use switchboard_store::audit::AuditEntry;
use switchboard_store::numbers::{Number, NumberChange};

use crate::Engine;

pub use drift::Drift;
pub use said::{MetaCallHours, MetaFields, MetaRestriction, MetaSettings, MetaWarning};

/// One request about a number may take this long.
const GRAPH_TIMEOUT: Duration = Duration::from_secs(10);

/// What is wanted of a number. What is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallingWish {
    /// Calling on or off, here and at Meta.
    pub calling: Option<bool>,
    /// The call icon shown or hidden.
    pub icon_shown: Option<bool>,
    /// Countries whose customers see it; empty: all.
    pub icon_countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    pub callback_permission: Option<bool>,
    /// Codecs beside Opus.
    pub additional_codecs: Option<AdditionalCodecs>,
    /// How keys are agreed.
    pub key_exchange: Option<SrtpKeyExchange>,
    /// Calls of ours. Meta knows nothing of it.
    pub business_calls: Option<bool>,
    /// Meta's own test number. Meta knows that by itself.
    pub test_number: Option<bool>,
}

/// A number's settings, ours and Meta's.
#[derive(Debug, Clone)]
pub struct NumberCalling {
    /// Ours.
    pub number: Number,
    /// Calling is on for the exchange.
    pub exchange_calling: bool,
    /// Meta's, and when they were read.
    pub meta: Option<(MetaSettings, Timestamp)>,
    /// Quality and the like, and when they were read.
    pub fields: Option<(MetaFields, Timestamp)>,
    /// The rating.
    pub quality: Quality,
    /// Where the two differ.
    pub drift: Vec<Drift>,
    /// What is restricted now.
    pub restrictions: Vec<MetaRestriction>,
    /// The last warning.
    pub warning: Option<MetaWarning>,
    /// Why Meta could not be asked the last time, and when.
    pub trouble: Option<(String, Timestamp)>,
}

/// Why something was not done at Meta.
#[derive(Debug, thiserror::Error)]
pub enum SyncRefused {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no access token for this number.
    #[error("there is no access token for this number")]
    NoToken,
    /// Meta says no, or does not answer.
    #[error(transparent)]
    Provider(Box<GraphError>),
    /// Meta has no words for these hours.
    #[error(transparent)]
    CannotHold(MetaCannotHold),
    /// There is nothing to tell Meta.
    #[error("the number has no hours")]
    NoHours,
    /// There is nothing to take over from Meta.
    #[error("the number has no hours at Meta")]
    NoHoursAtMeta,
    /// Meta has hours that ours cannot be.
    #[error(transparent)]
    CannotTake(HoursRefusal),
}

impl From<GraphError> for SyncRefused {
    fn from(error: GraphError) -> Self {
        Self::Provider(Box::new(error))
    }
}

impl Engine {
    /// A number's settings, ours and Meta's as they were read last.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn number_calling(&self, scope: &Scope, id: NumberId) -> Result<NumberCalling, StoreError> {
        let number = self.number_of_scope(scope, id).await?;
        Ok(self.calling_of(number))
    }

    /// The same, read anew.
    ///
    /// # Errors
    /// See [`SyncRefused`].
    pub async fn refresh_number(&self, scope: &Scope, id: NumberId) -> Result<NumberCalling, SyncRefused> {
        let number = self.number_of_scope(scope, id).await?;
        self.read_number(&number).await?;
        Ok(self.calling_of(number))
    }

    /// Changes settings at Meta and here, and reads them back. What Meta refuses is not kept here either; only off is off
    /// at once, whatever Meta says.
    ///
    /// # Errors
    /// See [`SyncRefused`].
    pub async fn change_calling(
        &self,
        scope: &Scope,
        id: NumberId,
        wish: CallingWish,
        entries: Vec<AuditEntry>,
    ) -> Result<NumberCalling, SyncRefused> {
        let (engine, scope) = (self.clone(), scope.clone());
        // Whoever asked may go away; what Meta has taken is kept here all the same.
        let work = tokio::spawn(async move { engine.apply_calling(&scope, id, wish, entries).await });
        work.await.unwrap_or_else(|_| Err(interrupted(id)))
    }

    async fn apply_calling(
        &self,
        scope: &Scope,
        id: NumberId,
        wish: CallingWish,
        mut entries: Vec<AuditEntry>,
    ) -> Result<NumberCalling, SyncRefused> {
        let number = self.number_of_scope(scope, id).await?;
        if wish.calling == Some(false) && number.calling_enabled {
            let off = NumberChange { calling_enabled: Some(false), ..NumberChange::default() };
            let now = self.clock().now();
            let done = set_apart(&mut entries, "calling");
            self.store().numbers().update_audited(scope, id, off, done, now).await?;
            self.reload_numbers().await?;
            self.number_changed(&number);
        }
        let change = at_meta(&wish);
        if !change.is_empty() {
            let token = self.token(&number.provider_number_id).ok_or(SyncRefused::NoToken)?;
            if let Err(error) = self.write_settings(&number, token, &change).await {
                // The first of two requests may have been carried out, or this one although nobody said so.
                if let Err(unread) = self.read_number(&number).await {
                    tracing::debug!(number.id = %number.id, error = %unread, "settings are read back later");
                }
                return Err(error.into());
            }
        }
        let now = self.clock().now();
        let number = self.store().numbers().update_audited(scope, id, here(wish), entries, now).await?;
        self.reload_numbers().await?;
        tracing::info!(number.id = %number.id, "the calling settings of a number were changed");
        if change.is_empty() {
            self.number_changed(&number);
        } else if let Err(error) = self.read_number(&number).await {
            // It is done; what Meta made of it is seen at the next reading.
            tracing::warn!(number.id = %number.id, error = %error, "changed settings could not be read back");
        }
        Ok(self.calling_of(number))
    }

    /// Sends a change; what is safe to repeat is repeated once.
    pub(crate) async fn write_settings(
        &self,
        number: &Number,
        token: &AccessToken,
        change: &CallingChange,
    ) -> Result<(), GraphError> {
        let id = &number.provider_number_id;
        let first = self.graph().change_settings(id, token, change, GRAPH_TIMEOUT).await;
        match first {
            Err(error) if error.retry == Retry::Safe => {
                self.graph().change_settings(id, token, change, GRAPH_TIMEOUT).await
            }
            result => result,
        }
    }

    pub(crate) async fn number_of_scope(&self, scope: &Scope, id: NumberId) -> Result<Number, StoreError> {
        let found = self.store().numbers().by_id(scope, id).await?;
        found.ok_or_else(|| StoreError::NotFound { doing: format!("look up {id}").into() })
    }

    pub(crate) fn calling_of(&self, number: Number) -> NumberCalling {
        let now = self.clock().now();
        let standing = self.standings().of(number.id);
        let meta = &standing.meta;
        NumberCalling {
            drift: meta
                .settings
                .as_ref()
                .map(|(settings, _)| drift::of(&number, settings))
                .unwrap_or_default(),
            exchange_calling: self.calling_enabled(),
            meta: meta.settings.clone(),
            fields: meta.fields.clone(),
            quality: meta.quality(),
            restrictions: meta.restrictions_now(now).cloned().collect(),
            warning: meta.warning.clone(),
            trouble: meta.trouble.clone(),
            number,
        }
    }

    pub(crate) fn known_number(&self, id: NumberId) -> Option<Arc<Number>> {
        self.numbers_of_the_installation().into_iter().find(|number| number.id == id)
    }
}

/// What has been done of what these entries tell, told on its own; what is left of them is told when it is done.
fn set_apart(entries: &mut Vec<AuditEntry>, field: &str) -> Vec<AuditEntry> {
    let mut done = Vec::new();
    for entry in &mut *entries {
        let Some(value) = entry.detail.as_object_mut().and_then(|detail| detail.remove(field)) else {
            continue;
        };
        done.push(AuditEntry { detail: serde_json::json!({ field: value }), ..entry.clone() });
    }
    entries.retain(|entry| entry.detail.as_object().is_none_or(|detail| !detail.is_empty()));
    done
}

/// It broke off, or the server is being stopped.
pub(crate) fn interrupted(number: NumberId) -> SyncRefused {
    StoreError::Stopped { doing: format!("change settings of {number}").into() }.into()
}

/// What of it is Meta's.
fn at_meta(wish: &CallingWish) -> CallingChange {
    let CallingWish {
        calling,
        icon_shown,
        icon_countries,
        callback_permission,
        additional_codecs,
        key_exchange,
        business_calls: _,
        test_number: _,
    } = wish;
    CallingChange {
        enabled: *calling,
        icon_shown: *icon_shown,
        icon_countries: icon_countries.clone(),
        callback_permission: *callback_permission,
        hours: None,
        additional_codecs: *additional_codecs,
        key_exchange: *key_exchange,
    }
}

/// What of it is kept here.
fn here(wish: CallingWish) -> NumberChange {
    NumberChange {
        calling_enabled: wish.calling,
        icon_shown: wish.icon_shown,
        icon_countries: wish.icon_countries,
        callback_permission: wish.callback_permission,
        additional_codecs: wish.additional_codecs,
        srtp_key_exchange: wish.key_exchange,
        business_calls_enabled: wish.business_calls,
        test_number: wish.test_number,
        ..NumberChange::default()
    }
}
