//! Names of people, remembered, and rows of calls as the outside may see them.

use std::sync::PoisonError;

use switchboard_core::access::Scope;
use switchboard_core::ids::UserId;
use switchboard_store::StoreError;
use switchboard_store::calls::{CallRow, EventRow};

use crate::agents::Actor;
use crate::events::{CallEventView, CallView, NumberName, Person};
use crate::{Engine, views};

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
            facts.answered_by.into_iter().chain(facts.ringing).collect::<Vec<_>>()
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
                views::call_view(row, None, number, |user| self.person(user))
            })
            .collect())
    }

    /// An entry of a call's story as the outside may see it.
    #[must_use]
    pub fn view_event(&self, row: &EventRow) -> CallEventView {
        views::event_view(row)
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

    fn remember_name(&self, user: UserId, name: String) {
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
