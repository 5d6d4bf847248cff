//! Business phone numbers.

use std::time::Duration;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use switchboard_core::access::Scope;
use switchboard_core::call::input::{CallPolicy, Destination};
use switchboard_core::ids::{BranchId, NumberId, TenantId};
use switchboard_core::time::Timestamp;

use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane};
use crate::entities::number;
use crate::error::StoreError;
use crate::{MAX_PAGE, scope};

/// Answer window of a new number in seconds: Meta rings the customer for 30 to 60 s.
pub const DEFAULT_ANSWER_WINDOW_S: u32 = 28;
/// Calls at once of a new number: what Meta allows (C8).
pub const DEFAULT_MAX_CONCURRENT_CALLS: u32 = 1_000;
/// The longest call of a new number in seconds (C11: 4 h).
pub const DEFAULT_MAX_CALL_DURATION_S: u32 = 4 * 60 * 60;

/// Numbers of one installation, at the most.
const MAX_NUMBERS: u64 = 10_000;

/// A business phone number (an inbox).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// Its id.
    pub id: NumberId,
    /// The business.
    pub tenant: TenantId,
    /// The branch; none = all of them.
    pub branch: Option<BranchId>,
    /// Whose number it is technically: `meta`.
    pub provider: String,
    /// The provider's id of it.
    pub provider_number_id: String,
    /// The business account it belongs to at the provider.
    pub waba_id: Option<String>,
    /// As people of the business call it.
    pub name: String,
    /// As customers read it.
    pub display_phone: String,
    /// Is calling switched on (C9)?
    pub calling_enabled: bool,
    /// Where its calls go.
    pub destination: Destination,
    /// How long after the offer we may still answer.
    pub answer_window_s: u32,
    /// Calls at once.
    pub max_concurrent_calls: u32,
    /// The longest a call may last.
    pub max_call_duration_s: u32,
    /// Belongs to a simulator.
    pub sandbox: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Number {
    /// How this number wants its calls handled.
    #[must_use]
    pub fn policy(&self) -> CallPolicy {
        CallPolicy {
            destination: self.destination,
            answer_window: Duration::from_secs(self.answer_window_s.into()),
            max_call_duration: Duration::from_secs(self.max_call_duration_s.into()),
        }
    }
}

/// The number the environment names.
#[derive(Debug, Clone)]
pub struct NumberFromEnvironment {
    /// Whose number it is technically.
    pub provider: String,
    /// The provider's id of it.
    pub provider_number_id: String,
    /// The business account, when known.
    pub waba_id: Option<String>,
    /// The name it gets when it is new.
    pub name: String,
    /// As customers read it, when known.
    pub display_phone: Option<String>,
    /// Switches calling on or off; none leaves it as it is (off when new).
    pub calling_enabled: Option<bool>,
    /// Where its calls go; none leaves it as it is (agents when new).
    pub destination: Option<Destination>,
    /// Belongs to a simulator.
    pub sandbox: bool,
    /// Now.
    pub at: Timestamp,
}

/// What people may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberSettings {
    /// As people of the business call it.
    pub name: String,
    /// The branch; none = all of them.
    pub branch: Option<BranchId>,
    /// Is calling switched on (C9)?
    pub calling_enabled: bool,
    /// Where its calls go.
    pub destination: Destination,
    /// How long after the offer we may still answer.
    pub answer_window_s: u32,
    /// Calls at once.
    pub max_concurrent_calls: u32,
    /// The longest a call may last.
    pub max_call_duration_s: u32,
}

/// Questions about numbers.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'s> {
    pub(crate) db: &'s Db,
}

impl Numbers<'_> {
    /// Adds the number of the environment, or changes what the environment says of it and leaves the rest.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`] when it belongs to another tenant or branch, or when the database fails.
    pub async fn upsert_from_environment(
        &self,
        scope: &Scope,
        given: NumberFromEnvironment,
    ) -> Result<Number, StoreError> {
        const DOING: &str = "set up the number of the environment";
        let of_scope = scope.clone();
        let row = self
            .db
            .write(Lane::Settings, 1, DOING, move |transaction| {
                Box::pin(async move {
                    let known = number::Entity::find()
                        .filter(number::Column::Provider.eq(given.provider.as_str()))
                        .filter(number::Column::ProviderNumberId.eq(given.provider_number_id.as_str()))
                        .one(transaction)
                        .await?;
                    let Some(known) = known else {
                        return Ok(number::Entity::insert(first(&of_scope, given))
                            .exec_with_returning(transaction)
                            .await?);
                    };
                    let branch = known.branch_id.map(BranchId::from_uuid);
                    scope::check(&of_scope, TenantId::from_uuid(known.tenant_id), branch, || DOING.into())?;
                    Ok(number::Entity::update(changed(known, given)).exec(transaction).await?)
                })
            })
            .await?;
        number(row)
    }

    /// The number of this scope that has this id at its provider.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_provider_number_id(
        &self,
        scope: &Scope,
        provider: &str,
        provider_number_id: &str,
    ) -> Result<Option<Number>, StoreError> {
        let row = scope::find::<number::Entity>(scope)
            .filter(number::Column::Provider.eq(provider))
            .filter(number::Column::ProviderNumberId.eq(provider_number_id))
            .one(self.db.reader());
        self.db.read("look up a number by the provider's id", row).await?.map(number).transpose()
    }

    /// One number of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: NumberId) -> Result<Option<Number>, StoreError> {
        let row = scope::find::<number::Entity>(scope)
            .filter(number::Column::Id.eq(id.uuid()))
            .one(self.db.reader());
        self.db.read(format!("look up {id}"), row).await?.map(number).transpose()
    }

    /// The numbers of every tenant, for the exchange itself, which must know whose a webhook is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self) -> Result<Vec<Number>, StoreError> {
        let rows =
            number::Entity::find().order_by_asc(number::Column::Id).limit(MAX_NUMBERS).all(self.db.reader());
        self.db.read("list the numbers of the installation", rows).await?.into_iter().map(number).collect()
    }

    /// The numbers of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<Number>, StoreError> {
        let rows = scope::find::<number::Entity>(scope)
            .order_by_asc(number::Column::Name)
            .order_by_asc(number::Column::Id)
            .limit(MAX_PAGE)
            .all(self.db.reader());
        self.db.read("list numbers", rows).await?.into_iter().map(number).collect()
    }

    /// Changes what people may change.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::OutOfScope`] or [`StoreError::Dangling`] for a branch that is not
    /// theirs, or when the database fails.
    pub async fn update(
        &self,
        scope: &Scope,
        id: NumberId,
        settings: NumberSettings,
        at: Timestamp,
    ) -> Result<Number, StoreError> {
        let doing = format!("change {id}");
        scope::check(scope, scope.tenant, settings.branch, || doing.clone().into())?;
        let change = scope::update::<number::Entity>(scope)
            .col_expr(number::Column::Name, Expr::val(columns::text(&settings.name)))
            .col_expr(number::Column::BranchId, Expr::val(settings.branch.map(BranchId::uuid)))
            .col_expr(number::Column::CallingEnabled, Expr::val(settings.calling_enabled))
            .col_expr(number::Column::Destination, Expr::val(settings.destination.as_str()))
            .col_expr(number::Column::AnswerWindowS, Expr::val(whole(settings.answer_window_s)))
            .col_expr(number::Column::MaxConcurrentCalls, Expr::val(whole(settings.max_concurrent_calls)))
            .col_expr(number::Column::MaxCallDurationS, Expr::val(whole(settings.max_call_duration_s)))
            .col_expr(number::Column::UpdatedAt, Expr::val(moment(at)))
            .filter(number::Column::Id.eq(id.uuid()));
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        let row = self
            .db
            .write(Lane::Settings, 1, doing, move |transaction| {
                Box::pin(async move {
                    let rows = change.exec_with_returning(transaction).await?;
                    rows.into_iter().next().ok_or_else(|| not_found.into())
                })
            })
            .await?;
        number(row)
    }
}

fn first(scope: &Scope, given: NumberFromEnvironment) -> number::ActiveModel {
    number::ActiveModel {
        id: Set(columns::fresh_uuid()),
        tenant_id: Set(scope.tenant.uuid()),
        branch_id: Set(None),
        provider: Set(given.provider),
        provider_number_id: Set(given.provider_number_id),
        waba_id: Set(given.waba_id),
        name: Set(columns::text(&given.name)),
        display_phone: Set(columns::text(&given.display_phone.unwrap_or_default())),
        calling_enabled: Set(given.calling_enabled.unwrap_or(false)),
        destination: Set(given.destination.unwrap_or(Destination::Agents).as_str().to_owned()),
        answer_window_s: Set(whole(DEFAULT_ANSWER_WINDOW_S)),
        max_concurrent_calls: Set(whole(DEFAULT_MAX_CONCURRENT_CALLS)),
        max_call_duration_s: Set(whole(DEFAULT_MAX_CALL_DURATION_S)),
        sandbox: Set(given.sandbox),
        created_at: Set(moment(given.at)),
        updated_at: Set(moment(given.at)),
    }
}

fn changed(known: number::Model, given: NumberFromEnvironment) -> number::ActiveModel {
    let mut row = known.into_active_model();
    if let Some(waba_id) = given.waba_id {
        row.waba_id = Set(Some(waba_id));
    }
    if let Some(display_phone) = given.display_phone {
        row.display_phone = Set(columns::text(&display_phone));
    }
    if let Some(calling_enabled) = given.calling_enabled {
        row.calling_enabled = Set(calling_enabled);
    }
    if let Some(destination) = given.destination {
        row.destination = Set(destination.as_str().to_owned());
    }
    row.sandbox = Set(given.sandbox);
    row.updated_at = Set(moment(given.at));
    row
}

fn number(row: number::Model) -> Result<Number, StoreError> {
    let cell = |column| Cell { table: "numbers", column, id: row.id };
    let count =
        |column, value: i32| u32::try_from(value).map_err(|_| cell(column).unreadable("a negative number"));
    Ok(Number {
        destination: cell("destination").word(&row.destination, Destination::from_word)?,
        answer_window_s: count("answer_window_s", row.answer_window_s)?,
        max_concurrent_calls: count("max_concurrent_calls", row.max_concurrent_calls)?,
        max_call_duration_s: count("max_call_duration_s", row.max_call_duration_s)?,
        id: NumberId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        branch: row.branch_id.map(BranchId::from_uuid),
        provider: row.provider,
        provider_number_id: row.provider_number_id,
        waba_id: row.waba_id,
        name: row.name,
        display_phone: row.display_phone,
        calling_enabled: row.calling_enabled,
        sandbox: row.sandbox,
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    })
}

/// The column's width; nobody waits 68 years or has two thousand million calls at once.
fn whole(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
