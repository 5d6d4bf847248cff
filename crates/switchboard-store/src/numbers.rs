//! Business phone numbers.

mod announcement;

use std::time::Duration;

use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
};
use switchboard_core::access::Scope;
use switchboard_core::call::input::{CallPolicy, Destination, DrainAnswer};
use switchboard_core::ids::{BranchId, NumberId, TenantId, UserId};
use switchboard_core::language::Language;
use switchboard_core::media_terms::{AdditionalCodecs, MediaTerms, SrtpKeyExchange};
use switchboard_core::recording::{AnnouncementChoice, RecordingMode, RecordingSettings};
use switchboard_core::time::Timestamp;

pub use announcement::OwnAnnouncement;

use crate::audit::{self, AuditEntry};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane, Sight};
use crate::entities::number;
use crate::error::StoreError;
use crate::{MAX_PAGE, scope};

/// Answer window of a new number in seconds: Meta rings the customer for 30 to 60 s.
pub const DEFAULT_ANSWER_WINDOW_S: u32 = 28;
/// Calls at once of a new number: what Meta allows (C8).
pub const DEFAULT_MAX_CONCURRENT_CALLS: u32 = 1_000;
/// The longest call of a new number in seconds (C11: 4 h).
pub const DEFAULT_MAX_CALL_DURATION_S: u32 = 4 * 60 * 60;
/// So long the customer's phone rings when a new number calls him, in seconds: how long Meta lets it ring is not known.
pub const DEFAULT_OUTGOING_RING_S: u32 = 60;

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
    /// May the business call customers from it (C2)?
    pub business_calls_enabled: bool,
    /// How long the customer's phone rings at the most when it calls him.
    pub outgoing_ring_s: u32,
    /// Where its calls go.
    pub destination: Destination,
    /// How long after the offer we may still answer.
    pub answer_window_s: u32,
    /// Calls at once.
    pub max_concurrent_calls: u32,
    /// The longest a call may last.
    pub max_call_duration_s: u32,
    /// How the keys of a customer's audio are agreed.
    pub srtp_key_exchange: SrtpKeyExchange,
    /// Codecs beside Opus.
    pub additional_codecs: AdditionalCodecs,
    /// Whether its calls are recorded (M5).
    pub recording: RecordingSettings,
    /// Which admin answers for recording without an announcement, and since when.
    pub recording_waiver: Option<Waiver>,
    /// The language of spoken notices.
    pub notice_language: Language,
    /// Belongs to a simulator.
    pub sandbox: bool,
    /// What a customer gets who calls while the exchange is being stopped.
    pub drain_answer: DrainAnswer,
    /// Customers see the call icon; none: nobody has said so here, it is as the provider has it.
    pub icon_shown: Option<bool>,
    /// Countries whose customers see it, an empty list: everywhere; none: as the provider has it.
    pub icon_countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back; none: as the provider has it.
    pub callback_permission: Option<bool>,
    /// The provider's own test number: it has limits of its own and no tier (I4). Not our simulator.
    pub test_number: bool,
    /// Hours without a webhook after which somebody is told; none: as the installation, 0: never.
    pub no_webhook_hours: Option<u32>,
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
            recording: self.recording.policy(),
        }
    }

    /// How this number wants its own calls handled. They go to the agent who places them.
    #[must_use]
    pub fn outgoing_policy(&self) -> CallPolicy {
        CallPolicy {
            destination: Destination::Agents,
            answer_window: Duration::from_secs(self.outgoing_ring_s.into()),
            ..self.policy()
        }
    }

    /// What it takes of what its provider may offer.
    #[must_use]
    pub fn media_terms(&self) -> MediaTerms {
        MediaTerms { key_exchange: self.srtp_key_exchange, additional_codecs: self.additional_codecs }
    }
}

/// The word of an admin that customers need not be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiver {
    /// Who gave it; none: a program with an admin's key.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
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
    /// The same for calls of the business.
    pub business_calls_enabled: Option<bool>,
    /// Where its calls go; none leaves it as it is (agents when new).
    pub destination: Option<Destination>,
    /// How keys are agreed; none leaves it as it is (DTLS when new).
    pub srtp_key_exchange: Option<SrtpKeyExchange>,
    /// Codecs beside Opus; none leaves them as they are (none when new).
    pub additional_codecs: Option<AdditionalCodecs>,
    /// Belongs to a simulator.
    pub sandbox: bool,
    /// Now.
    pub at: Timestamp,
}

/// What people change of a number; what is none stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NumberChange {
    /// As people of the business call it.
    pub name: Option<String>,
    /// The branch; none inside = all of them.
    pub branch: Option<Option<BranchId>>,
    /// Is calling switched on (C9)?
    pub calling_enabled: Option<bool>,
    /// May the business call customers from it (C2)?
    pub business_calls_enabled: Option<bool>,
    /// How long the customer's phone rings at the most when it calls him.
    pub outgoing_ring_s: Option<u32>,
    /// Where its calls go.
    pub destination: Option<Destination>,
    /// How long after the offer we may still answer.
    pub answer_window_s: Option<u32>,
    /// Calls at once.
    pub max_concurrent_calls: Option<u32>,
    /// The longest a call may last.
    pub max_call_duration_s: Option<u32>,
    /// How the keys of a customer's audio are agreed.
    pub srtp_key_exchange: Option<SrtpKeyExchange>,
    /// Codecs beside Opus.
    pub additional_codecs: Option<AdditionalCodecs>,
    /// When its calls are recorded.
    pub recording_mode: Option<RecordingMode>,
    /// With which words customers are told.
    pub recording_announcement: Option<AnnouncementChoice>,
    /// Given, or (none inside) taken back.
    pub recording_waiver: Option<Option<Waiver>>,
    /// Record the echo, too.
    pub record_echo: Option<bool>,
    /// The language of spoken notices.
    pub notice_language: Option<Language>,
    /// What a customer gets who calls while the exchange is being stopped.
    pub drain_answer: Option<DrainAnswer>,
    /// Customers see the call icon.
    pub icon_shown: Option<bool>,
    /// Countries whose customers see it; an empty list: everywhere.
    pub icon_countries: Option<Vec<String>>,
    /// A customer's call gives us leave to call back.
    pub callback_permission: Option<bool>,
    /// The provider's own test number.
    pub test_number: Option<bool>,
    /// Hours without a webhook after which somebody is told; none inside: as the installation, 0: never.
    pub no_webhook_hours: Option<Option<u32>>,
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
            .write(Lane::Settings, Sight::Installation, 1, DOING, move |transaction| {
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
        let seen = self.db.see(scope, "look up a number by the provider's id").await?;
        let row = scope::find::<number::Entity>(scope)
            .filter(number::Column::Provider.eq(provider))
            .filter(number::Column::ProviderNumberId.eq(provider_number_id))
            .one(seen.connection());
        seen.read(row).await?.map(number).transpose()
    }

    /// One number of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_id(&self, scope: &Scope, id: NumberId) -> Result<Option<Number>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = scope::find::<number::Entity>(scope)
            .filter(number::Column::Id.eq(id.uuid()))
            .one(seen.connection());
        seen.read(row).await?.map(number).transpose()
    }

    /// The numbers of every tenant, for the exchange itself, which must know whose a webhook is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_the_installation(&self) -> Result<Vec<Number>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list the numbers of the installation").await?;
        let rows =
            number::Entity::find().order_by_asc(number::Column::Id).limit(MAX_NUMBERS).all(seen.connection());
        seen.read(rows).await?.into_iter().map(number).collect()
    }

    /// The numbers of this scope by name, [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self, scope: &Scope) -> Result<Vec<Number>, StoreError> {
        let seen = self.db.see(scope, "list numbers").await?;
        let rows = scope::find::<number::Entity>(scope)
            .order_by_asc(number::Column::Name)
            .order_by_asc(number::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(number).collect()
    }

    /// Changes what people may change, and only what is named: two who change different things at once both get
    /// theirs.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::OutOfScope`] or [`StoreError::Dangling`] for a branch that is not
    /// theirs, or when the database fails.
    pub async fn update(
        &self,
        scope: &Scope,
        id: NumberId,
        wanted: NumberChange,
        at: Timestamp,
    ) -> Result<Number, StoreError> {
        self.update_audited(scope, id, wanted, Vec::new(), at).await
    }

    /// The same, and what the audit log keeps of it in the same transaction.
    ///
    /// # Errors
    /// See [`Self::update`].
    pub async fn update_audited(
        &self,
        scope: &Scope,
        id: NumberId,
        wanted: NumberChange,
        entries: Vec<AuditEntry>,
        at: Timestamp,
    ) -> Result<Number, StoreError> {
        let doing = format!("change {id}");
        if let Some(branch) = wanted.branch {
            scope::check(scope, scope.tenant, branch, || doing.clone().into())?;
        }
        let mut change = scope::update::<number::Entity>(scope)
            .col_expr(number::Column::UpdatedAt, Expr::val(moment(at)))
            .filter(number::Column::Id.eq(id.uuid()));
        for (column, value) in cells(&wanted) {
            change = change.col_expr(column, value);
        }
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        let entries: Vec<_> = entries.into_iter().map(|entry| audit::row(scope, entry)).collect();
        let row = self
            .db
            .write(Lane::Settings, scope, 1, doing, move |transaction| {
                Box::pin(async move {
                    let rows = change.exec_with_returning(transaction).await?;
                    let row = rows.into_iter().next().ok_or(not_found)?;
                    for entry in entries {
                        audit::append(transaction, Some(entry)).await?;
                    }
                    Ok(row)
                })
            })
            .await?;
        number(row)
    }
}

/// The columns that a change names.
fn cells(wanted: &NumberChange) -> Vec<(number::Column, SimpleExpr)> {
    let NumberChange {
        name,
        branch,
        calling_enabled,
        business_calls_enabled,
        outgoing_ring_s,
        destination,
        answer_window_s,
        max_concurrent_calls,
        max_call_duration_s,
        srtp_key_exchange,
        additional_codecs,
        recording_mode,
        recording_announcement,
        recording_waiver,
        record_echo,
        notice_language,
        drain_answer,
        icon_shown,
        icon_countries,
        callback_permission,
        test_number,
        no_webhook_hours,
    } = wanted;
    let count = |value: &Option<u32>| value.map(|value| Expr::val(whole(value)));
    [
        (number::Column::Name, name.as_deref().map(|name| Expr::val(columns::text(name)))),
        (number::Column::BranchId, branch.map(|branch| Expr::val(branch.map(BranchId::uuid)))),
        (number::Column::CallingEnabled, calling_enabled.map(Expr::val)),
        (number::Column::BusinessCallsEnabled, business_calls_enabled.map(Expr::val)),
        (number::Column::OutgoingRingS, count(outgoing_ring_s)),
        (number::Column::Destination, destination.map(|destination| Expr::val(destination.as_str()))),
        (number::Column::AnswerWindowS, count(answer_window_s)),
        (number::Column::MaxConcurrentCalls, count(max_concurrent_calls)),
        (number::Column::MaxCallDurationS, count(max_call_duration_s)),
        (number::Column::SrtpKeyExchange, srtp_key_exchange.map(|exchange| Expr::val(exchange.as_str()))),
        (number::Column::AdditionalCodecs, additional_codecs.map(|codecs| Expr::val(codecs.to_words()))),
        (number::Column::RecordingMode, recording_mode.map(|mode| Expr::val(mode.as_str()))),
        (
            number::Column::RecordingAnnouncement,
            recording_announcement.map(|choice| Expr::val(choice.as_str())),
        ),
        (
            number::Column::RecordingWaivedBy,
            recording_waiver.map(|waiver| Expr::val(waiver.and_then(|waiver| waiver.by).map(UserId::uuid))),
        ),
        (
            number::Column::RecordingWaivedAt,
            recording_waiver.map(|waiver| Expr::val(waiver.map(|waiver| moment(waiver.at)))),
        ),
        (number::Column::RecordEcho, record_echo.map(Expr::val)),
        (number::Column::NoticeLanguage, notice_language.map(|language| Expr::val(language.as_str()))),
        (number::Column::DrainAnswer, drain_answer.map(|answer| Expr::val(answer.as_str()))),
        (number::Column::IconShown, icon_shown.map(Expr::val)),
        (number::Column::IconCountries, icon_countries.as_ref().map(|list| Expr::val(list.join(",")))),
        (number::Column::CallbackPermission, callback_permission.map(Expr::val)),
        (number::Column::TestNumber, test_number.map(Expr::val)),
        (number::Column::NoWebhookHours, no_webhook_hours.map(|hours| Expr::val(hours.map(whole)))),
    ]
    .into_iter()
    .filter_map(|(column, value)| Some((column, value?)))
    .collect()
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
        business_calls_enabled: Set(given.business_calls_enabled.unwrap_or(false)),
        outgoing_ring_s: Set(whole(DEFAULT_OUTGOING_RING_S)),
        destination: Set(given.destination.unwrap_or(Destination::Agents).as_str().to_owned()),
        answer_window_s: Set(whole(DEFAULT_ANSWER_WINDOW_S)),
        max_concurrent_calls: Set(whole(DEFAULT_MAX_CONCURRENT_CALLS)),
        max_call_duration_s: Set(whole(DEFAULT_MAX_CALL_DURATION_S)),
        srtp_key_exchange: Set(given.srtp_key_exchange.unwrap_or(SrtpKeyExchange::Dtls).as_str().to_owned()),
        additional_codecs: Set(given.additional_codecs.unwrap_or_default().to_words()),
        recording_mode: Set(RecordingMode::Off.as_str().to_owned()),
        recording_announcement: Set(AnnouncementChoice::English.as_str().to_owned()),
        own_announcement_ms: Set(None),
        recording_waived_by: Set(None),
        recording_waived_at: Set(None),
        record_echo: Set(false),
        notice_language: Set(Language::English.as_str().to_owned()),
        sandbox: Set(given.sandbox),
        drain_answer: Set(DrainAnswer::Reject.as_str().to_owned()),
        icon_shown: Set(None),
        icon_countries: Set(None),
        callback_permission: Set(None),
        test_number: Set(false),
        no_webhook_hours: Set(None),
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
    if let Some(enabled) = given.business_calls_enabled {
        row.business_calls_enabled = Set(enabled);
    }
    if let Some(destination) = given.destination {
        row.destination = Set(destination.as_str().to_owned());
    }
    if let Some(exchange) = given.srtp_key_exchange {
        row.srtp_key_exchange = Set(exchange.as_str().to_owned());
    }
    if let Some(codecs) = given.additional_codecs {
        row.additional_codecs = Set(codecs.to_words());
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
        drain_answer: cell("drain_answer").word(&row.drain_answer, DrainAnswer::from_word)?,
        no_webhook_hours: row.no_webhook_hours.map(|hours| count("no_webhook_hours", hours)).transpose()?,
        answer_window_s: count("answer_window_s", row.answer_window_s)?,
        outgoing_ring_s: count("outgoing_ring_s", row.outgoing_ring_s)?,
        max_concurrent_calls: count("max_concurrent_calls", row.max_concurrent_calls)?,
        max_call_duration_s: count("max_call_duration_s", row.max_call_duration_s)?,
        srtp_key_exchange: cell("srtp_key_exchange")
            .word(&row.srtp_key_exchange, SrtpKeyExchange::from_word)?,
        additional_codecs: cell("additional_codecs")
            .word(&row.additional_codecs, AdditionalCodecs::from_words)?,
        recording: RecordingSettings {
            mode: cell("recording_mode").word(&row.recording_mode, RecordingMode::from_word)?,
            announcement: cell("recording_announcement")
                .word(&row.recording_announcement, AnnouncementChoice::from_word)?,
            own: row
                .own_announcement_ms
                .map(|length| count("own_announcement_ms", length))
                .transpose()?
                .map(|length| Duration::from_millis(length.into())),
            waived: row.recording_waived_at.is_some(),
            echo: row.record_echo,
        },
        recording_waiver: row
            .recording_waived_at
            .map(|at| Waiver { by: row.recording_waived_by.map(UserId::from_uuid), at: timestamp(at) }),
        notice_language: cell("notice_language").word(&row.notice_language, Language::from_word)?,
        id: NumberId::from_uuid(row.id),
        tenant: TenantId::from_uuid(row.tenant_id),
        branch: row.branch_id.map(BranchId::from_uuid),
        provider: row.provider,
        provider_number_id: row.provider_number_id,
        waba_id: row.waba_id,
        name: row.name,
        display_phone: row.display_phone,
        calling_enabled: row.calling_enabled,
        icon_shown: row.icon_shown,
        icon_countries: row
            .icon_countries
            .map(|list| list.split(',').filter(|country| !country.is_empty()).map(str::to_owned).collect()),
        callback_permission: row.callback_permission,
        business_calls_enabled: row.business_calls_enabled,
        test_number: row.test_number,
        sandbox: row.sandbox,
        created_at: timestamp(row.created_at),
        updated_at: timestamp(row.updated_at),
    })
}

/// The column's width; nobody waits 68 years or has two thousand million calls at once.
fn whole(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
