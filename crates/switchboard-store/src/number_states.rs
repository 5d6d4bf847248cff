//! What the provider said last of a number: its settings, its quality, what it restricts. What the words mean is the
//! engine's business; here they are kept with their time.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;

use crate::columns::{self, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::{number, number_state};
use crate::error::StoreError;
use crate::{safeguards, scope};

/// Numbers of one installation, at the most.
const MAX_NUMBERS: u64 = 10_000;

/// Something the provider said.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// What.
    pub what: Value,
    /// When.
    pub at: Timestamp,
}

/// What is known of a number. What was never read is none.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberState {
    /// Its settings.
    pub settings: Option<Said>,
    /// Quality, messaging limit, name, health.
    pub fields: Option<Said>,
    /// What is taken away for a while, a list.
    pub restrictions: Value,
    /// The last warning.
    pub warning: Option<Value>,
    /// Why it could not be read the last time.
    pub trouble: Option<(String, Timestamp)>,
}

impl Default for NumberState {
    fn default() -> Self {
        Self { settings: None, fields: None, restrictions: json!([]), warning: None, trouble: None }
    }
}

/// Questions about what the provider said of numbers.
#[derive(Debug, Clone, Copy)]
pub struct NumberStates<'s> {
    pub(crate) db: &'s Db,
}

impl NumberStates<'_> {
    /// What is known of a number of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, scope: &Scope, number: NumberId) -> Result<NumberState, StoreError> {
        let seen = self.db.see(scope, format!("look up the state of {number}")).await?;
        let mine = scope::ids::<number::Entity>(scope, number::Column::Id, number.uuid());
        let row = number_state::Entity::find()
            .filter(number_state::Column::NumberId.in_subquery(mine))
            .one(seen.connection());
        Ok(seen.read(row).await?.map(from_columns).unwrap_or_default())
    }

    /// The same of every number, for the exchange itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self) -> Result<HashMap<NumberId, NumberState>, StoreError> {
        let seen = self.db.see(Sight::Installation, "read the states of numbers").await?;
        let rows = number_state::Entity::find()
            .order_by_asc(number_state::Column::NumberId)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows.into_iter().map(|row| (NumberId::from_uuid(row.number_id), from_columns(row))).collect())
    }

    /// Changes what is known; nobody else does meanwhile. Gives what is known from now on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn change(
        &self,
        scope: &Scope,
        number: NumberId,
        at: Timestamp,
        change: impl FnOnce(&mut NumberState) + Send + 'static,
    ) -> Result<NumberState, StoreError> {
        let doing = format!("keep the state of {number}");
        let of_scope = scope.clone();
        self.db
            .write(Lane::Settings, scope, 1, doing.clone(), move |transaction| {
                Box::pin(async move {
                    safeguards::alone_with(transaction, &of_scope, number, &doing).await?;
                    let known = number_state::Entity::find_by_id(number.uuid()).one(transaction).await?;
                    let mut state = known.map(from_columns).unwrap_or_default();
                    change(&mut state);
                    let again = OnConflict::column(number_state::Column::NumberId)
                        .update_columns([
                            number_state::Column::Settings,
                            number_state::Column::SettingsAt,
                            number_state::Column::Fields,
                            number_state::Column::FieldsAt,
                            number_state::Column::Restrictions,
                            number_state::Column::Warning,
                            number_state::Column::Trouble,
                            number_state::Column::TroubleAt,
                            number_state::Column::UpdatedAt,
                        ])
                        .to_owned();
                    number_state::Entity::insert(row(&of_scope, number, &state, at))
                        .on_conflict(again)
                        .exec_without_returning(transaction)
                        .await?;
                    Ok(state)
                })
            })
            .await
    }
}

fn row(scope: &Scope, number: NumberId, state: &NumberState, at: Timestamp) -> number_state::ActiveModel {
    let what = |said: &Option<Said>| Set(said.as_ref().map(|said| columns::json(&said.what)));
    let when = |said: &Option<Said>| Set(said.as_ref().map(|said| moment(said.at)));
    let trouble = state.trouble.as_ref();
    number_state::ActiveModel {
        number_id: Set(number.uuid()),
        tenant_id: Set(scope.tenant.uuid()),
        settings: what(&state.settings),
        settings_at: when(&state.settings),
        fields: what(&state.fields),
        fields_at: when(&state.fields),
        restrictions: Set(columns::json(&state.restrictions)),
        warning: Set(state.warning.as_ref().map(columns::json)),
        trouble: Set(trouble.map(|(what, _)| columns::text(what))),
        trouble_at: Set(trouble.map(|(_, at)| moment(*at))),
        updated_at: Set(moment(at)),
    }
}

fn from_columns(row: number_state::Model) -> NumberState {
    let said = |what: Option<Value>, at: Option<chrono::DateTime<chrono::Utc>>| {
        what.zip(at).map(|(what, at)| Said { what, at: timestamp(at) })
    };
    NumberState {
        settings: said(row.settings, row.settings_at),
        fields: said(row.fields, row.fields_at),
        restrictions: row.restrictions,
        warning: row.warning,
        trouble: row.trouble.zip(row.trouble_at.map(timestamp)),
    }
}
