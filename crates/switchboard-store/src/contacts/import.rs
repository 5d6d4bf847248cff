//! Contacts from a file. What can be read of it is kept in small sealed parts, each of which is taken in once, in a
//! transaction of its own: a file of a hundred thousand lines holds up nobody, and a restart goes on where it was.

use std::fmt;

use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::consent::ConsentKind;
use switchboard_core::ids::{BranchId, ImportId, UserId};
use switchboard_core::phone::PhoneNumber;
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use super::change::changed;
use super::{ContactChange, Contacts, Heard, Identity, identify, save_search};
use crate::audit::{self, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::consents::{self, ConsentSource, NewConsent};
use crate::db::Lane;
use crate::entities::{consent, contact, contact_import, contact_import_part};
use crate::error::{Failure, StoreError};
use crate::jobs::{NewJob, Owed, owe};
use crate::sealing::keyring::Keyring;
use crate::{changes, scope};

/// Lines of one part: with some rows for each line a transaction stays short.
const LINES_AT_ONCE: usize = 25;
/// Parts written in one transaction.
const PARTS_AT_ONCE: usize = 20;
/// Refusals that are kept with their line; more are counted.
pub(super) const MAX_REFUSED: usize = 1_000;

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Its number in the file, the heading being 1.
    pub line: u32,
    /// Which field.
    pub field: String,
    /// Why, without what stands in it.
    pub why: String,
}

/// A consent that comes with a line.
#[derive(Clone, PartialEq, Eq)]
pub struct OptIn {
    /// Where it is written.
    pub evidence: String,
    /// When it was given.
    pub at: Timestamp,
}

/// A line that can be taken in.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportLine {
    /// The number.
    pub phone: PhoneNumber,
    /// What he is called.
    pub name: Option<String>,
    /// Whose customer he is.
    pub owner: Option<UserId>,
    /// The branch that sees him.
    pub branch: Option<BranchId>,
    /// Words he is found by.
    pub tags: Vec<String>,
    /// What other systems call him.
    pub lead_reference: Option<String>,
    /// He wants to be called.
    pub opt_in: Option<OptIn>,
}

impl fmt::Debug for ImportLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportLine").field("phone", &self.phone).finish_non_exhaustive()
    }
}

/// How far a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: ImportId,
    /// Lines to be taken in, without those that were refused.
    pub lines: u32,
    /// Lines taken in.
    pub lines_done: u32,
    /// Contacts that were made.
    pub created: u32,
    /// Contacts that were known.
    pub updated: u32,
    /// How many lines were refused.
    pub refused_count: u32,
    /// The first thousand of them.
    pub refused: Vec<Refused>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was through.
    pub finished_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct KeptLine {
    phone: String,
    name: Option<String>,
    owner: Option<Uuid>,
    branch: Option<Uuid>,
    tags: Vec<String>,
    lead_reference: Option<String>,
    opt_in: Option<(String, i64)>,
}

impl Contacts<'_> {
    /// Keeps the lines of a file, to be taken in by [`import_more`](Self::import_more), and what is owed for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_import(
        &self,
        scope: &Scope,
        lines: Vec<ImportLine>,
        mut refused: Vec<Refused>,
        author: &Author,
        owed: impl FnOnce(ImportId) -> Vec<NewJob>,
    ) -> Result<Import, StoreError> {
        const DOING: &str = "keep a file of contacts";
        let id = columns::fresh_uuid();
        let count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
        let refused_count = i32::try_from(refused.len()).unwrap_or(i32::MAX);
        refused.truncate(MAX_REFUSED);
        let (by, name) = consents::words(&author.who);
        let row = contact_import::ActiveModel {
            id: Set(id),
            tenant_id: Set(scope.tenant.uuid()),
            made_by: Set(columns::text(&by)),
            made_by_name: Set(columns::text(&name)),
            lines: Set(count),
            lines_done: Set(0),
            created: Set(0),
            updated: Set(0),
            refused_count: Set(refused_count),
            refused: Set(columns::json(&json!(refused))),
            created_at: Set(moment(author.at)),
            finished_at: Set((count == 0).then(|| moment(author.at))),
        };
        self.db
            .write(Lane::Settings, scope, 1, DOING, move |transaction| {
                Box::pin(async move {
                    contact_import::Entity::insert(row).exec_without_returning(transaction).await?;
                    Ok(())
                })
            })
            .await?;
        let mut parts =
            lines.chunks(LINES_AT_ONCE).enumerate().map(|(part, lines)| self.part(scope, id, part, lines));
        loop {
            let some: Vec<_> = parts.by_ref().take(PARTS_AT_ONCE).collect();
            if some.is_empty() {
                break;
            }
            self.db
                .write(Lane::Settings, scope, some.len(), DOING, move |transaction| {
                    Box::pin(async move {
                        contact_import_part::Entity::insert_many(some)
                            .exec_without_returning(transaction)
                            .await?;
                        Ok(())
                    })
                })
                .await?;
        }
        // Owed when all parts are there: what a crash leaves half is taken in by nobody.
        let owed = Owed::new(owed(ImportId::from_uuid(id)), self.db.keys());
        self.db
            .write(Lane::Settings, scope, 1 + owed.len(), DOING, move |transaction| {
                Box::pin(async move { owe(transaction, owed).await })
            })
            .await?;
        self.import(scope, ImportId::from_uuid(id)).await?.ok_or(StoreError::NotFound { doing: DOING.into() })
    }

    /// How far a file is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import(&self, scope: &Scope, id: ImportId) -> Result<Option<Import>, StoreError> {
        let seen = self.db.see(scope, format!("look how far {id} is")).await?;
        let row = scope::find::<contact_import::Entity>(scope)
            .filter(contact_import::Column::Id.eq(id.uuid()))
            .one(seen.connection());
        Ok(seen.read(row).await?.map(read))
    }

    /// Takes the next part in. None: there is no such file, or it is through.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn import_more(
        &self,
        scope: &Scope,
        id: ImportId,
        author: &Author,
    ) -> Result<Option<Import>, StoreError> {
        let doing = format!("take in a part of {id}");
        let (of_scope, author, keys) = (scope.clone(), author.clone(), self.db.keys().clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 4 * LINES_AT_ONCE, doing.clone(), move |transaction| {
                Box::pin(async move { take_part(transaction, &of_scope, id, &author, &keys, &doing).await })
            })
            .await?;
        Ok(row.map(read))
    }

    fn part(
        &self,
        scope: &Scope,
        import: Uuid,
        part: usize,
        lines: &[ImportLine],
    ) -> contact_import_part::ActiveModel {
        let id = columns::fresh_uuid();
        let kept: Vec<KeptLine> = lines
            .iter()
            .map(|line| KeptLine {
                phone: line.phone.digits().to_owned(),
                name: line.name.clone(),
                owner: line.owner.map(UserId::uuid),
                branch: line.branch.map(BranchId::uuid),
                tags: line.tags.clone(),
                lead_reference: line.lead_reference.clone(),
                opt_in: line.opt_in.as_ref().map(|it| (it.evidence.clone(), it.at.micros())),
            })
            .collect();
        // Texts and numbers: nothing in it can fail to be written.
        let text = serde_json::to_string(&kept).unwrap_or_default();
        contact_import_part::ActiveModel {
            id: Set(id),
            tenant_id: Set(scope.tenant.uuid()),
            import_id: Set(import),
            part: Set(i32::try_from(part).unwrap_or(i32::MAX)),
            lines: Set(self.db.keys().seal(lines_of(id), text)),
        }
    }
}

fn lines_of(id: Uuid) -> Cell {
    Cell { table: "contact_import_parts", column: "lines", id }
}

async fn take_part(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    id: ImportId,
    author: &Author,
    keys: &Keyring,
    doing: &str,
) -> Result<Option<contact_import::Model>, Failure> {
    let row = scope::find::<contact_import::Entity>(scope)
        .filter(contact_import::Column::Id.eq(id.uuid()))
        .filter(contact_import::Column::FinishedAt.is_null())
        .lock_exclusive()
        .one(transaction)
        .await?;
    let Some(mut row) = row else { return Ok(None) };
    // Whoever goes on with it: it is done by who brought the file.
    let author = &Author { who: consents::who(&row.made_by, &row.made_by_name), ..author.clone() };
    let part = contact_import_part::Entity::find()
        .filter(contact_import_part::Column::ImportId.eq(row.id))
        .order_by_asc(contact_import_part::Column::Part)
        .limit(1)
        .one(transaction)
        .await?;
    if let Some(part) = &part {
        let text = keys.open(lines_of(part.id), &part.lines)?;
        let lines: Vec<KeptLine> =
            serde_json::from_str(&text).map_err(|error| lines_of(part.id).unreadable(error.to_string()))?;
        for line in lines {
            row.lines_done += 1;
            if Box::pin(take_line(transaction, scope, line, author, keys, doing)).await? {
                row.created += 1;
            } else {
                row.updated += 1;
            }
        }
        contact_import_part::Entity::delete_by_id(part.id).exec(transaction).await?;
    }
    if row.lines_done >= row.lines || part.is_none() {
        row.finished_at = Some(moment(author.at));
        let subject = AuditSubject::new(AuditKind::ContactImport, id);
        let detail = json!({ "created": row.created, "updated": row.updated, "refused": row.refused_count });
        let entry = author.did(AuditWhat::ContactsImported, subject, detail);
        audit::append(transaction, Some(audit::row(scope, entry))).await?;
    }
    contact_import::Entity::update(row.clone().into_active_model().reset_all()).exec(transaction).await?;
    Ok(Some(row))
}

/// Takes one line in; true: the contact is new.
async fn take_line(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    line: KeptLine,
    author: &Author,
    keys: &Keyring,
    doing: &str,
) -> Result<bool, Failure> {
    let cell = Cell { table: "contact_import_parts", column: "lines", id: Uuid::nil() };
    let phone: PhoneNumber = line.phone.parse().map_err(|_| cell.unreadable("no phone number"))?;
    let known = contact::Entity::find()
        .filter(contact::Column::TenantId.eq(scope.tenant.uuid()))
        .filter(contact::Column::PhoneKey.eq(phone.key()))
        .lock_exclusive()
        .one(transaction)
        .await?;
    let is_new = known.is_none();
    let row = match known {
        Some(known) => known,
        None => {
            let who = Identity { phone: Some(phone), ..Identity::default() };
            identify(transaction, scope, &who, Heard { branch: None, at: author.at }).await?
        }
    };
    let change = ContactChange {
        name: line.name.map(Some),
        owner: line.owner.map(|id| Some(UserId::from_uuid(id))),
        branch: line.branch.map(|id| Some(BranchId::from_uuid(id))),
        more_tags: line.tags,
        lead_reference: line.lead_reference.map(Some),
        ..ContactChange::default()
    };
    let before = row.clone();
    let row = changed(transaction, scope, row, &change, author, doing).await?;
    changes::save(transaction, &before, &row).await?;
    save_search(transaction, &row).await?;
    if let Some((evidence, at)) = line.opt_in {
        let at = Timestamp::from_micros(at);
        let before = consent::Entity::find()
            .filter(consent::Column::ContactId.eq(row.id))
            .filter(consent::Column::Kind.eq(ConsentKind::OptIn.as_str()))
            .filter(consent::Column::At.eq(moment(at)))
            .filter(consent::Column::RevokedAt.is_null())
            .one(transaction)
            .await?;
        if before.is_none() {
            let new = NewConsent {
                kind: ConsentKind::OptIn,
                source: ConsentSource::Import,
                evidence: Some(evidence),
                message_id: None,
                at,
                valid_until: None,
            };
            consents::insert(transaction, scope, keys, row.id, new, author).await?;
        }
    }
    Ok(is_new)
}

fn read(row: contact_import::Model) -> Import {
    let count = |count: i32| u32::try_from(count).unwrap_or(0);
    Import {
        id: ImportId::from_uuid(row.id),
        lines: count(row.lines),
        lines_done: count(row.lines_done),
        created: count(row.created),
        updated: count(row.updated),
        refused_count: count(row.refused_count),
        refused: serde_json::from_value(row.refused).unwrap_or_default(),
        created_at: timestamp(row.created_at),
        finished_at: row.finished_at.map(timestamp),
    }
}
