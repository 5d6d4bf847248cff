//! What customers said about being called, each entry with its evidence (P6). Entries are added and taken out, never
//! changed; whether a contact is on the list of people who are not called is kept beside him, for lists.

use std::fmt;

use sea_orm::sea_query::{Expr, ExprTrait, Order};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use switchboard_core::access::Scope;
use switchboard_core::audit::{AuditKind, AuditWhat};
use switchboard_core::consent::{ConsentEntry, ConsentKind};
use switchboard_core::ids::{ConsentId, ContactId};
use switchboard_core::time::Timestamp;
use uuid::Uuid;

use crate::audit::{self, AuditBy, AuditSubject, Author};
use crate::columns::{self, Cell, moment, timestamp};
use crate::db::{Db, Lane};
use crate::entities::{consent, contact};
use crate::error::{Failure, StoreError};
use crate::sealing::keyring::Keyring;
use crate::{MAX_PAGE, scope};

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentSource {
    /// Found in what the customer wrote.
    Message,
    /// Written down by somebody.
    Person,
    /// Came with a file of contacts.
    Import,
}

impl ConsentSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Message, Self::Person, Self::Import];

    /// The word in database and API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Person => "person",
            Self::Import => "import",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == word)
    }
}

/// An entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// Whose.
    pub contact: ContactId,
    /// What it says.
    pub kind: ConsentKind,
    /// Where it comes from.
    pub source: ConsentSource,
    /// What was said, word for word, or where it is written.
    pub evidence: Option<String>,
    /// The message it was said in, by the provider's id.
    pub message_id: Option<String>,
    /// When it was said.
    pub at: Timestamp,
    /// It ends then, if before the rule's own end.
    pub valid_until: Option<Timestamp>,
    /// `user_…`, `key_…` or `exchange`, and the name then.
    pub recorded_by: (String, String),
    /// When it was written down.
    pub recorded_at: Timestamp,
    /// When it was taken out, and by whom.
    pub revoked: Option<(Timestamp, String, String)>,
}

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// An entry to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct NewConsent {
    /// What it says.
    pub kind: ConsentKind,
    /// Where it comes from.
    pub source: ConsentSource,
    /// What was said.
    pub evidence: Option<String>,
    /// The message it was said in.
    pub message_id: Option<String>,
    /// When it was said.
    pub at: Timestamp,
    /// It ends then.
    pub valid_until: Option<Timestamp>,
}

impl fmt::Debug for NewConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewConsent").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Questions about consents.
#[derive(Debug, Clone, Copy)]
pub struct Consents<'s> {
    pub(crate) db: &'s Db,
}

impl Consents<'_> {
    /// What a contact of this scope said, the newest first; [`MAX_PAGE`] entries, those that were taken out included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_contact(&self, scope: &Scope, contact: ContactId) -> Result<Vec<Consent>, StoreError> {
        let seen = self.db.see(scope, format!("list the consents of {contact}")).await?;
        let rows = scope::find::<consent::Entity>(scope)
            .filter(consent::Column::ContactId.eq(contact.uuid()))
            .order_by_desc(consent::Column::At)
            .order_by_desc(consent::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        rows.into_iter().map(|row| read(row, self.db.keys())).collect()
    }

    /// Writes an entry down, and notes who did. None: there is no such contact in this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add(
        &self,
        scope: &Scope,
        contact: ContactId,
        new: NewConsent,
        author: &Author,
    ) -> Result<Option<Consent>, StoreError> {
        let (of_scope, author, keys) = (scope.clone(), author.clone(), self.db.keys().clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 3, format!("add a consent of {contact}"), move |transaction| {
                Box::pin(async move {
                    let found = scope::find::<contact::Entity>(&of_scope)
                        .filter(contact::Column::Id.eq(contact.uuid()))
                        .lock_exclusive()
                        .one(transaction)
                        .await?;
                    if found.is_none() {
                        return Ok(None);
                    }
                    let row = insert(transaction, &of_scope, &keys, contact.uuid(), new, &author).await?;
                    keep_flag(transaction, contact.uuid(), author.at).await?;
                    Ok(Some(row))
                })
            })
            .await?;
        row.map(|row| read(row, self.db.keys())).transpose()
    }

    /// Takes an entry out; it stays readable with the name of who did. None: there is none in this scope, or it is out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke(
        &self,
        scope: &Scope,
        id: ConsentId,
        author: &Author,
    ) -> Result<Option<Consent>, StoreError> {
        let (of_scope, author) = (scope.clone(), author.clone());
        let row = self
            .db
            .write(Lane::Settings, scope, 3, format!("take out {id}"), move |transaction| {
                Box::pin(async move {
                    let (by, name) = words(&author.who);
                    let changed = scope::update::<consent::Entity>(&of_scope)
                        .col_expr(consent::Column::RevokedAt, Expr::val(moment(author.at)))
                        .col_expr(consent::Column::RevokedBy, Expr::val(by))
                        .col_expr(consent::Column::RevokedByName, Expr::val(name))
                        .filter(consent::Column::Id.eq(id.uuid()))
                        .filter(consent::Column::RevokedAt.is_null())
                        .exec_with_returning(transaction)
                        .await?;
                    let Some(row) = changed.into_iter().next() else { return Ok(None) };
                    keep_flag(transaction, row.contact_id, author.at).await?;
                    let subject = AuditSubject::new(AuditKind::Consent, id);
                    let detail = json!({
                        "kind": row.kind,
                        "contact_id": ContactId::from_uuid(row.contact_id).to_string(),
                    });
                    let entry = author.did(AuditWhat::ConsentRemoved, subject, detail);
                    audit::append(transaction, Some(audit::row(&of_scope, entry))).await?;
                    Ok(Some(row))
                })
            })
            .await?;
        row.map(|row| read(row, self.db.keys())).transpose()
    }
}

/// What is in force, those that win first; [`MAX_PAGE`] entries are more than anybody says in a year.
pub(crate) fn in_force(contact: Uuid) -> sea_orm::Select<consent::Entity> {
    let wins = [ConsentKind::OptOut, ConsentKind::DoNotCall].map(ConsentKind::as_str);
    consent::Entity::find()
        .filter(consent::Column::ContactId.eq(contact))
        .filter(consent::Column::RevokedAt.is_null())
        .order_by(consent::Column::Kind.into_expr().is_in(wins), Order::Desc)
        .order_by_desc(consent::Column::At)
        .order_by_desc(consent::Column::Id)
        .limit(MAX_PAGE)
}

pub(crate) fn entry(row: &consent::Model) -> Result<ConsentEntry, StoreError> {
    let cell = Cell { table: "consents", column: "kind", id: row.id };
    Ok(ConsentEntry {
        kind: cell.word(&row.kind, ConsentKind::from_word)?,
        at: timestamp(row.at),
        valid_until: row.valid_until.map(timestamp),
    })
}

/// Writes an entry with its line in the audit log.
pub(crate) async fn insert(
    transaction: &DatabaseTransaction,
    scope: &Scope,
    keys: &Keyring,
    contact: Uuid,
    new: NewConsent,
    author: &Author,
) -> Result<consent::Model, Failure> {
    let id = columns::fresh_uuid();
    let (by, name) = words(&author.who);
    let row = consent::ActiveModel {
        id: Set(id),
        tenant_id: Set(scope.tenant.uuid()),
        contact_id: Set(contact),
        kind: Set(new.kind.as_str().to_owned()),
        source: Set(new.source.as_str().to_owned()),
        evidence: Set(new.evidence.map(|evidence| keys.seal(evidence_of(id), evidence))),
        message_id: Set(new.message_id.as_deref().map(columns::text)),
        at: Set(moment(new.at)),
        valid_until: Set(new.valid_until.map(moment)),
        recorded_by: Set(columns::text(&by)),
        recorded_by_name: Set(columns::text(&name)),
        recorded_at: Set(moment(author.at)),
        revoked_at: Set(None),
        revoked_by: Set(None),
        revoked_by_name: Set(None),
    };
    let row = consent::Entity::insert(row).exec_with_returning(transaction).await?;
    let subject = AuditSubject::new(AuditKind::Consent, ConsentId::from_uuid(id));
    let detail = json!({
        "kind": new.kind.as_str(),
        "source": new.source.as_str(),
        "contact_id": ContactId::from_uuid(contact).to_string(),
    });
    let entry = author.did(AuditWhat::ConsentAdded, subject, detail);
    audit::append(transaction, Some(audit::row(scope, entry))).await?;
    Ok(row)
}

/// Is the contact on the list of people who are not called? Written beside him after each change of his entries.
pub(crate) async fn keep_flag(
    transaction: &DatabaseTransaction,
    contact: Uuid,
    at: Timestamp,
) -> Result<(), Failure> {
    let first = in_force(contact).one(transaction).await?;
    let says_no = match &first {
        Some(row) => entry(row)?.kind.is_final(),
        None => false,
    };
    contact::Entity::update_many()
        .col_expr(contact::Column::DoNotCall, Expr::val(says_no))
        .col_expr(contact::Column::UpdatedAt, Expr::val(moment(at)))
        .filter(contact::Column::Id.eq(contact))
        .filter(contact::Column::DoNotCall.ne(says_no))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Who, as a row keeps it.
pub(crate) fn words(who: &AuditBy) -> (String, String) {
    match who {
        AuditBy::Person { id, name } => (id.to_string(), name.clone()),
        AuditBy::Key { id, name } => (id.to_string(), name.clone()),
        AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => ("exchange".to_owned(), String::new()),
    }
}

/// The same read back.
pub(crate) fn who(id: &str, name: &str) -> AuditBy {
    let name = || name.to_owned();
    match (id.parse(), id.parse()) {
        (Ok(id), _) => AuditBy::Person { id, name: name() },
        (Err(_), Ok(id)) => AuditBy::Key { id, name: name() },
        (Err(_), Err(_)) => AuditBy::Exchange,
    }
}

fn evidence_of(id: Uuid) -> Cell {
    Cell { table: "consents", column: "evidence", id }
}

fn read(row: consent::Model, keys: &Keyring) -> Result<Consent, StoreError> {
    let cell = |column| Cell { table: "consents", column, id: row.id };
    let evidence = row.evidence.as_deref().map(|evidence| keys.open(evidence_of(row.id), evidence));
    Ok(Consent {
        id: ConsentId::from_uuid(row.id),
        contact: ContactId::from_uuid(row.contact_id),
        kind: cell("kind").word(&row.kind, ConsentKind::from_word)?,
        source: cell("source").word(&row.source, ConsentSource::from_word)?,
        evidence: evidence.transpose()?,
        message_id: row.message_id,
        at: timestamp(row.at),
        valid_until: row.valid_until.map(timestamp),
        recorded_by: (row.recorded_by, row.recorded_by_name),
        recorded_at: timestamp(row.recorded_at),
        revoked: row.revoked_at.map(|at| {
            (timestamp(at), row.revoked_by.unwrap_or_default(), row.revoked_by_name.unwrap_or_default())
        }),
    })
}
