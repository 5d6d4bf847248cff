//! The hours of numbers: asked at the door, shown to people, kept in step with Meta's `call_hours` (H1–H3).

use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::admission::OutOfHours;
use switchboard_core::hours::{
    ClosedHolidays, Difference, Hours, HoursRefusal, MetaCannotHold, MetaHours, changes, drift,
};
use switchboard_core::ids::{CallId, NumberId};
use switchboard_core::time::Timestamp;
use switchboard_provider::outgoing::OutgoingMessage;
use switchboard_provider::settings::CallingChange;
use switchboard_store::StoreError;
use switchboard_store::audit::{AuditEntry, Author};
use switchboard_store::book::{Change, Page};
use switchboard_store::hours::NumberHours;
use switchboard_store::jobs::{Job, NewJob};
use switchboard_store::numbers::{Number, NumberChange};

use crate::Engine;
use crate::account_sync::said::to_send;
use crate::account_sync::{MetaCallHours, SyncRefused, interrupted};
use crate::contacts::customer_of;
use crate::conversations::{Content, SendMessage};
use crate::jobs::{Attempt, Owed};
use crate::outreach::OutreachRefused;

/// Is a number open?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursStatus {
    /// At that moment.
    pub open: bool,
    /// When it opens; none when it is open, or never opens.
    pub opens_at: Option<Timestamp>,
    /// When it closes; none when it is closed, or never closes.
    pub closes_at: Option<Timestamp>,
}

/// What Meta has of a number's hours.
#[derive(Debug, Clone)]
pub struct HoursAtMeta {
    /// As they were read last.
    pub meta: Option<MetaCallHours>,
    /// When.
    pub read_at: Option<Timestamp>,
    /// Where they differ from ours.
    pub drift: Vec<Difference>,
    /// Why Meta cannot hold ours.
    pub cannot_hold: Option<MetaCannotHold>,
    /// What would change of ours if Meta's took their place; none: Meta has no hours.
    pub taking: Option<Result<Vec<Difference>, HoursRefusal>>,
}

/// Meta's hours in place of ours.
#[derive(Debug, Clone)]
pub struct HoursTaken {
    /// Ours from now on.
    pub hours: NumberHours,
    /// What that changed.
    pub changes: Vec<Difference>,
}

impl Engine {
    /// The hours of a number; none: it is always open.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn number_hours(&self, scope: &Scope, id: NumberId) -> Result<Option<NumberHours>, StoreError> {
        self.number_of_scope(scope, id).await?;
        self.store().hours().of(scope, id).await
    }

    /// Sets them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn set_hours(
        &self,
        scope: &Scope,
        id: NumberId,
        hours: NumberHours,
        entry: AuditEntry,
    ) -> Result<(), StoreError> {
        let number = self.number_of_scope(scope, id).await?;
        self.store().hours().set(scope, id, hours, entry, self.clock().now()).await?;
        self.hours_changed(&number).await
    }

    /// Is it open at this moment, and when does that change?
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn hours_status(
        &self,
        scope: &Scope,
        id: NumberId,
        at: Timestamp,
    ) -> Result<HoursStatus, StoreError> {
        let Some(hours) = self.number_hours(scope, id).await? else {
            return Ok(HoursStatus { open: true, opens_at: None, closes_at: None });
        };
        let open = hours.hours.is_open(at);
        Ok(HoursStatus {
            open,
            opens_at: if open { None } else { hours.hours.next_open(at) },
            closes_at: if open { hours.hours.closes_at(at) } else { None },
        })
    }

    /// Is it closed now?
    pub(crate) fn is_closed(&self, number: &Number) -> bool {
        let standing = self.standings().of(number.id);
        standing.hours.as_ref().is_some_and(|hours| !hours.hours.is_open(self.clock().now()))
    }

    /// The message that a customer is owed who calls when the number is closed; none: nothing is said.
    pub(crate) fn out_of_hours_message(&self, number: &Number, call: CallId) -> Option<NewJob> {
        let standing = self.standings().of(number.id);
        let action = standing.hours.as_ref()?.out_of_hours;
        match action {
            OutOfHours::Reject => None,
            OutOfHours::Message | OutOfHours::CallbackOffer => {
                let mut job = self.job(Some(number.tenant), &Owed::OutOfHours { call: call.to_string() });
                job.once_key = Some(format!("out_of_hours:{call}"));
                Some(job)
            }
        }
    }

    /// Writes to who called outside of the hours. What the provider says of it stands in the conversation.
    pub(crate) async fn write_out_of_hours(&self, job: &Job, call: &str) -> Attempt {
        let Some((tenant, call)) = job.tenant.zip(call.parse::<CallId>().ok()) else {
            return Attempt::Hopeless("it names no call".to_owned());
        };
        let scope = Scope::of_the_exchange(tenant);
        match self.answer_out_of_hours(&scope, call).await {
            Ok(()) => Attempt::Done,
            Err(OutreachRefused::Store(error)) => error.into(),
            Err(refused) => Attempt::Hopeless(refused.to_string()),
        }
    }

    async fn answer_out_of_hours(&self, scope: &Scope, call: CallId) -> Result<(), OutreachRefused> {
        let Some(row) = self.store().calls().by_id(scope, call).await? else { return Ok(()) };
        let standing = self.standings().of(row.number);
        let Some(hours) = standing.hours.as_ref() else { return Ok(()) };
        let offers_call = match hours.out_of_hours {
            OutOfHours::Reject => return Ok(()),
            OutOfHours::Message => false,
            OutOfHours::CallbackOffer => true,
        };
        // His call makes him a contact and opens the window in which he may be written to.
        self.count_calls().await?;
        let who = customer_of(&row);
        if !who.is_somebody() {
            return Ok(());
        }
        let author = Author::exchange(self.clock().now());
        let page = Page::Somebody { who, branch: row.branch };
        let nothing = |_: &_| (Change::default(), ());
        let found = self.store().book().write(scope, page, row.number, &author, nothing).await?;
        let Some(found) = found else { return Ok(()) };
        let message = OutgoingMessage::Text { body: hours.out_of_hours_text.clone() };
        let content = Content { message, offers_call };
        let send = SendMessage { contact: found.contact.id, number: Some(row.number), content };
        self.send_message(scope, &author, send).await?;
        Ok(())
    }

    /// What Meta has of them, and where that differs.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or when the database does not answer.
    pub async fn hours_at_meta(&self, scope: &Scope, id: NumberId) -> Result<HoursAtMeta, StoreError> {
        let ours = self.number_hours(scope, id).await?;
        let standing = self.standings().of(id);
        let known = standing.meta.settings.as_ref();
        let meta = known.and_then(|(settings, _)| settings.hours.clone());
        let (wanted, cannot_hold) =
            match ours.as_ref().map(|ours| self.for_meta(ours, ClosedHolidays::OneMinute)) {
                None => (Some(always_open()), None),
                Some(Ok(wanted)) => (Some(wanted), None),
                Some(Err(why)) => (None, Some(why)),
            };
        let theirs = known.map(|_| meta.as_ref().map_or_else(always_open, MetaCallHours::read));
        let today = ours.as_ref().map(|ours| ours.hours.zone().local(self.clock().now()).date());
        let today = today.unwrap_or_default();
        let taking = meta.as_ref().filter(|meta| meta.enabled == Some(true)).map(|meta| {
            let taken = self.taken_from(meta, ours.as_ref())?;
            Ok(self.changes_to(ours.as_ref(), &taken))
        });
        Ok(HoursAtMeta {
            taking,
            drift: wanted.zip(theirs).map(|(ours, theirs)| drift(&ours, &theirs, today)).unwrap_or_default(),
            read_at: known.map(|(_, at)| *at),
            meta,
            cannot_hold,
        })
    }

    /// Tells Meta our hours and reads them back.
    ///
    /// # Errors
    /// See [`SyncRefused`].
    pub async fn push_hours(
        &self,
        scope: &Scope,
        id: NumberId,
        closed: ClosedHolidays,
        entry: AuditEntry,
    ) -> Result<HoursAtMeta, SyncRefused> {
        let (engine, scope) = (self.clone(), scope.clone());
        let work = tokio::spawn(async move { engine.send_hours(&scope, id, closed, entry).await });
        work.await.unwrap_or_else(|_| Err(interrupted(id)))
    }

    async fn send_hours(
        &self,
        scope: &Scope,
        id: NumberId,
        closed: ClosedHolidays,
        entry: AuditEntry,
    ) -> Result<HoursAtMeta, SyncRefused> {
        let number = self.number_of_scope(scope, id).await?;
        let hours = self.store().hours().of(scope, id).await?.ok_or(SyncRefused::NoHours)?;
        let wanted = self.for_meta(&hours, closed).map_err(SyncRefused::CannotHold)?;
        let token = self.token(&number.provider_number_id).ok_or(SyncRefused::NoToken)?;
        let change = CallingChange { hours: Some(to_send(&wanted)), ..CallingChange::default() };
        let written = self.write_settings(&number, token, &change).await;
        let read = self.read_number(&number).await;
        written?;
        // Nothing of the number itself changes: only that it was done is kept.
        let nothing = NumberChange::default();
        self.store().numbers().update_audited(scope, id, nothing, vec![entry], self.clock().now()).await?;
        if let Err(error) = read {
            tracing::warn!(number.id = %id, error = %error, "hours that were sent to Meta could not be read back");
        }
        Ok(self.hours_at_meta(scope, id).await?)
    }

    /// Takes Meta's hours, as they are now, in place of ours: week, holidays and zone. What else is set for closed hours
    /// stays. The entry learns what changed.
    ///
    /// # Errors
    /// See [`SyncRefused`].
    pub async fn take_hours(
        &self,
        scope: &Scope,
        id: NumberId,
        entry: AuditEntry,
    ) -> Result<HoursTaken, SyncRefused> {
        let (engine, scope) = (self.clone(), scope.clone());
        let work = tokio::spawn(async move { engine.take_metas_hours(&scope, id, entry).await });
        work.await.unwrap_or_else(|_| Err(interrupted(id)))
    }

    async fn take_metas_hours(
        &self,
        scope: &Scope,
        id: NumberId,
        mut entry: AuditEntry,
    ) -> Result<HoursTaken, SyncRefused> {
        let number = self.number_of_scope(scope, id).await?;
        self.read_number(&number).await?;
        let standing = self.standings().of(id);
        let meta = standing.meta.settings.as_ref().and_then(|(settings, _)| settings.hours.clone());
        let meta = meta.filter(|meta| meta.enabled == Some(true)).ok_or(SyncRefused::NoHoursAtMeta)?;
        let engine = self.clone();
        let decide = move |ours: Option<NumberHours>| {
            let hours = match engine.taken_from(&meta, ours.as_ref()) {
                Ok(hours) => hours,
                Err(refusal) => return (None, Err(refusal)),
            };
            let changes = engine.changes_to(ours.as_ref(), &hours);
            if let Some(hours) = ours.as_ref().filter(|_| changes.is_empty()) {
                return (None, Ok((HoursTaken { hours: hours.clone(), changes }, false)));
            }
            let hours = match ours {
                Some(ours) => NumberHours { hours, ..ours },
                None => NumberHours {
                    hours,
                    out_of_hours: OutOfHours::Reject,
                    out_of_hours_text: String::new(),
                    outbound_blocked: false,
                },
            };
            let said = changes.iter().map(|one| {
                (one.field.clone(), json!({ "from": one.ours.as_str(), "to": one.theirs.as_str() }))
            });
            entry.detail["changes"] = Value::Object(said.collect());
            (Some((hours.clone(), entry)), Ok((HoursTaken { hours, changes }, true)))
        };
        let taken = self.store().hours().change(scope, id, self.clock().now(), decide).await?;
        let (taken, is_new) = taken.map_err(SyncRefused::CannotTake)?;
        if is_new {
            self.hours_changed(&number).await?;
        }
        Ok(taken)
    }

    async fn hours_changed(&self, number: &Number) -> Result<(), StoreError> {
        self.reload_standings().await?;
        tracing::info!(number.id = %number.id, "the hours of a number were changed");
        self.number_changed(number);
        Ok(())
    }

    fn taken_from(&self, meta: &MetaCallHours, ours: Option<&NumberHours>) -> Result<Hours, HoursRefusal> {
        let theirs = meta.read_all()?;
        Hours::taken_over(&theirs, ours.map(|ours| &ours.hours), self.clock().now())
    }

    fn changes_to(&self, ours: Option<&NumberHours>, taken: &Hours) -> Vec<Difference> {
        let today = taken.zone().local(self.clock().now()).date();
        changes(ours.map(|ours| &ours.hours), taken, today)
    }

    fn for_meta(&self, ours: &NumberHours, closed: ClosedHolidays) -> Result<MetaHours, MetaCannotHold> {
        let today = ours.hours.zone().local(self.clock().now()).date();
        ours.hours.for_meta(today, closed)
    }
}

/// Hours that nobody has set.
fn always_open() -> MetaHours {
    MetaHours { enabled: false, zone: String::new(), weekly: Vec::new(), holidays: Vec::new() }
}
