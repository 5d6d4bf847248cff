//! Recordings whose sound is whole and whose peaks nobody has computed yet: what is owed after a call, also after a
//! restart in between.

use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::ids::NodeId;

use super::Recordings;
use super::row::{RecordingRow, RecordingState, from_columns};
use crate::MAX_PAGE;
use crate::db::Sight;
use crate::entities::recording;
use crate::error::StoreError;

impl Recordings<'_> {
    /// Recordings of this node that are `processing`, of all tenants, oldest first; [`MAX_PAGE`] at the most.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unprocessed(&self, node: NodeId) -> Result<Vec<RecordingRow>, StoreError> {
        let seen = self.db.see(Sight::Installation, "look for recordings without peaks").await?;
        let rows = recording::Entity::find()
            .filter(recording::Column::NodeId.eq(node.uuid()))
            .filter(recording::Column::State.eq(RecordingState::Processing.as_str()))
            .order_by_asc(recording::Column::StartedAt)
            .order_by_asc(recording::Column::Id)
            .limit(MAX_PAGE)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(from_columns).collect()
    }

    /// How many files still have to be moved or removed, of all tenants and nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn errands_left(&self) -> Result<u64, StoreError> {
        let seen = self.db.see(Sight::Installation, "count files of recordings to be moved").await?;
        let left = recording::Entity::find().filter(recording::Column::ErrandAt.is_not_null());
        seen.read(left.count(seen.connection())).await
    }
}
