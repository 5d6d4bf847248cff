//! What a recording's file still has to do after its call: go into the bucket, or go away. The row remembers it, so a
//! restart forgets nothing; a failing bucket is asked again, later and later.

use std::time::Duration;

use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use switchboard_core::access::Scope;
use switchboard_core::ids::{NodeId, RecordingId, TenantId};
use switchboard_core::time::Timestamp;

use super::error::RecordingError;
use super::files::FileName;
use super::row::{Place, RecordingState, cell};
use super::{Recordings, change, change_of};
use crate::MAX_PAGE;
use crate::columns::moment;
use crate::db::Sight;
use crate::entities::recording;
use crate::error::StoreError;

/// After the first failure; doubled for each further one.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// A bucket that is back is found within this time.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

impl Recordings<'_> {
    /// Whose files have an errand that this node can do, of all tenants, longest waiting first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn errands_due(
        &self,
        node: NodeId,
        now: Timestamp,
        limit: u64,
    ) -> Result<Vec<RecordingId>, StoreError> {
        // What lies on another node's disk is that node's to bring or remove.
        let ours = Condition::any()
            .add(recording::Column::NodeId.eq(node.uuid()))
            .add(recording::Column::Place.eq(Place::Bucket.as_str()));
        let seen = self.db.see(Sight::Installation, "look for files of recordings to be moved").await?;
        let ids = recording::Entity::find()
            .select_only()
            .column(recording::Column::Id)
            .filter(recording::Column::ErrandAt.lte(moment(now)))
            .filter(ours)
            .order_by_asc(recording::Column::ErrandAt)
            .order_by_asc(recording::Column::Id)
            .limit(limit.clamp(1, MAX_PAGE))
            .into_tuple::<uuid::Uuid>()
            .all(seen.connection());
        Ok(seen.read(ids).await?.into_iter().map(RecordingId::from_uuid).collect())
    }

    /// Does what a file has to do. After a failure the errand is due again, later.
    ///
    /// # Errors
    /// What the disk, the bucket or the database say.
    pub async fn run_errand(&self, id: RecordingId, now: Timestamp) -> Result<(), RecordingError> {
        let seen = self.db.see(Sight::Installation, format!("look up {id}")).await?;
        let row = recording::Entity::find_by_id(id.uuid()).one(seen.connection());
        let Some(row) = seen.read(row).await? else { return Ok(()) };
        drop(seen);
        let scope = Scope::of_the_exchange(TenantId::from_uuid(row.tenant_id));
        let done = self.errand_of(&scope, &row).await;
        if done.is_err() {
            let attempts = row.errand_attempts.saturating_add(1);
            let later = recording::ActiveModel {
                errand_at: Set(Some(moment(now.plus(wait_after(attempts))))),
                errand_attempts: Set(attempts),
                ..Default::default()
            };
            change(self.db, &scope, id, later, None).await?;
        }
        done
    }

    async fn errand_of(&self, scope: &Scope, row: &recording::Model) -> Result<(), RecordingError> {
        let id = RecordingId::from_uuid(row.id);
        let (files, name) = (self.db.recordings(), FileName::of(row.id, row.started_at));
        let place = row
            .place
            .as_deref()
            .map(|word| cell(row.id, "place").word(word, Place::from_word))
            .transpose()?;
        let deleted = row.state == RecordingState::Deleted.as_str();
        let nothing_more =
            recording::ActiveModel { errand_at: Set(None), errand_attempts: Set(0), ..Default::default() };
        match place {
            Some(place) if deleted => {
                files
                    .remove(place, &name)
                    .await
                    .map_err(|error| RecordingError::file(format!("remove the file of {id}"), error))?;
                let gone = recording::ActiveModel { place: Set(None), ..nothing_more };
                change(self.db, scope, id, gone, None).await?;
            }
            Some(Place::Disk) if files.has_bucket() => {
                files.upload(&name).await?;
                let moved = recording::ActiveModel {
                    place: Set(Some(Place::Bucket.as_str().to_owned())),
                    ..nothing_more
                };
                let still = recording::Column::State.ne(RecordingState::Deleted.as_str());
                let doing = format!("note that {id} is in the bucket");
                let left = if change_of(self.db, scope, id, moved, still, doing).await? {
                    Place::Disk
                } else {
                    // Deleted meanwhile: the local file is the deletion's, the copy is ours.
                    Place::Bucket
                };
                files
                    .remove(left, &name)
                    .await
                    .map_err(|error| RecordingError::file(format!("remove a copy of {id}"), error))?;
            }
            Some(Place::Disk | Place::Bucket) | None => {
                change(self.db, scope, id, nothing_more, None).await?;
            }
        }
        Ok(())
    }
}

fn wait_after(attempts: i32) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(1_u32 << attempts.clamp(1, 10).unsigned_abs().saturating_sub(1));
    doubled.min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_bucket_is_asked_later_and_later_and_never_too_late() {
        let waits: Vec<u64> = [1, 2, 3, 10, i32::MAX].map(|attempts| wait_after(attempts).as_secs()).to_vec();
        assert_eq!(waits, [10, 20, 40, 900, 900]);
    }
}
