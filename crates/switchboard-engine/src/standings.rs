//! What is known of numbers besides their own settings, in memory: asked at every call and every verdict.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use switchboard_core::ids::NumberId;
use switchboard_core::safeguard::Quality;
use switchboard_core::time::Timestamp;
use switchboard_store::StoreError;
use switchboard_store::hours::NumberHours;
use switchboard_store::number_states::NumberState;
use switchboard_store::safeguards::{NumberLimits, Pickups, SuspensionRow};

use crate::Engine;
use crate::account_sync::said::{self, MetaFields, MetaRestriction, MetaSettings, MetaWarning};

/// What is known of one number.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// When it is open; none: always.
    pub hours: Option<NumberHours>,
    /// Limits of its own.
    pub limits: NumberLimits,
    /// Its rest, if it rests.
    pub suspension: Option<SuspensionRow>,
    /// How often its calls were taken, when that was counted last.
    pub pickups: Pickups,
    /// What Meta said.
    pub meta: MetaStanding,
}

/// What Meta said of a number.
#[derive(Debug, Clone, Default)]
pub(crate) struct MetaStanding {
    /// Settings, and when.
    pub settings: Option<(MetaSettings, Timestamp)>,
    /// Quality and the like, and when.
    pub fields: Option<(MetaFields, Timestamp)>,
    /// What is restricted; some of it may be over.
    pub restrictions: Vec<MetaRestriction>,
    /// The last warning.
    pub warning: Option<MetaWarning>,
    /// Why it could not be asked the last time.
    pub trouble: Option<(String, Timestamp)>,
}

impl MetaStanding {
    pub(crate) fn of(state: &NumberState) -> Self {
        fn read<T: serde::de::DeserializeOwned>(what: &serde_json::Value) -> Option<T> {
            serde_json::from_value(what.clone()).ok()
        }
        Self {
            settings: state.settings.as_ref().and_then(|said| Some((read(&said.what)?, said.at))),
            fields: state.fields.as_ref().and_then(|said| Some((read(&said.what)?, said.at))),
            restrictions: said::restrictions(&state.restrictions),
            warning: state.warning.as_ref().and_then(read),
            trouble: state.trouble.clone(),
        }
    }

    /// Meta's rating.
    pub(crate) fn quality(&self) -> Quality {
        self.fields.as_ref().map_or(Quality::Unknown, |(fields, _)| fields.rating())
    }

    /// What is restricted at this moment.
    pub(crate) fn restrictions_now(&self, now: Timestamp) -> impl Iterator<Item = &MetaRestriction> {
        self.restrictions.iter().filter(move |one| one.rule().holds(now))
    }
}

impl Standing {
    /// Until when it rests.
    pub(crate) fn suspended_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.suspension.as_ref().map(SuspensionRow::over_at).filter(|until| now < *until)
    }
}

/// Those of all numbers. One reads them at a time, so that no older reading replaces a newer one.
#[derive(Debug, Default)]
pub(crate) struct Standings(RwLock<HashMap<NumberId, Arc<Standing>>>, tokio::sync::Mutex<()>);

impl Standings {
    pub(crate) fn of(&self, number: NumberId) -> Arc<Standing> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned().unwrap_or_default()
    }

    pub(crate) fn change(&self, number: NumberId, change: impl FnOnce(&mut Standing)) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(all.entry(number).or_default()));
    }
}

impl Engine {
    /// Reads everything again: at the start, after every change, and in rounds for what other nodes changed.
    pub(crate) async fn reload_standings(&self) -> Result<(), StoreError> {
        let _alone = self.standings().1.lock().await;
        let now = self.clock().now();
        let store = self.store();
        let mut hours = store.hours().of_the_installation().await?;
        let mut limits = store.safeguards().limits_of_the_installation().await?;
        let states = store.number_states().of_the_installation().await?;
        let suspended = store.safeguards().suspended_now(now).await?;
        let mut suspended: HashMap<_, _> = suspended.into_iter().map(|row| (row.number, row)).collect();
        for number in self.numbers_of_the_installation() {
            let id = number.id;
            let (hours, limits, suspension) = (hours.remove(&id), limits.remove(&id), suspended.remove(&id));
            let meta = states.get(&id).map(MetaStanding::of).unwrap_or_default();
            self.standings().change(id, |standing| {
                standing.hours = hours;
                standing.limits = limits.unwrap_or_default();
                standing.suspension = suspension;
                standing.meta = meta;
            });
        }
        Ok(())
    }
}
