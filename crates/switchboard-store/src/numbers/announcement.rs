//! The business' own announcement of a number (M5): kept beside the number, because it is large and seldom read.

use std::time::Duration;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::NumberId;
use switchboard_core::time::Timestamp;

use super::{MAX_NUMBERS, Number, Numbers, number};
use crate::audit::{self, AuditEntry};
use crate::columns::moment;
use crate::db::{Lane, Sight};
use crate::entities::number_announcement;
use crate::error::StoreError;
use crate::scope;

/// The own announcement of a number.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnAnnouncement {
    /// Whose.
    pub number: NumberId,
    /// Ogg Opus as it is sent.
    pub sound: Vec<u8>,
}

impl std::fmt::Debug for OwnAnnouncement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnAnnouncement({}, {} bytes)", self.number, self.sound.len())
    }
}

impl Numbers<'_> {
    /// Keeps the own announcement of a number, or takes it away; the number knows its length.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the number is not in this scope, or when the database fails.
    pub async fn set_own_announcement(
        &self,
        scope: &Scope,
        id: NumberId,
        own: Option<(Vec<u8>, Duration)>,
        entry: AuditEntry,
        at: Timestamp,
    ) -> Result<Number, StoreError> {
        let doing = format!("keep the announcement of {id}");
        let not_found = StoreError::NotFound { doing: doing.clone().into() };
        let length = own.as_ref().map(|(_, length)| i32::try_from(length.as_millis()).unwrap_or(i32::MAX));
        let change = scope::update::<number::Entity>(scope)
            .col_expr(number::Column::OwnAnnouncementMs, Expr::val(length))
            .col_expr(number::Column::UpdatedAt, Expr::val(moment(at)))
            .filter(number::Column::Id.eq(id.uuid()));
        let entry = audit::row(scope, entry);
        let tenant = scope.tenant.uuid();
        let row = self
            .db
            .write(Lane::Settings, scope, 1, doing, move |transaction| {
                Box::pin(async move {
                    let rows = change.exec_with_returning(transaction).await?;
                    let row = rows.into_iter().next().ok_or(not_found)?;
                    if let Some((sound, _)) = own {
                        let kept = number_announcement::ActiveModel {
                            number_id: Set(row.id),
                            tenant_id: Set(tenant),
                            sound: Set(sound),
                            updated_at: Set(moment(at)),
                        };
                        let again = OnConflict::column(number_announcement::Column::NumberId)
                            .update_columns([
                                number_announcement::Column::Sound,
                                number_announcement::Column::UpdatedAt,
                            ])
                            .to_owned();
                        number_announcement::Entity::insert(kept)
                            .on_conflict(again)
                            .exec_without_returning(transaction)
                            .await?;
                    } else {
                        number_announcement::Entity::delete_many()
                            .filter(number_announcement::Column::NumberId.eq(row.id))
                            .exec(transaction)
                            .await?;
                    }
                    audit::append(transaction, Some(entry)).await?;
                    Ok(row)
                })
            })
            .await?;
        number(row)
    }

    /// The own announcement of one number; none when it has none, or is not in this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_announcement(&self, scope: &Scope, id: NumberId) -> Result<Option<Vec<u8>>, StoreError> {
        let seen = self.db.see(scope, "read an own announcement").await?;
        let row = number_announcement::Entity::find_by_id(id.uuid())
            .filter(number_announcement::Column::TenantId.eq(scope.tenant.uuid()))
            .filter(number_announcement::Column::NumberId.in_subquery(scope::ids::<number::Entity>(
                scope,
                number::Column::Id,
                id.uuid(),
            )))
            .one(seen.connection());
        Ok(seen.read(row).await?.map(|row| row.sound))
    }

    /// The own announcements of every tenant, for the exchange itself, which plays them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn own_announcements(&self) -> Result<Vec<OwnAnnouncement>, StoreError> {
        let seen = self.db.see(Sight::Installation, "list the own announcements").await?;
        let rows = number_announcement::Entity::find()
            .order_by_asc(number_announcement::Column::NumberId)
            .limit(MAX_NUMBERS)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        Ok(rows
            .into_iter()
            .map(|row| OwnAnnouncement { number: NumberId::from_uuid(row.number_id), sound: row.sound })
            .collect())
    }
}
