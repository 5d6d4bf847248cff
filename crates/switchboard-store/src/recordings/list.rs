//! Lists of recordings, newest first.

use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, RecordingId};

use super::row::{RecordingRow, from_columns};
use super::{Hears, Recordings, heard};
use crate::MAX_PAGE;
use crate::columns::moment;
use crate::cursor::Cursor;
use crate::entities::recording;
use crate::error::StoreError;

/// Where a page of recordings ended.
pub type RecordingCursor = Cursor<RecordingId>;

/// Some recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingPage {
    /// The recordings.
    pub items: Vec<RecordingRow>,
    /// Where the next page begins; none on the last.
    pub next: Option<RecordingCursor>,
}

impl Recordings<'_> {
    /// A page of the recordings of this scope, deleted ones too, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        scope: &Scope,
        hears: Hears,
        call: Option<CallId>,
        after: Option<RecordingCursor>,
        limit: u64,
    ) -> Result<RecordingPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let after = after.map(|RecordingCursor { at, id }| {
            let at = moment(at);
            let same_moment = Condition::all()
                .add(recording::Column::StartedAt.eq(at))
                .add(recording::Column::Id.lt(id.uuid()));
            Condition::any().add(recording::Column::StartedAt.lt(at)).add(same_moment)
        });
        let conditions = Condition::all()
            .add_option(call.map(|call| recording::Column::CallId.eq(call.uuid())))
            .add_option(after);
        let seen = self.db.see(scope, "list recordings").await?;
        let rows = heard(scope, hears)
            .filter(conditions)
            .order_by_desc(recording::Column::StartedAt)
            .order_by_desc(recording::Column::Id)
            .limit(limit + 1)
            .all(seen.connection());
        let mut rows = seen.read(rows).await?;
        let page = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > page;
        rows.truncate(page);
        let items = rows.into_iter().map(from_columns).collect::<Result<Vec<_>, _>>()?;
        let last = items.last().filter(|_| more);
        let next = last.map(|row| RecordingCursor { at: row.started_at, id: row.id });
        Ok(RecordingPage { items, next })
    }
}
