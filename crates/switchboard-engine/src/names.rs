//! Names of people, remembered, and rows of calls as the outside may see them.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, UserId};
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, EventRow};
use switchboard_store::log::LogEntry;

use crate::agents::Actor;
use crate::events::{CallEventView, CallView, LogEntryView, NumberName, Person};
use crate::{Engine, masking, views};

/// Names remembered at the most; beyond that all are forgotten, and lists read theirs again.
const NAMES: usize = 10_000;

impl Engine {
    /// A row as the outside may see it.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_call(&self, scope: &Scope, row: &CallRow) -> Result<CallView, StoreError> {
        Ok(self.view_calls(scope, std::slice::from_ref(row)).await?.remove(0))
    }

    /// Rows as the outside may see them, in the same order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_calls(&self, scope: &Scope, rows: &[CallRow]) -> Result<Vec<CallView>, StoreError> {
        let people = rows.iter().flat_map(|row| {
            let facts = row.facts();
            facts.answered_by.into_iter().chain(facts.placed_by).chain(facts.ringing).collect::<Vec<_>>()
        });
        self.learn_names(scope, people).await?;
        Ok(rows
            .iter()
            .map(|row| {
                let number = self.number_by_id(row).map_or_else(
                    || NumberName {
                        id: row.number.to_string(),
                        name: String::new(),
                        display_phone: String::new(),
                    },
                    |number| views::number_name(&number),
                );
                let mut view = views::call_view(row, None, number, |user| self.person(user));
                if scope.masks_numbers {
                    masking::call(&mut view);
                }
                // What only the task of a live call knows.
                view.recording = self.registry().view(scope, row.id).and_then(|live| live.recording);
                view
            })
            .collect())
    }

    /// Entries of the stories of calls as the outside may see them, in the same order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_events(
        &self,
        scope: &Scope,
        rows: &[EventRow],
    ) -> Result<Vec<CallEventView>, StoreError> {
        let mut views: Vec<_> = rows.iter().map(views::event_view).collect();
        if scope.masks_numbers {
            let calls: BTreeSet<CallId> = rows.iter().map(|row| row.call).collect();
            let callers = self.store().calls().callers(scope, &calls).await?;
            for (view, row) in views.iter_mut().zip(rows) {
                masking::event(view, callers.get(&row.call));
            }
        }
        Ok(views)
    }

    /// Entries of the event log as the outside may see them, in the same order.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn view_log(&self, scope: &Scope, rows: &[LogEntry]) -> Result<Vec<LogEntryView>, StoreError> {
        let mut views: Vec<_> = rows.iter().map(views::log_view).collect();
        if scope.masks_numbers {
            let calls: BTreeSet<CallId> = rows.iter().filter_map(|row| row.call).collect();
            let callers = self.store().calls().callers(scope, &calls).await?;
            for (view, row) in views.iter_mut().zip(rows) {
                masking::log_entry(view, row.call.and_then(|call| callers.get(&call)));
            }
        }
        Ok(views)
    }

    pub(crate) fn remember_person(&self, who: &Actor) {
        self.remember_name(who.user, who.name.clone());
    }

    /// Reads the names that are not remembered.
    pub(crate) async fn learn_names(
        &self,
        scope: &Scope,
        people: impl Iterator<Item = UserId>,
    ) -> Result<(), StoreError> {
        let mut unknown: Vec<UserId> = Vec::new();
        {
            let names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
            for user in people {
                if !names.contains_key(&user) && !unknown.contains(&user) {
                    unknown.push(user);
                }
            }
        }
        if !unknown.is_empty() {
            for (user, name) in self.store().users().names(scope, &unknown).await? {
                self.remember_name(user, name);
            }
        }
        Ok(())
    }

    pub(crate) fn remember_name(&self, user: UserId, name: String) {
        let mut names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= NAMES {
            names.clear();
        }
        names.insert(user, name);
    }

    pub(crate) fn person(&self, user: UserId) -> Person {
        let names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        Person { id: user.to_string(), name: names.get(&user).cloned().unwrap_or_default() }
    }
}
