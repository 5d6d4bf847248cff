//! Recordings of calls: a row for what is known of one, a sealed file for its sound.
//!
//! Each recording has a random key of its own, wrapped by the data keys in its row: whoever deletes the row's key has
//! deleted the sound, wherever a copy of the file may lie. A recording is seen by whoever sees its call.

mod audio;
mod errands;
mod error;
mod files;
mod format;
mod list;
mod row;
mod sink;
mod unprocessed;

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, SimpleExpr};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use switchboard_core::access::Scope;
use switchboard_core::ids::{CallId, NodeId, RecordingId, UserId};
use switchboard_core::time::Timestamp;

pub use audio::{AudioReader, RecordingAudio};
pub use error::RecordingError;
pub(crate) use files::RecordingFiles;
pub use files::RecordingsPlace;
pub use list::{RecordingCursor, RecordingPage};
pub use row::{Finished, NewRecording, Pause, Peaks, RecordingRow, RecordingState};
pub use sink::RecordingSink;

use crate::audit::{self, AuditBy, AuditEntry};
use crate::columns::moment;
use crate::db::{Db, Lane, Sight};
use crate::entities::{call, recording};
use crate::error::{Doing, StoreError};
use crate::scope;
use crate::sealing::{KEY, key_from, random};
use files::FileName;
use format::{Chunks, Layout};
use row::{Place, cell, from_columns};
use sink::Writer;

/// Recordings of one call: it was paused by stopping and started again very often.
const MAX_OF_A_CALL: u64 = 200;
/// Recordings that were live when a node stopped: one for each of its live calls.
const MAX_LIVE: u64 = 20_000;
/// Bytes of peaks of one side: 4 hours at 50 ms.
pub const MAX_PEAKS: usize = 300_000;

/// Whose recordings somebody may hear among those of the calls he sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// All of them.
    All,
    /// Those of calls this person answered.
    AnsweredBy(UserId),
}

/// Questions about recordings.
#[derive(Debug, Clone, Copy)]
pub struct Recordings<'s> {
    pub(crate) db: &'s Arc<Db>,
}

impl Recordings<'_> {
    /// Begins a recording: its file is there and its row says `recording` when this returns.
    ///
    /// # Errors
    /// [`StoreError::OutOfScope`], [`StoreError::Dangling`] when the call or number is not there,
    /// [`RecordingError::DiskFull`], or when disk or database fail. Nothing is left behind then.
    pub async fn begin(&self, scope: &Scope, new: NewRecording) -> Result<RecordingSink, RecordingError> {
        let doing = format!("begin {}", new.id);
        scope::check(scope, new.tenant, new.branch, || doing.clone().into())?;
        let id = new.id.uuid();
        let key: [u8; KEY] = random();
        let row = recording::ActiveModel {
            id: Set(id),
            tenant_id: Set(new.tenant.uuid()),
            call_id: Set(new.call.uuid()),
            number_id: Set(new.number.uuid()),
            node_id: Set(new.node.uuid()),
            state: Set(RecordingState::Recording.as_str().to_owned()),
            started_at: Set(moment(new.at)),
            cut: Set(false),
            pauses: Set(serde_json::json!([])),
            place: Set(Some(Place::Disk.as_str().to_owned())),
            wrapped_key: Set(Some(self.db.keys().seal(cell(id, "wrapped_key"), key))),
            errand_attempts: Set(0),
            ..Default::default()
        };
        let path = self.db.recordings().on_disk(&FileName::of(id, moment(new.at)));
        let writer = Writer::create(path.clone(), Chunks::new(id, key_from(&key)))
            .await
            .map_err(|error| RecordingError::disk(doing.clone(), error))?;
        let of_its_call = scope::ids::<call::Entity>(scope, call::Column::Id, new.call.uuid());
        let written = self
            .db
            .write(Lane::Call(new.call), scope, 1, doing, move |transaction| {
                Box::pin(async move {
                    let known = call::Entity::find().filter(call::Column::Id.in_subquery(of_its_call));
                    if known
                        .select_only()
                        .column(call::Column::Id)
                        .into_tuple::<uuid::Uuid>()
                        .one(transaction)
                        .await?
                        .is_none()
                    {
                        return Err(
                            StoreError::Dangling { doing: "find the call of a recording".into() }.into()
                        );
                    }
                    recording::Entity::insert(row).exec_without_returning(transaction).await?;
                    Ok(())
                })
            })
            .await;
        if let Err(error) = written {
            let _ = tokio::fs::remove_file(path).await;
            return Err(error.into());
        }
        Ok(RecordingSink::new(Arc::clone(self.db), scope.clone(), new.id, writer))
    }

    /// Closes the recordings this node was writing when it stopped without saying so: whole chunks are kept. They are
    /// `processing` afterwards and have no length yet, or `failed` when nothing was kept. Of all tenants.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recover(&self, node: NodeId, at: Timestamp) -> Result<Vec<RecordingRow>, StoreError> {
        let broken = recording::Column::State
            .eq(RecordingState::Failed.as_str())
            .and(recording::Column::EndedAt.is_null());
        let seen = self.db.see(Sight::Installation, "list the recordings that were being written").await?;
        let rows = recording::Entity::find()
            .filter(recording::Column::NodeId.eq(node.uuid()))
            .filter(live().or(broken))
            .order_by_asc(recording::Column::Id)
            .limit(MAX_LIVE)
            .all(seen.connection());
        let rows = seen.read(rows).await?;
        drop(seen);
        let mut recovered = Vec::with_capacity(rows.len());
        for row in rows {
            let id = RecordingId::from_uuid(row.id);
            let layout = self.what_is_whole(&row).await;
            let state = if layout.size == 0 || row.state == RecordingState::Failed.as_str() {
                RecordingState::Failed
            } else {
                RecordingState::Processing
            };
            let scope = Scope::of_the_exchange(switchboard_core::ids::TenantId::from_uuid(row.tenant_id));
            let upload = layout.size > 0 && self.db.recordings().has_bucket();
            let closed = recording::ActiveModel {
                state: Set(state.as_str().to_owned()),
                ended_at: Set(Some(moment(at))),
                size_bytes: Set(Some(layout.size.cast_signed())),
                cut: Set(layout.cut),
                failure: Set(Some(row.failure.unwrap_or_else(|| "node_restarted".to_owned()))),
                errand_at: Set(upload.then(|| moment(at))),
                ..Default::default()
            };
            change(self.db, &scope, id, closed, None).await?;
            recovered.extend(self.get(&scope, Hears::All, id).await?);
        }
        Ok(recovered)
    }

    /// How much of an unfinished file can be listened to.
    async fn what_is_whole(&self, row: &recording::Model) -> Layout {
        let (files, name) = (self.db.recordings(), FileName::of(row.id, row.started_at));
        let Ok(length) = files.length(Place::Disk, &name).await else { return Layout { size: 0, cut: true } };
        let cut = Layout::of_cut_file(length);
        // The writer may have been stopped between the closing chunk and the row.
        let tail = cut.file_length()..length;
        let closing = match (self.chunks_of(row), files.read(Place::Disk, &name, tail).await) {
            (Ok(chunks), Ok(sealed)) => chunks.open(cut.next_index(), true, &sealed),
            _ => None,
        };
        match closing {
            Some(sound) => Layout { size: cut.size + sound.len() as u64, cut: false },
            None => cut,
        }
    }

    /// The own key of a recording, ready for use.
    fn chunks_of(&self, row: &recording::Model) -> Result<Chunks, StoreError> {
        let here = cell(row.id, "wrapped_key");
        let wrapped = row.wrapped_key.as_deref().ok_or_else(|| here.unreadable("missing"))?;
        let key: [u8; KEY] =
            self.db.keys().open_bytes(here, wrapped)?.try_into().map_err(|_| here.unreadable("not a key"))?;
        Ok(Chunks::new(row.id, key_from(&key)))
    }

    /// One recording of this scope.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(
        &self,
        scope: &Scope,
        hears: Hears,
        id: RecordingId,
    ) -> Result<Option<RecordingRow>, StoreError> {
        self.model(scope, hears, id).await?.map(from_columns).transpose()
    }

    async fn model(
        &self,
        scope: &Scope,
        hears: Hears,
        id: RecordingId,
    ) -> Result<Option<recording::Model>, StoreError> {
        let seen = self.db.see(scope, format!("look up {id}")).await?;
        let row = heard(scope, hears).filter(recording::Column::Id.eq(id.uuid())).one(seen.connection());
        seen.read(row).await
    }

    /// The recordings of a call, from its beginning.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of_call(
        &self,
        scope: &Scope,
        hears: Hears,
        call: CallId,
    ) -> Result<Vec<RecordingRow>, StoreError> {
        let seen = self.db.see(scope, format!("list the recordings of {call}")).await?;
        let rows = heard(scope, hears)
            .filter(recording::Column::CallId.eq(call.uuid()))
            .order_by_asc(recording::Column::StartedAt)
            .order_by_asc(recording::Column::Id)
            .limit(MAX_OF_A_CALL)
            .all(seen.connection());
        seen.read(rows).await?.into_iter().map(from_columns).collect()
    }

    /// Notes how long a recording is, when the node that wrote it could not say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_duration(
        &self,
        scope: &Scope,
        id: RecordingId,
        duration: std::time::Duration,
    ) -> Result<(), StoreError> {
        let row = recording::ActiveModel {
            duration_ms: Set(Some(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))),
            ..Default::default()
        };
        let there = Some(recording::Column::State.ne(RecordingState::Deleted.as_str()));
        change(self.db, scope, id, row, there).await.map(|_| ())
    }

    /// Keeps the peaks, sealed like the sound.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not there (any more), or when the database fails.
    pub async fn set_peaks(&self, scope: &Scope, id: RecordingId, peaks: &Peaks) -> Result<(), StoreError> {
        let gone = || StoreError::NotFound { doing: format!("keep the peaks of {id}").into() };
        let row = self.model(scope, Hears::All, id).await?.ok_or_else(gone)?;
        let side = peaks.left.len().max(peaks.right.len()).min(MAX_PEAKS);
        let mut bytes = vec![0; 2 * side];
        for (into, from) in bytes.chunks_mut(side.max(1)).zip([&peaks.left, &peaks.right]) {
            let length = from.len().min(side);
            into[..length].copy_from_slice(&from[..length]);
        }
        let sealed = self.chunks_of(&row)?.seal_note("peaks", &bytes);
        let kept = recording::ActiveModel {
            peaks: Set(Some(sealed)),
            peaks_interval_ms: Set(Some(i32::try_from(peaks.interval_ms).unwrap_or(i32::MAX))),
            ..Default::default()
        };
        let there = Some(recording::Column::State.ne(RecordingState::Deleted.as_str()));
        if !change(self.db, scope, id, kept, there).await? {
            return Err(gone());
        }
        Ok(())
    }

    /// It can be listened to, with peaks or without. False: it could before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_ready(&self, scope: &Scope, id: RecordingId) -> Result<bool, StoreError> {
        let ready = recording::ActiveModel {
            state: Set(RecordingState::Ready.as_str().to_owned()),
            ..Default::default()
        };
        let processing = recording::Column::State.eq(RecordingState::Processing.as_str());
        change(self.db, scope, id, ready, Some(processing)).await
    }

    /// The peaks, when they are known.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when they were changed, or when the database fails.
    pub async fn peaks(
        &self,
        scope: &Scope,
        hears: Hears,
        id: RecordingId,
    ) -> Result<Option<Peaks>, StoreError> {
        let Some(mut row) = self.model(scope, hears, id).await? else { return Ok(None) };
        let (Some(sealed), Some(interval)) = (row.peaks.take(), row.peaks_interval_ms) else {
            return Ok(None);
        };
        let mut left = self
            .chunks_of(&row)?
            .open_note("peaks", sealed)
            .ok_or_else(|| cell(row.id, "peaks").unreadable("the sealed value was changed"))?;
        let right = left.split_off(left.len() / 2);
        Ok(Some(Peaks { interval_ms: interval.unsigned_abs(), left, right }))
    }

    /// The sound of a recording that is over; none when it is not in this scope.
    ///
    /// # Errors
    /// [`RecordingError::NotReadable`] while it is written and after it was deleted, [`RecordingError::Damaged`],
    /// [`RecordingError::File`], or when the database fails.
    pub async fn audio(
        &self,
        scope: &Scope,
        hears: Hears,
        id: RecordingId,
    ) -> Result<Option<RecordingAudio>, RecordingError> {
        let Some(model) = self.model(scope, hears, id).await? else { return Ok(None) };
        audio::open(self, model).await.map(Some)
    }

    /// Removes sound, key and facts of a recording that is over; who did it and when stays, and goes into the audit log
    /// in the same transaction. False: it was deleted before. A file that cannot be removed at once is removed later;
    /// without its key it is noise.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`RecordingError::NotReadable`] while it is written, or when the database fails.
    pub async fn delete(
        &self,
        scope: &Scope,
        id: RecordingId,
        entry: AuditEntry,
    ) -> Result<bool, RecordingError> {
        let doing = Doing::from(format!("delete {id}"));
        let row = self.get(scope, Hears::All, id).await?;
        let row = row.ok_or_else(|| StoreError::NotFound { doing: doing.clone() })?;
        match row.state {
            RecordingState::Deleted => return Ok(false),
            RecordingState::Recording | RecordingState::Paused => {
                return Err(RecordingError::NotReadable { id, state: row.state });
            }
            RecordingState::Processing | RecordingState::Ready | RecordingState::Failed => {}
        }
        let at = entry.at;
        let by = match &entry.who {
            AuditBy::Person { id, .. } => Some(id.uuid()),
            AuditBy::Key { id, .. } => Some(id.uuid()),
            AuditBy::CommandLine | AuditBy::Exchange | AuditBy::Nobody => None,
        };
        let emptied = recording::ActiveModel {
            state: Set(RecordingState::Deleted.as_str().to_owned()),
            ended_at: Set(None),
            duration_ms: Set(None),
            size_bytes: Set(None),
            pauses: Set(serde_json::json!([])),
            peaks: Set(None),
            peaks_interval_ms: Set(None),
            failure: Set(None),
            wrapped_key: Set(None),
            errand_at: Set(Some(moment(at))),
            errand_attempts: Set(0),
            deleted_at: Set(Some(moment(at))),
            deleted_by: Set(by),
            ..Default::default()
        };
        let entry = audit::row(scope, entry);
        let statement = update(scope, id, emptied)
            .filter(recording::Column::CallId.in_subquery(scope::ids::<call::Entity>(
                scope,
                call::Column::Id,
                row.call.uuid(),
            )))
            .filter(recording::Column::State.is_in(over()));
        let deleted = self
            .db
            .write(Lane::Settings, scope, 2, doing, move |transaction| {
                Box::pin(async move {
                    let deleted = statement.exec(transaction).await?.rows_affected > 0;
                    audit::append(transaction, deleted.then_some(entry)).await?;
                    Ok(deleted)
                })
            })
            .await?;
        if deleted && let Err(error) = self.run_errand(id, at).await {
            tracing::warn!(recording.id = %id, error = %error, "the file of a deleted recording is removed later");
        }
        Ok(deleted)
    }
}

/// Recordings of calls of this scope.
fn heard(scope: &Scope, hears: Hears) -> Select<recording::Entity> {
    let rows = recording::Entity::find()
        .inner_join(call::Entity)
        .filter(scope::within::<call::Entity>(scope))
        .filter(recording::Column::TenantId.eq(scope.tenant.uuid()));
    match hears {
        Hears::All => rows,
        Hears::AnsweredBy(user) => rows.filter(call::Column::AnsweredBy.eq(user.uuid())),
    }
}

/// The words stand in the statement, so that the databases find the index of such recordings.
fn live() -> SimpleExpr {
    let live = [RecordingState::Recording, RecordingState::Paused];
    recording::Column::State.into_expr().is_in(live.map(|state| Expr::cust(format!("'{}'", state.as_str()))))
}

fn over() -> [&'static str; 3] {
    [RecordingState::Processing, RecordingState::Ready, RecordingState::Failed].map(RecordingState::as_str)
}

fn update(
    scope: &Scope,
    id: RecordingId,
    row: recording::ActiveModel,
) -> sea_orm::UpdateMany<recording::Entity> {
    recording::Entity::update_many()
        .set(row)
        .filter(recording::Column::Id.eq(id.uuid()))
        .filter(recording::Column::TenantId.eq(scope.tenant.uuid()))
}

async fn change(
    db: &Db,
    scope: &Scope,
    id: RecordingId,
    row: recording::ActiveModel,
    only_if: Option<SimpleExpr>,
) -> Result<bool, StoreError> {
    change_of(db, scope, id, row, only_if.unwrap_or_else(|| Expr::val(true)), format!("note {id}")).await
}

async fn change_of(
    db: &Db,
    scope: &Scope,
    id: RecordingId,
    row: recording::ActiveModel,
    only_if: SimpleExpr,
    doing: String,
) -> Result<bool, StoreError> {
    let statement = update(scope, id, row).filter(only_if);
    db.write(Lane::Settings, scope, 1, doing, move |transaction| {
        Box::pin(async move { Ok(statement.exec(transaction).await?.rows_affected > 0) })
    })
    .await
}
